import assert from 'node:assert/strict'
import * as z from 'zod'
import { ConflictError, InvalidStateError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { all, forEach, frozen, refused } from '../context.ts'
import { event, session } from '../samples.ts'

const thread = { type: 'graph-thread', collections: ['channels', 'writes'] }

export const generic: Chapter = (sentence) => {
  const options: Needs = { options: thread }

  sentence('any document with an id can be saved', options, async ({ any }) => {
    assert.equal(any.type, 'graph-thread')
    const state = frozen({
      id: 't1',
      type: 'graph-thread',
      list: [1, { a: null }],
      channels: [{ id: 'c1', v: 1 }, 'text', null, 7, [1], { noId: true }],
      writes: [],
    })
    await any.save(state)
    assert.deepEqual(await any.load('t1'), state)
    await any.save(frozen({ id: 't2' }))
    assert.deepEqual(await any.load('t2'), { id: 't2' })
  })

  sentence('its collections are appended to', options, async ({ any }) => {
    await any.save({ id: 't1', channels: [{ id: 'c1', v: 1 }, 'text'] })
    const made = await any.append('t1', { writes: ['w'], channels: ['more', { id: 'c2' }], set: { n: 1 } })
    assert.deepEqual(await any.load('t1'), {
      id: 't1',
      channels: [{ id: 'c1', v: 1 }, 'text', 'more', { id: 'c2' }],
      writes: ['w'],
      n: 1,
    })
    assert.deepEqual(made.messages, { from: 2, to: 3 })
    await refused(() => any.append('t1', { channels: [{ id: 'c1', v: 2 }] }), ConflictError)
    await any.append('t1', { channels: [{ id: 'c1', v: 2 }] }, { expected: 'any' })
    assert.deepEqual((await any.load('t1')).channels[0], { id: 'c1', v: 2 })
    await refused(() => any.append('t1', { messages: [] }), TypeError)
    await refused(() => any.append('t1', { set: { channels: [] } }), InvalidStateError)
  })

  sentence('its runs are merged like a session’s', { options: { type: 'other' } }, async ({ any }) => {
    await any.save({ id: 'o1', runs: [{ id: 'r1', events: [event(0)] }] })
    await any.append('o1', { runs: [{ id: 'r1', done: true, events: [event(1)] }] })
    assert.deepEqual(await any.load('o1'), {
      id: 'o1',
      runs: [{ id: 'r1', done: true, events: [event(0), event(1)] }],
    })
    assert.deepEqual(await any.runEvents('o1', 'r1', { after: 0 }), [event(1)])
  })

  sentence('its unchanged save makes no checkpoint', options, async ({ any }) => {
    const state = { id: 't1', channels: [1, 2], n: { a: 1 } }
    const saved = await any.save(state)
    assert.deepEqual(await any.save(structuredClone(state), { expected: 'any' }), saved)
    const { seq } = await any.save({ ...state, channels: [1] }, { expected: 'any' })
    assert.equal(seq, 2)
  })

  sentence('it is loaded in part and compared by its collections', options, async ({ any }) => {
    await any.save({ id: 't1', channels: [1, 2, 3], messages: ['kept'] })
    await any.save({ id: 't2', channels: [1, 5], messages: ['kept'] })
    assert.deepEqual(await any.load('t1', { last: 1 }), { id: 't1', channels: [3], messages: ['kept'] })
    const diff = await any.diff({ session: 't1' }, { session: 't2' })
    assert.deepEqual(Object.keys(diff.collections), ['channels', 'writes'])
    assert.deepEqual(diff.collections.channels?.removed, [{ index: 2, id: undefined, item: 3 }])
    assert.equal(diff.collections.channels?.changed[0]?.after, 5)
    assert.deepEqual(diff.messages, { added: [], removed: [], changed: [] })
    const [one] = await all(any.list({ prefix: 't1' }))
    assert.equal(one?.messages, 3)
  })

  sentence('a summary of it has the time of its checkpoint', options, async ({ any }) => {
    const { createdAt, id } = await any.save({ id: 't1', title: 'T', status: 7 })
    assert.deepEqual(await all(any.list()), [
      {
        id: 't1',
        type: 'graph-thread',
        title: 'T',
        status: undefined,
        activeBranch: 'main',
        head: id,
        messages: 0,
        createdAt,
        updatedAt: createdAt,
      },
    ])
  })

  sentence(
    'a schema of any library is used',
    {
      options: {
        type: 'counter',
        collections: ['steps'],
        schema: z.looseObject({ id: z.string(), n: z.number(), steps: z.array(z.string()) }),
      } as object,
    },
    async ({ any }) => {
      await any.save({ id: 'c1', n: 1, steps: [], extra: true })
      const { issues } = await refused(() => any.save({ id: 'c2', n: 'one', steps: [] }), InvalidStateError)
      assert.deepEqual(issues[0]?.path, ['n'])
      const appended = await refused(() => any.append('c1', { steps: ['a', 7] }), InvalidStateError)
      assert.deepEqual(appended.issues[0]?.path, ['steps', 1])
      await refused(() => any.append('c1', { set: { n: 'x' } }), InvalidStateError)
      await any.append('c1', { steps: ['a'], set: { n: 2 } })
      assert.deepEqual(await any.load('c1'), { id: 'c1', n: 2, steps: ['a'], extra: true })
    },
  )

  sentence(
    'a schema that is asynchronous or transforms its input is used only to validate',
    {
      options: {
        type: 'slow',
        collections: [],
        schema: z.object({
          id: z.string(),
          n: z.coerce.number().refine(async (n) => {
            await new Promise((done) => setTimeout(done, 5))
            return n > 0
          }),
        }),
      } as object,
    },
    async ({ any }) => {
      await any.save({ id: 'c1', n: '1', unknown: 'kept' })
      assert.deepEqual(await any.load('c1'), { id: 'c1', n: '1', unknown: 'kept' })
      await refused(() => any.save({ id: 'c2', n: 0 }), InvalidStateError)
      await Promise.all([any.append('c1', { set: { a: 1 } }), any.append('c1', { set: { b: 1 } })])
      assert.deepEqual(await any.load('c1'), { id: 'c1', n: '1', unknown: 'kept', a: 1, b: 1 })
    },
  )

  sentence(
    'a document of another type is refused, with the name of the right one',
    { reopens: true },
    async ({ store, again }) => {
      const saved = await store.save(session('s1', {}, 'one'))
      const other = await again({ type: 'graph-thread', collections: ['channels'] })
      const calls = [
        () => other.load('s1'),
        () => other.open('s1'),
        () => other.append('s1', { channels: [1] }),
        () => other.save({ id: 's1' }, { expected: 'any' }),
        () => other.runEvents('s1', 'r1'),
      ]
      await forEach(calls, async (call) => {
        const error = await refused(call, InvalidStateError)
        assert.match(error.message, /'session'/)
        assert.deepEqual(error.issues[0]?.path, ['type'])
      })
      assert.deepEqual(await store.checkpoint('s1'), saved)
    },
  )

  sentence('calls that do not read states work on all types', { reopens: true }, async ({ store, again }) => {
    const saved = await store.save(session('s1', {}, 'one'))
    const other = await again({ type: 'graph-thread', collections: ['channels'] })
    await other.save({ id: 't1', channels: [1] })
    assert.deepEqual(await other.checkpoint('s1'), saved)
    assert.equal(await other.resolve('s1', 'main'), saved.id)
    assert.deepEqual(await all(other.log('s1')), [saved])
    assert.equal((await other.branches('s1')).length, 1)
    assert.equal(await other.exists('s1'), true)
    assert.equal((await other.verify('s1')).ok, true)
    const listed = async (type?: string) =>
      (await all(store.list({ order: 'id', ...(type && { type }) }))).map((one) => [one.id, one.type])
    assert.deepEqual(await listed(), [
      ['s1', 'session'],
      ['t1', 'graph-thread'],
    ])
    assert.deepEqual(await listed('session'), [['s1', 'session']])
    assert.deepEqual(await listed('graph-thread'), [['t1', 'graph-thread']])
    assert.deepEqual(await listed('nothing'), [])
    assert.equal(await other.delete('s1'), true)
    assert.equal(await store.exists('s1'), false)
  })

  sentence('a fork keeps the type', { reopens: true }, async ({ store, again }) => {
    await store.save(session('s1', {}, 'one'))
    const other = await again({ type: 'graph-thread' })
    await other.fork('s1', { session: 's2' })
    assert.deepEqual((await store.load('s2'))?.messages.length, 1)
    await refused(() => other.load('s2'), InvalidStateError)
  })
}
