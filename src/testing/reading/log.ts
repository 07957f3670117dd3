import assert from 'node:assert/strict'
import { NotFoundError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { all, forEach, logOf, refused } from '../context.ts'
import { message, range, session } from '../samples.ts'

export const logging: Chapter = (sentence) => {
  const needs: Needs = { needs: ['history'] }

  sentence('the newest checkpoint comes first', async ({ store }) => {
    const saved = await store.save(session())
    const [first] = await all(store.log('s1'))
    assert.deepEqual(first, saved)
  })

  sentence('all checkpoints of a line, newest first, as they were returned', needs, async ({ store }) => {
    const made = [await store.save(session())]
    for (const n of range(1, 12)) made.unshift(await store.append('s1', { messages: [message(`m${n}`)] }))
    assert.deepEqual(await all(store.log('s1')), made)
  })

  sentence('a limit and a starting revision are kept', needs, async ({ store }) => {
    await store.save(session())
    for (const n of range(1, 5)) await store.append('s1', { messages: [message(`m${n}`)] })
    const ids = await logOf(store, 's1')
    assert.deepEqual(await logOf(store, 's1', { limit: 2 }), ids.slice(0, 2))
    assert.deepEqual(await logOf(store, 's1', { limit: 0 }), [])
    assert.deepEqual(await logOf(store, 's1', { at: 'main~3' }), ids.slice(3))
    assert.deepEqual(await logOf(store, 's1', { at: ids[1], limit: 3 }), ids.slice(1, 4))
    assert.deepEqual(await logOf(store, 's1', { limit: Number.POSITIVE_INFINITY }), ids)
  })

  sentence('reading the log can stop early', needs, async ({ store }) => {
    await store.save(session())
    for (const n of range(1, 5)) await store.append('s1', { messages: [message(`m${n}`)] })
    for await (const { seq } of store.log('s1')) if (seq === 4) break
    assert.equal((await logOf(store, 's1')).length, 6)
  })

  sentence('a log that is being read does not see what is saved meanwhile', needs, async ({ store }) => {
    await store.save(session())
    await store.append('s1', { messages: [message('m1')] })
    const seen = []
    for await (const { seq } of store.log('s1')) {
      seen.push(seq)
      await store.append('s1', { messages: [message(`x${seq}`)] })
    }
    assert.deepEqual(seen, [2, 1])
  })

  sentence('unknown revisions and wrong limits are refused', async ({ store, any }) => {
    await store.save(session())
    await refused(() => all(store.log('s1', { at: 'nope' })), NotFoundError, { kind: 'revision', id: 'nope' })
    await forEach([-1, 1.5, '2'], (limit) => refused(() => all(any.log('s1', { limit })), TypeError))
  })
}
