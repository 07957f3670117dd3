/** States that are changed in place between two saves: a store may remember what it saved, but not trust that it stayed. */
import assert from 'node:assert/strict'
import { InvalidStateError } from '../../errors.ts'
import type { Chapter } from '../context.ts'
import { refused } from '../context.ts'
import { message, run, session } from '../samples.ts'

export const changingInPlace: Chapter = (sentence) => {
  sentence('a state that was changed in place since the last save is saved', async ({ store }) => {
    const one = { ...message('m1', 'one'), parts: [{ type: 'data', list: [{ a: 1 }, {}], b: 2 }] }
    const state = { ...session('s1', { runs: [run('r1', [0, 1])] }), messages: [one, message('m2', 'two')] }
    await store.save(state)
    const part = one.parts[0]! as Record<string, unknown> & { list: object[] }
    const changes = [
      () => part.list.push({ c: 3 }),
      () => Object.assign(part.list[1]!, { a: -0 }),
      () => Object.assign(part, { b: { '0': 'two' } }),
      () => delete part.b,
      () => Object.assign(state.messages[1]!, { role: 'assistant' }),
      () => Object.assign(state.runs[0]!.events[1]!, { text: 'later' }),
      () => state.messages.reverse(),
      () => state.messages.shift(),
    ]
    for (const change of changes) {
      change()
      await store.save(state)
      assert.deepEqual(await store.load('s1'), state)
    }
  })

  sentence('a state that was made invalid in place since the last save is refused', async ({ any }) => {
    const state = { ...session('s1', {}, 'one', 'two'), metadata: {} }
    const [first] = state.messages as unknown as Record<string, unknown>[]
    Object.assign(first!, { parts: [{ type: 'data', value: {}, list: [1, 2] }] })
    const saved = await any.save(state)
    const part = (first!.parts as Record<string, unknown>[])[0]!
    for (const unfit of [{ value: new Date(0) }, { value: new Map() }, { value: {}, list: new Array(2) }]) {
      Object.assign(part, unfit)
      await refused(() => any.save(state), InvalidStateError)
    }
    Object.assign(part, { list: [1, 2] })
    for (const unfit of [{ role: 'nobody' }, { role: 'user', content: 7 }, { content: 'one', id: 'm2' }]) {
      Object.assign(first!, unfit)
      await refused(() => any.save(state), InvalidStateError)
      await refused(() => any.save(state), InvalidStateError)
    }
    assert.deepEqual(await any.checkpoint('s1'), saved)
  })
}
