import assert from 'node:assert/strict'
import { AlreadyExistsError, NotFoundError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { all, forEach, logOf, refused } from '../context.ts'
import { message, run, session } from '../samples.ts'

export const forking: Chapter = (sentence) => {
  const needs: Needs = { needs: ['branches', 'history'] }

  sentence('a fork to a branch makes that branch and nothing else', needs, async ({ store }) => {
    const first = await store.save(session())
    await store.append('s1', { messages: [message('m1')] })
    const forked = await store.fork('s1', { at: 'main~1', branch: 'other' })
    assert.deepEqual(forked, first)
    assert.deepEqual(await store.load('s1', { at: 'other' }), session())
    assert.deepEqual(await logOf(store, 's1', { at: 'other' }), [first.id])
    assert.equal((await store.branches('s1')).find(({ active }) => active)?.name, 'main')
  })

  sentence('a fork begins at the tip of the active branch by default', needs, async ({ store }) => {
    await store.save(session())
    await store.fork('s1', { branch: 'other' })
    await store.switch('s1', 'other')
    const tip = await store.append('s1', { messages: [message('m1')] })
    assert.equal((await store.fork('s1', { branch: 'third' })).id, tip.id)
  })

  sentence('a fork to a session differs in id and parent only', async ({ store }) => {
    const state = session('s1', { title: 'T', runs: [run('r1', [0])] }, 'one')
    const source = await store.save(state)
    const made = await store.fork('s1', { session: 's2' })
    const parent = { session: 's1', checkpoint: source.id }
    assert.deepEqual(await store.load('s2'), { ...state, id: 's2', parent })
    assert.deepEqual(await store.load('s1'), state)
    assert.deepEqual(
      { ...made, id: '', parents: [], author: undefined },
      {
        id: '',
        session: 's2',
        branch: 'main',
        parents: [],
        createdAt: source.createdAt,
        subject: `fork of s1 at ${source.id.slice(0, 10)}`,
        body: '',
        kind: 'fork',
        seq: 1,
        status: 'idle',
        forkedFrom: parent,
        author: undefined,
      },
    )
    assert.deepEqual(await store.checkpoint('s2'), made)
  })

  sentence('a fork to a session continues the source’s history', needs, async ({ store }) => {
    const first = await store.save(session())
    const second = await store.append('s1', { messages: [message('m1')] })
    await store.append('s1', { messages: [message('m2')] })
    const made = await store.fork('s1', { at: second.id, session: 's2' })
    assert.deepEqual(made.parents, [second.id])
    assert.equal(made.seq, 2)
    const next = await store.append('s2', { messages: [message('x3')] })
    assert.deepEqual([next.seq, next.session], [3, 's2'])
    assert.deepEqual(await logOf(store, 's2'), [next.id, made.id, second.id, first.id])
    assert.equal(await store.resolve('s2', 'main~2'), second.id)
  })

  sentence(
    'a checkpoint reached through a fork shows the session that was asked for',
    needs,
    async ({ store }) => {
      const first = await store.save(session('s1', {}, 'one'))
      await store.fork('s1', { session: 's2' })
      assert.equal((await store.checkpoint('s2', first.id)).session, 's2')
      assert.equal((await store.checkpoint('s1', first.id)).session, 's1')
      assert.deepEqual(
        (await all(store.log('s2'))).map((one) => one.session),
        ['s2', 's2'],
      )
      assert.deepEqual(await store.load('s2', { at: first.id }), session('s2', {}, 'one'))
      const state = (await store.load('s2', { at: 'main~1' }))!
      state.title = 'T'
      const made = await store.save(state, { branch: 'again' })
      assert.deepEqual([made.session, made.parents], ['s2', [first.id]])
      assert.equal((await store.load('s2', { branch: 'again' }))?.id, 's2')
    },
  )

  sentence('subject and author of a fork’s own commit can be set', async ({ store }) => {
    await store.save(session())
    const author = { name: 'Ada', email: 'ada@example.org' }
    const made = await store.fork('s1', { session: 's2', subject: 'try it\nanew', author })
    assert.deepEqual([made.subject, made.author], ['try it anew', author])
    assert.deepEqual(await store.checkpoint('s2'), made)
  })

  sentence('a fork to a session may name its first branch', needs, async ({ store }) => {
    await store.save(session())
    const made = await store.fork('s1', { session: 's2', branch: 'draft' })
    assert.equal(made.branch, 'draft')
    assert.deepEqual(await store.branches('s2'), [{ name: 'draft', head: made.id, active: true }])
    assert.equal((await store.load('s2'))?.id, 's2')
  })

  sentence('a fork from inside a turn', needs, async ({ store }) => {
    await store.save(session())
    const step = await store.append('s1', { messages: [message('m1')] }, { kind: 'step' })
    await store.append('s1', { messages: [message('m2')] })
    const made = await store.fork('s1', { at: step.id, session: 's2' })
    assert.deepEqual([made.parents, made.seq], [[step.id], 1])
    assert.equal((await store.load('s2'))?.messages.length, 1)
    assert.equal((await store.append('s2', { messages: [message('m2')] })).seq, 2)
    assert.equal((await store.fork('s1', { at: step.id, branch: 'inside' })).id, step.id)
    const ended = await store.append('s1', {}, { branch: 'inside' })
    assert.deepEqual([ended.kind, ended.seq], ['save', 2])
  })

  sentence('a fork of a fork', async ({ store }) => {
    await store.save(session('s1', {}, 'one'))
    const second = await store.fork('s1', { session: 's2' })
    const third = await store.fork('s2', { session: 's3' })
    assert.deepEqual(third.forkedFrom, { session: 's2', checkpoint: second.id })
    assert.deepEqual((await store.load('s3'))?.parent, { session: 's2', checkpoint: second.id })
  })

  sentence('forks live on when their source is deleted', async ({ store }) => {
    await store.save(session('s1', {}, 'one'))
    await store.fork('s1', { session: 's2' })
    assert.equal(await store.delete('s1'), true)
    await store.maintain({ purge: true })
    assert.equal((await store.load('s2'))?.messages.length, 1)
    assert.equal((await store.verify('s2')).ok, true)
    if (store.supports.history) assert.equal((await store.load('s2', { at: 'main~1' }))?.messages.length, 1)
  })

  sentence('the target of a fork must not exist', async ({ store }) => {
    const first = await store.save(session())
    const other = await store.save(session('s2'))
    await forEach(['s1', 's2'], async (target) => {
      await refused(() => store.fork('s1', { session: target }), AlreadyExistsError, {
        kind: 'session',
        id: target,
      })
    })
    assert.deepEqual(await store.checkpoint('s1'), first)
    assert.deepEqual(await store.checkpoint('s2'), other)
  })

  sentence('the branch of a fork must not exist', needs, async ({ store }) => {
    await store.save(session())
    await refused(() => store.fork('s1', { branch: 'main' }), AlreadyExistsError, {
      kind: 'branch',
      id: 'main',
      session: 's1',
    })
  })

  sentence('a fork of what does not exist is refused', async ({ store, any }) => {
    await refused(() => store.fork('nobody', { session: 's2' }), NotFoundError, { kind: 'session' })
    await store.save(session())
    await refused(() => store.fork('s1', { at: 'nope', session: 's2' }), NotFoundError, {
      kind: 'revision',
      id: 'nope',
    })
    await refused(() => any.fork('s1', {}), TypeError)
    assert.equal(await store.exists('s2'), false)
  })
}
