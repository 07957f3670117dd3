import assert from 'node:assert/strict'
import { AlreadyExistsError, ConflictError, UnsupportedError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { idsOf, refused } from '../context.ts'
import { message, range, session, withMessage } from '../samples.ts'

export const keys: Chapter = (sentence) => {
  const needs: Needs = { needs: ['keys'] }

  sentence('a key that cannot be remembered is refused', { lacks: ['keys'] }, async ({ store }) => {
    await refused(() => store.save(session(), { key: 'k' }), UnsupportedError)
    assert.equal(await store.exists('s1'), false)
  })

  sentence('a save that is tried again returns the checkpoint it made', needs, async ({ store, clock }) => {
    const state = session('s1', {}, 'one')
    const made = await store.save(state, { key: 'k1' })
    assert.equal(made.key, 'k1')
    clock.now += 1000
    const retry = { ...structuredClone(state), updatedAt: '2030-01-01T00:00:00.000Z' }
    assert.deepEqual(await store.save(retry, { key: 'k1' }), made)
    assert.deepEqual(await store.checkpoint('s1'), made)
  })

  sentence(
    'an append that is tried again returns the checkpoint it made',
    needs,
    async ({ store, clock }) => {
      await store.save(session())
      const addition = { messages: [message('m1')], set: { title: 'T' } }
      const made = await store.append('s1', addition, { key: 'k1' })
      clock.now += 1000
      await store.append('s1', { messages: [message('m2')], set: { title: 'U' } })
      assert.deepEqual(await store.append('s1', structuredClone(addition), { key: 'k1' }), made)
      assert.equal((await store.load('s1'))?.messages.length, 2)
    },
  )

  sentence('a key is compared before the expected position', needs, async ({ store }) => {
    const first = await store.save(session())
    const state = withMessage(session(), message('m1'))
    const made = await store.save(state, { key: 'k1', expected: first.id })
    await store.append('s1', { messages: [message('m2')] })
    assert.deepEqual(await store.save(state, { key: 'k1', expected: first.id }), made)
    assert.deepEqual(await store.save(structuredClone(state), { key: 'k1' }), made)
    assert.equal((await store.load('s1'))?.messages.length, 2)
  })

  sentence('a key with other content is a conflict', needs, async ({ store }) => {
    const made = await store.save(session(), { key: 'k1' })
    const other = { ...session(), title: 'T' }
    await refused(() => store.save(other, { key: 'k1' }), ConflictError, { session: 's1', branch: 'main' })
    await refused(() => store.save(other, { key: 'k1', expected: 'any' }), ConflictError)
    await refused(() => store.append('s1', { messages: [message('m1')] }, { key: 'k1' }), ConflictError)
    assert.deepEqual(await store.checkpoint('s1'), made)
  })

  sentence('an append with a key of other content is a conflict', needs, async ({ store }) => {
    await store.save(session())
    const made = await store.append('s1', { messages: [message('m1')] }, { key: 'k1' })
    await refused(() => store.append('s1', { messages: [message('m2')] }, { key: 'k1' }), ConflictError)
    await refused(() => store.append('s1', {}, { key: 'k1' }), ConflictError)
    assert.deepEqual(await store.checkpoint('s1'), made)
  })

  sentence('a save with a new key makes a checkpoint even if nothing changed', needs, async ({ store }) => {
    const state = session()
    await store.save(state)
    const second = await store.save(state, { key: 'k1' })
    assert.deepEqual([second.seq, second.key], [2, 'k1'])
    const third = await store.append('s1', {}, { key: 'k2' })
    assert.deepEqual([third.seq, third.key], [3, 'k2'])
    assert.deepEqual(await store.append('s1', {}, { key: 'k2' }), third)
  })

  sentence('keys of any text work', needs, async ({ store }) => {
    const state = session()
    const all = ['k', 'K', 'a b', 'a%20b', 'ü\n🎉', '\u202ex', 'k'.repeat(1000), '..', ': x']
    for (const [n, key] of all.entries()) assert.equal((await store.save(state, { key })).seq, n + 1)
    for (const [n, key] of all.entries()) {
      const found = await store.save(structuredClone(state), { key })
      assert.deepEqual([found.seq, found.key], [n + 1, key])
    }
  })

  sentence('a key belongs to a branch', { needs: ['keys', 'branches'] }, async ({ store }) => {
    const state = session()
    await store.save(state)
    await store.fork('s1', { branch: 'other' })
    const made = await store.append('s1', { set: { title: 'T' } }, { key: 'k1' })
    const there = await store.append('s1', { set: { title: 'U' } }, { key: 'k1', branch: 'other' })
    assert.notEqual(there.id, made.id)
    assert.equal((await store.load('s1', { branch: 'other' }))?.title, 'U')
  })

  sentence(
    'a key from before a fork is found on the branch',
    { needs: ['keys', 'branches'] },
    async ({ store }) => {
      const made = await store.save(session(), { key: 'k1' })
      await store.fork('s1', { branch: 'other' })
      await store.append('s1', { set: { title: 'T' } }, { branch: 'other' })
      assert.deepEqual(await store.save(session(), { key: 'k1', branch: 'other' }), made)
    },
  )

  sentence(
    'a retry of a save that set a tag is harmless too',
    { needs: ['keys', 'history'] },
    async ({ store }) => {
      const state = session()
      const made = await store.save(state, { key: 'k1', tag: 't' })
      assert.deepEqual(await store.save(structuredClone(state), { key: 'k1', tag: 't' }), made)
      await store.append('s1', { messages: [message('m1')] }, { tag: 'u' })
      await refused(() => store.save(structuredClone(state), { key: 'k1', tag: 'u' }), AlreadyExistsError, {
        kind: 'tag',
        id: 'u',
      })
    },
  )

  sentence('a key is remembered over many checkpoints', needs, async ({ store }) => {
    await store.save(session())
    const made = await store.append('s1', { messages: [message('m0')] }, { key: 'k1' })
    for (const n of range(1, 60)) await store.append('s1', { messages: [message(`m${n}`)] })
    assert.deepEqual(await store.append('s1', { messages: [message('m0')] }, { key: 'k1' }), made)
    assert.equal((await store.load('s1'))?.messages.length, 61)
  })

  sentence(
    'a key is remembered when the store is opened again',
    {
      needs: ['keys'],
      reopens: true,
    },
    async ({ store, again }) => {
      const made = await store.save(session(), { key: 'k1' })
      const other = await again()
      assert.deepEqual(await other.save(session(), { key: 'k1' }), made)
      await refused(() => other.append('s1', { set: { title: 'T' } }, { key: 'k1' }), ConflictError)
    },
  )

  sentence('many saves with one key make one checkpoint', needs, async ({ store }) => {
    await store.save(session())
    const addition = { messages: [message('m1')] }
    const made = await Promise.all(range(1, 8).map(() => store.append('s1', addition, { key: 'k1' })))
    assert.equal(new Set(idsOf(made)).size, 1)
    assert.equal((await store.load('s1'))?.messages.length, 1)
  })
}
