import assert from 'node:assert/strict'
import { ConflictError } from '../../errors.ts'
import type { Chapter } from '../context.ts'
import { refused } from '../context.ts'
import { message, session } from '../samples.ts'

export const expecting: Chapter = (sentence) => {
  sentence('a state that was loaded can be saved', async ({ store }) => {
    await store.save(session('s1', {}, 'one'))
    const state = (await store.load('s1'))!
    state.messages.push(message('m2'))
    await store.save(state)
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('a state that was saved can be saved again', async ({ store }) => {
    const state = session()
    await store.save(state)
    state.title = 'a'
    await store.save(state)
    state.title = 'b'
    assert.equal((await store.save(state)).seq, 3)
  })

  sentence('a state from elsewhere does not overwrite what it has not seen', async ({ store }) => {
    const saved = await store.save(session())
    const error = await refused(() => store.save(session('s1', { title: 'T' })), ConflictError, {
      code: 'CONFLICT',
      session: 's1',
      branch: 'main',
      expected: undefined,
      actual: saved.id,
    })
    assert.match(error.message, /expected/)
    assert.deepEqual(await store.load('s1'), session())
  })

  sentence('an unchanged copy from elsewhere is a conflict as well', async ({ store }) => {
    await store.save(session())
    await refused(() => store.save(session()), ConflictError)
  })

  sentence('of two callers with the same state, the second to save is refused', async ({ store }) => {
    const seen = await store.save(session())
    const [one, two] = [(await store.load('s1'))!, (await store.load('s1'))!]
    one.messages.push(message('m1', 'from one'))
    two.messages.push(message('m2', 'from two'))
    const saved = await store.save(one)
    await refused(() => store.save(two), ConflictError, { expected: seen.id, actual: saved.id })
    assert.deepEqual(await store.load('s1'), one)
  })

  sentence('a refused state is refused again until it is loaded again', async ({ store }) => {
    await store.save(session())
    const stale = (await store.load('s1'))!
    await store.append('s1', { messages: [message('m1')] })
    stale.title = 'T'
    await refused(() => store.save(stale), ConflictError)
    await refused(() => store.save(stale), ConflictError)
    const fresh = (await store.load('s1'))!
    fresh.title = 'T'
    await store.save(fresh)
    assert.equal((await store.load('s1'))?.messages.length, 1)
  })

  sentence('expected as an id: the branch has to be at that checkpoint', async ({ store }) => {
    const first = await store.save(session())
    const second = await store.save(session('s1', { title: 'a' }), { expected: first.id })
    await refused(() => store.save(session('s1', { title: 'b' }), { expected: first.id }), ConflictError, {
      expected: first.id,
      actual: second.id,
    })
    await refused(() => store.save(session('s2'), { expected: first.id }), ConflictError, {
      session: 's2',
      expected: first.id,
      actual: null,
    })
    assert.equal(await store.exists('s2'), false)
  })

  sentence('expected as an id overrides the position that the store remembers', async ({ store }) => {
    const state = session()
    const first = await store.save(state)
    await store.append('s1', { messages: [message('m1')] })
    state.title = 'T'
    await refused(() => store.save(state, { expected: first.id }), ConflictError)
    const tip = await store.resolve('s1', 'main')
    await store.save(state, { expected: tip })
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('expected as null: the branch must not exist', async ({ store }) => {
    const saved = await store.save(session(), { expected: null })
    await refused(() => store.save(session(), { expected: null }), ConflictError, {
      expected: null,
      actual: saved.id,
    })
    const loaded = (await store.load('s1'))!
    await refused(() => store.save(loaded, { expected: null }), ConflictError)
  })

  sentence('expected as any: the tip is overwritten on purpose', async ({ store }) => {
    await store.save(session(), { expected: 'any' })
    const { seq } = await store.save(session('s1', { title: 'T' }), { expected: 'any' })
    assert.equal(seq, 2)
    assert.equal((await store.load('s1'))?.title, 'T')
  })

  sentence(
    'expected as any keeps the overwritten state in the history',
    { needs: ['history'] },
    async ({ store }) => {
      const first = await store.save(session())
      const second = await store.save(session('s1', { title: 'T' }), { expected: 'any' })
      assert.deepEqual(second.parents, [first.id])
    },
  )

  sentence('a state of one session is not known in another', async ({ store }) => {
    await store.save(session('s1'))
    await store.save(session('s2'))
    const state = (await store.load('s1'))!
    state.id = 's2'
    await refused(() => store.save(state), ConflictError, { session: 's2', expected: undefined })
    state.id = 's3'
    assert.equal((await store.save(state)).seq, 1)
  })

  sentence('a save of an old state does not bring back a deleted session', async ({ store }) => {
    const saved = await store.save(session())
    const state = (await store.load('s1'))!
    await store.delete('s1')
    state.title = 'T'
    await refused(() => store.save(state), ConflictError, { expected: saved.id, actual: null })
    assert.equal(await store.exists('s1'), false)
    assert.equal((await store.save(state, { expected: null })).seq, 1)
  })

  sentence(
    'a position is known in the store object that saw it',
    { reopens: true },
    async ({ store, again }) => {
      await store.save(session())
      const state = (await store.load('s1'))!
      state.title = 'T'
      await refused(async () => (await again()).save(state), ConflictError, { expected: undefined })
      await store.save(state)
    },
  )
}
