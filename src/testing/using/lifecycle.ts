import assert from 'node:assert/strict'
import { SessionClosedError } from '../../errors.ts'
import type { Chapter } from '../context.ts'
import { all, branchesOf, forEach, logOf, refused } from '../context.ts'
import { message, range, session } from '../samples.ts'

export const lifecycle: Chapter = (sentence) => {
  sentence('`supports` has only booleans', async ({ store }) => {
    assert.deepEqual(Object.keys(store.supports).sort(), [
      'branches',
      'files',
      'history',
      'keys',
      'patch',
      'persistent',
      'switch',
    ])
    for (const value of Object.values(store.supports)) assert.equal(typeof value, 'boolean')
    assert.equal(store.type, 'session')
  })

  sentence('an empty store answers reads', async ({ store }) => {
    assert.equal(await store.exists('s1'), false)
    assert.equal(await store.delete('s1'), false)
    assert.deepEqual(await all(store.list()), [])
    assert.deepEqual(await store.verify(), { ok: true, checkpoints: 0, objects: 0, problems: [] })
    const { sessions, branches, tags } = await store.stats()
    assert.deepEqual([sessions, branches, tags], [0, 0, 0])
    await store.maintain()
    await store.maintain({ purge: true })
  })

  sentence('close waits for writes in progress', async ({ store }) => {
    await store.save(session())
    const saving = range(1, 10).map((n) => store.append('s1', { messages: [message(`m${n}`)] }))
    await store.close()
    const outcomes = await Promise.race([
      Promise.all(saving),
      new Promise((late) => setImmediate(late, 'late')),
    ])
    assert.notEqual(outcomes, 'late')
  })

  sentence('a closed store refuses every call', async ({ store }) => {
    await store.save(session())
    await store.close()
    const calls = [
      () => store.save(session('s2')),
      () => store.append('s1', {}),
      () => store.load('s1'),
      () => store.open('s1'),
      () => store.resolve('s1', ''),
      () => store.checkpoint('s1'),
      () => all(store.log('s1')),
      () => store.branches('s1'),
      () => store.tags('s1'),
      () => store.switch('s1', 'main'),
      () => store.fork('s1', { session: 's2' }),
      () => store.tag('s1', 't'),
      () => store.diff('s1', 'main', 'main'),
      () => all(store.list()),
      () => store.runEvents('s1', 'r1'),
      () => store.exists('s1'),
      () => store.delete('s1'),
      () => store.verify(),
      () => store.maintain(),
      () => store.stats(),
    ]
    await forEach(calls, (call) => refused(call, SessionClosedError, { code: 'SESSION_CLOSED' }))
  })

  sentence('a second close does nothing', async ({ store }) => {
    await store.close()
    await store.close()
  })

  sentence('a handle of a closed store refuses every call', async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    await store.close()
    await refused(() => handle.append({ set: { title: 'T' } }), SessionClosedError)
    await refused(() => handle.save({ ...session(), title: 'T' }), SessionClosedError)
  })

  sentence(
    'everything is there when the store is opened again',
    { reopens: true },
    async ({ store, again }) => {
      const state = session('s1', { title: 'T' }, 'one', 'two')
      await store.save(state)
      const made = await store.append('s1', { messages: [message('m3')] })
      const expected = await store.load('s1')
      await store.close()
      const other = await again()
      assert.deepEqual(await other.load('s1'), expected)
      assert.deepEqual(await other.checkpoint('s1'), made)
      const next = await other.append('s1', { messages: [message('m4')] })
      assert.equal(next.seq, 3)
    },
  )

  sentence(
    'branches, tags and history are there when the store is opened again',
    {
      needs: ['history', 'branches'],
      reopens: true,
    },
    async ({ store, again }) => {
      const first = await store.save(session(), { tag: 't' })
      await store.append('s1', { messages: [message('m1')] }, { kind: 'step' })
      await store.append('s1', {})
      await store.fork('s1', { at: 't', branch: 'other' })
      if (store.supports.switch) await store.switch('s1', 'other')
      const log = await logOf(store, 's1', { at: 'main', steps: true })
      await store.close()
      const other = await again()
      assert.deepEqual(await logOf(other, 's1', { at: 'main', steps: true }), log)
      assert.deepEqual(await other.tags('s1'), [{ name: 't', checkpoint: first.id }])
      assert.deepEqual(
        await branchesOf(other, 's1'),
        store.supports.switch ? ['main', 'other (active)'] : ['main (active)', 'other'],
      )
      assert.deepEqual(await other.load('s1', { branch: 'other' }), session())
      if (store.supports.switch) assert.deepEqual(await other.load('s1'), session())
    },
  )

  sentence('an undamaged store verifies without problems', async ({ store }) => {
    await store.save(session('s1', {}, 'one'))
    await store.append('s1', { messages: [message('m2')] })
    await store.save(session('s2'))
    const phases: string[] = []
    const whole = await store.verify(undefined, { onProgress: ({ phase }) => phases.push(phase) })
    assert.deepEqual([whole.ok, whole.problems], [true, []])
    assert.ok(phases.length > 0)
    assert.equal(whole.checkpoints, store.supports.history ? 3 : 2)
    assert.ok(whole.objects >= whole.checkpoints)
    const one = await store.verify('s1')
    assert.equal(one.checkpoints, store.supports.history ? 2 : 1)
    assert.equal(one.ok, true)
  })

  sentence('maintenance changes nothing that can be seen', async ({ store }) => {
    await store.save(session('s1', {}, 'one'), store.supports.history ? { tag: 't' } : {})
    for (const n of range(2, 30)) await store.append('s1', { messages: [message(`m${n}`)] })
    await store.save(session('s2'))
    await store.delete('s2')
    const see = async () => [
      await store.load('s1'),
      await all(store.log('s1', { steps: true })),
      await store.branches('s1'),
      await store.tags('s1'),
      await all(store.list()),
    ]
    const before = await see()
    const report = await store.maintain({ onProgress: () => undefined })
    assert.equal(typeof report.bytesAfter, 'number')
    assert.deepEqual(await see(), before)
    await store.maintain({ purge: true })
    assert.deepEqual(await see(), before)
    assert.equal((await store.verify()).ok, true)
    await store.append('s1', { messages: [message('m31')] })
  })

  sentence('stats count sessions', async ({ store }) => {
    await store.save(session('s1'))
    await store.save(session('s2'))
    const { sessions, branches, tags } = await store.stats()
    assert.deepEqual([sessions, branches, tags], [2, 2, 0])
  })

  sentence('stats count branches and tags', { needs: ['branches', 'history'] }, async ({ store }) => {
    await store.save(session('s1'), { tag: 't' })
    await store.fork('s1', { branch: 'other' })
    const { sessions, branches, tags } = await store.stats()
    assert.deepEqual([sessions, branches, tags], [1, 2, 1])
  })
}
