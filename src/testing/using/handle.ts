import assert from 'node:assert/strict'
import { ConflictError, InvalidStateError, NotFoundError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { idsOf, refused } from '../context.ts'
import { event, message, range, run, session, withMessage } from '../samples.ts'

export const handles: Chapter = (sentence) => {
  const needs: Needs = { needs: ['branches', 'history'] }

  sentence('a handle holds state and checkpoint of the tip', async ({ store }) => {
    const state = session('s1', {}, 'one')
    const saved = await store.save(state)
    const handle = await store.open('s1')
    assert.deepEqual(
      [handle.id, handle.branch, handle.checkpoint, handle.state],
      ['s1', 'main', saved, state],
    )
  })

  sentence('a handle saves on top of its position and moves there', async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    const next = withMessage(handle.state, message('m1'))
    const saved = await handle.save(next)
    assert.deepEqual([handle.checkpoint, handle.state], [saved, next])
    const again = await handle.save(withMessage(next, message('m2')), { subject: 'mine' })
    assert.deepEqual([again.seq, again.subject], [3, 'mine'])
    assert.deepEqual(await store.checkpoint('s1'), again)
  })

  sentence('a handle appends on top of its position and moves there', async ({ store, clock }) => {
    await store.save(session('s1', { runs: [run('r1', [0])] }))
    const handle = await store.open('s1')
    clock.now += 1000
    const made = await handle.append({
      messages: [message('m1')],
      runs: [{ id: 'r1', status: 'done', events: [event(1)] }],
      set: { title: 'T' },
    })
    assert.deepEqual(handle.checkpoint, made)
    assert.deepEqual(handle.state, await store.load('s1'))
    assert.deepEqual(handle.state, {
      ...session('s1', { title: 'T', runs: [{ ...run('r1', [0, 1]), status: 'done' }] }, 'm1'),
      updatedAt: made.createdAt,
    })
  })

  sentence('a handle may replace messages, since it knows them', async ({ store }) => {
    await store.save(session('s1', {}, 'one'))
    const handle = await store.open('s1')
    await handle.append({ messages: [message('m1', 'ONE')] })
    assert.equal((await store.load('s1'))?.messages[0]?.content, 'ONE')
  })

  sentence('a handle is refused when the branch has moved on', async ({ store }) => {
    const seen = await store.save(session())
    const [one, two] = [await store.open('s1'), await store.open('s1')]
    const made = await one.append({ messages: [message('m1')] })
    const moved = { session: 's1', branch: 'main', expected: seen.id, actual: made.id }
    await refused(() => two.append({ messages: [message('m2')] }), ConflictError, moved)
    await refused(() => two.save({ ...two.state, title: 'T' }), ConflictError, moved)
    assert.deepEqual([two.checkpoint.id, two.state], [seen.id, session()])
    await one.append({ messages: [message('m3')] })
  })

  sentence('what a handle has written is known to the store', async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    const state = withMessage(handle.state, message('m1'))
    await handle.save(state)
    state.title = 'T'
    await store.save(state)
    await refused(() => handle.append({ set: { title: 'U' } }), ConflictError)
  })

  sentence('unchanged writes leave a handle where it is', async ({ store }) => {
    const saved = await store.save(session())
    const handle = await store.open('s1')
    assert.deepEqual(await handle.append({}), saved)
    assert.deepEqual(await handle.save(session()), saved)
    assert.deepEqual(handle.checkpoint, saved)
  })

  sentence('writes of a handle go one after another', async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    await Promise.all(range(1, 10).map((n) => handle.append({ messages: [message(`m${n}`)] })))
    assert.deepEqual(
      idsOf(handle.state.messages),
      range(1, 10).map((n) => `m${n}`),
    )
    assert.deepEqual(await store.load('s1'), handle.state)
  })

  sentence('a write that fails leaves a handle where it is', async ({ store }) => {
    const saved = await store.save(session())
    const handle = await store.open('s1')
    await refused(() => handle.append({ set: { status: 7 } }), InvalidStateError)
    await refused(() => handle.save({ ...session(), status: '' }), InvalidStateError)
    await refused(() => handle.save(session('s2')), InvalidStateError)
    assert.deepEqual(handle.checkpoint, saved)
    await handle.append({ set: { title: 'T' } })
    assert.equal(await store.exists('s2'), false)
  })

  sentence('changing the state of a handle changes nothing in the store', async ({ store }) => {
    const state = session('s1', { metadata: { a: { b: 1 } } }, 'one')
    await store.save(state)
    const handle = await store.open('s1')
    try {
      handle.state.messages[0]!.content = 'changed'
      handle.state.metadata.a = 2
    } catch {
      // A store may freeze it.
    }
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence(
    'a handle at an earlier checkpoint cannot write to its branch, which has moved on',
    needs,
    async ({ store }) => {
      const first = await store.save(session())
      const tip = await store.append('s1', { messages: [message('m1')] })
      const handle = await store.open('s1', { at: 'main~1' })
      assert.deepEqual([handle.checkpoint.id, handle.state, handle.branch], [first.id, session(), 'main'])
      await refused(() => handle.append({ set: { title: 'T' } }), ConflictError, {
        expected: first.id,
        actual: tip.id,
      })
    },
  )

  sentence('a handle at an earlier checkpoint starts its own branch', needs, async ({ store }) => {
    const first = await store.save(session())
    const tip = await store.append('s1', { messages: [message('m1')] })
    const handle = await store.open('s1', { at: 'main~1', branch: 'second-try' })
    assert.equal(handle.branch, 'second-try')
    assert.equal((await store.branches('s1')).length, 1)
    const made = await handle.append({ messages: [message('x1')] })
    assert.deepEqual([made.branch, made.parents, made.seq], ['second-try', [first.id], 2])
    await handle.append({ messages: [message('x2')] })
    assert.equal(await store.resolve('s1', 'main'), tip.id)
    assert.equal((await store.load('s1', { branch: 'second-try' }))?.messages.length, 2)
  })

  sentence('a handle that lost a race can continue on its own branch', needs, async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    await store.append('s1', { messages: [message('m1')] })
    await refused(() => handle.append({ messages: [message('x1')] }), ConflictError)
    await handle.append({ messages: [message('x1')] }, { branch: 'mine' })
    assert.equal(handle.branch, 'mine')
    const made = await handle.append({ messages: [message('x2')] })
    assert.equal(made.branch, 'mine')
  })

  sentence('two handles that start the same branch: the second is refused', needs, async ({ store }) => {
    await store.save(session())
    const [one, two] = [
      await store.open('s1', { at: 'main', branch: 'new' }),
      await store.open('s1', { at: 'main', branch: 'new' }),
    ]
    await one.append({ messages: [message('m1')] })
    await refused(() => two.append({ messages: [message('m2')] }), ConflictError, { branch: 'new' })
  })

  sentence('a handle does not bring back a branch that was deleted', needs, async ({ store }) => {
    await store.save(session())
    await store.fork('s1', { branch: 'other' })
    const handle = await store.open('s1', { branch: 'other' })
    await store.delete('s1', { branch: 'other' })
    await refused(() => handle.append({ set: { title: 'T' } }), ConflictError, {
      branch: 'other',
      actual: null,
    })
  })

  sentence('a handle does not bring back a session that was deleted', async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    await store.delete('s1')
    await refused(() => handle.save({ ...session(), title: 'T' }), ConflictError, { actual: null })
    assert.equal(await store.exists('s1'), false)
  })

  sentence('a session that does not exist cannot be opened', async ({ store }) => {
    await refused(() => store.open('nobody'), NotFoundError, { kind: 'session' })
    await store.save(session())
    await refused(() => store.open('s1', { at: 'nope' }), NotFoundError, { kind: 'revision' })
  })

  sentence('a branch that does not exist can be opened only at a revision', needs, async ({ store }) => {
    await store.save(session())
    await refused(() => store.open('s1', { branch: 'nope' }), NotFoundError, { kind: 'branch', id: 'nope' })
  })

  sentence('steps and turns of a handle', needs, async ({ store }) => {
    const first = await store.save(session())
    const handle = await store.open('s1')
    const step = await handle.append({ messages: [message('m1', 'Go')] }, { kind: 'step' })
    const turn = await handle.save({ ...handle.state, status: 'done' }, { tag: 'done', key: 'k1' })
    assert.deepEqual([turn.parents, turn.subject, turn.key], [[first.id, step.id], 'turn 2: Go', 'k1'])
    assert.equal(await store.resolve('s1', 'done'), turn.id)
  })
}
