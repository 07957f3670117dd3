/** A long thread: 10,000 checkpoints in the long run, 1,000 otherwise. */
import { AIMessage, type BaseMessage, HumanMessage } from '@langchain/core/messages'
import { expect, test, vi } from 'vitest'
import { ItemMemory } from '../../../src/adapters/langgraph/values/item-memory.ts'
import { at, idOf, listed, Run, useStore } from './context.ts'

const context = useStore()

const SOAK = process.env.FORKPOINT_SOAK === '1'
const checkpoints = SOAK ? 10_000 : 1000

test(`${checkpoints} checkpoints are found in a second, and then in milliseconds`, {
  timeout: 1_800_000,
}, async () => {
  const writer = context.open()
  const run = new Run(writer, at('long'))
  for (let n = 0; n < checkpoints; n++) {
    await run.put({ n })
    await writer.putWrites(run.config, [['n', n]], `task-${n}`)
  }
  const saver = context.open()
  const took = async (work: () => Promise<unknown>) => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }
  const cold = await took(() => saver.getTuple(at('long')))
  const warm = await Promise.all([
    took(() => saver.getTuple(at('long'))),
    took(() => saver.getTuple(at('long', '', idOf(run.config)))),
  ])
  const page = await took(() => listed(saver, at('long'), { limit: 1, before: run.config }))
  expect(cold).toBeLessThan(1000)
  expect(Math.max(...warm, page)).toBeLessThan(SOAK ? 10 : 50)
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
