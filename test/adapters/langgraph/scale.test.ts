/** A long thread: 10,000 checkpoints in the long run, 1,000 otherwise. */
import { AIMessage, type BaseMessage, HumanMessage } from '@langchain/core/messages'
import { expect, test, vi } from 'vitest'
import { ItemMemory } from '../../../src/adapters/langgraph/values/item-memory.ts'
import { ObjectStore } from '../../../src/git/database/object-store.ts'
import { at, idOf, listed, Run, useStore } from './context.ts'

const context = useStore()

const SOAK = process.env.FORKPOINT_SOAK === '1'
const checkpoints = SOAK ? 10_000 : 1000

/** Calls that read an object, of any kind. */
const READS = ['read', 'readMany', 'readTree', 'readCommit', 'readCommitData', 'readCommitNow'] as const

/** Counts the objects that are asked for while the work runs. */
async function readsOf(work: () => Promise<unknown>): Promise<number> {
  const spies = READS.map((name) => vi.spyOn(ObjectStore.prototype, name))
  await work()
  const asked = spies.flatMap(({ mock }) =>
    mock.calls.map(([ids]) => (typeof ids === 'string' ? 1 : [...ids].length)),
  )
  for (const spy of spies) spy.mockRestore()
  return asked.reduce((sum, count) => sum + count, 0)
}

test(`a thread of ${checkpoints} checkpoints is read once, and then only what is asked for`, {
  timeout: 1_800_000,
}, async () => {
  const writer = context.open()
  const run = new Run(writer, at('long'))
  for (let n = 0; n < checkpoints; n++) {
    await run.put({ n })
    await writer.putWrites(run.config, [['n', n]], `task-${n}`)
  }
  const saver = context.open()
  // The index of the thread is read once; later each checkpoint is found by its place in it.
  expect(await readsOf(() => saver.getTuple(at('long')))).toBeLessThan(6 * checkpoints)
  expect(await readsOf(() => saver.getTuple(at('long')))).toBeLessThan(10)
  expect(await readsOf(() => saver.getTuple(at('long', '', idOf(run.config))))).toBeLessThan(10)
  expect(await readsOf(() => listed(saver, at('long'), { limit: 1, before: run.config }))).toBeLessThan(30)
  expect(await listed(saver, at('long'), { limit: 3, filter: { step: 500 } })).toHaveLength(1)
})

test('a put places only what is new, also where pages were added to the folder of the list', async () => {
  const run = new Run(context.open(), at('long'))
  const messages: BaseMessage[] = []
  const placed: number[] = []
  const renewing = vi.spyOn(ItemMemory.prototype, 'renew')
  for (let n = 0; n < 70; n++) {
    messages.push(new HumanMessage({ id: `q${n}`, content: `question ${n}` }))
    await run.put({ messages: [...messages] })
    messages.push(new AIMessage({ id: `a${n}`, content: `answer ${n}` }))
    await run.put({ messages: [...messages] })
    placed.push(renewing.mock.calls.length)
  }
  renewing.mockRestore()
  expect(context.git('ls-tree', '-r', '--name-only', 'long/main')).toContain('-turn-')
  expect(placed.at(-1)! - placed.at(-21)!).toBeLessThan(20)
})
