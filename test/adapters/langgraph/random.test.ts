/** Random operations, held against LangGraph's own checkpointer in memory. */
import { HumanMessage } from '@langchain/core/messages'
import type { RunnableConfig } from '@langchain/core/runnables'
import {
  type BaseCheckpointSaver,
  type CheckpointMetadata,
  type CheckpointTuple,
  INTERRUPT,
  MemorySaver,
  RESUME,
} from '@langchain/langgraph-checkpoint'
import { expect, test } from 'vitest'
import type { ForkpointSaver } from '../../../src/adapters/langgraph/index.ts'
import { at, checkpointOf, listed, nextId, useStore } from './context.ts'

const context = useStore()

const SOAK = process.env.FORKPOINT_SOAK === '1'
const seeds = Array.from({ length: SOAK ? 150 : 8 }, (_, n) =>
  SOAK ? Math.floor(Math.random() * 1e9) : n + 1,
)

const THREADS = ['one', 'two']
const NAMESPACES = ['', '', '', 'sub:1', 'sub:1|inner:2']

test.each(seeds)('seed %i', { timeout: 600_000 }, async (seed) => {
  const random = generator(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const memory = new MemorySaver()
  let saver: ForkpointSaver = context.open({ onConflict: 'branch' })
  const both = <T>(work: (one: BaseCheckpointSaver) => Promise<T>) => Promise.all([work(saver), work(memory)])
  const ids = new Map<string, string[]>()
  const idsOf = (thread: string, namespace: string) => {
    const key = `${thread} ${namespace}`
    if (!ids.has(key)) ids.set(key, [])
    return ids.get(key)!
  }
  const value = (): unknown => {
    const kinds = [
      () => Math.floor(random() * 5),
      () => 'x'.repeat(Math.floor(random() * 30)),
      () => null,
      () => ({ deep: [random() < 0.5, { a: Math.floor(random() * 3) }] }),
      () =>
        Array.from({ length: Math.floor(random() * 230) }, (_, n) => ({
          n: n + Math.floor(random() * 1.05),
        })),
      () => [],
      () => [1, 2],
    ]
    return pick(kinds)()
  }
  const changed = (before: unknown): unknown => {
    if (!Array.isArray(before) || random() < 0.3) return value()
    const message = () =>
      new HumanMessage({ id: String(random()), content: 'text\n'.repeat(Math.floor(random() * 3)) })
    const places = [
      () => [...before, message()],
      () => before.slice(1),
      () => [message(), ...before],
      () => before.slice(0, -1),
    ]
    return pick(places)()
  }

  const operations: (() => Promise<void>)[] = [
    async () => {
      const [thread, namespace] = [pick(THREADS), pick(NAMESPACES)]
      const known = idsOf(thread, namespace)
      const parent = random() < 0.7 ? known.at(-1) : random() < 0.8 ? pick(known) : undefined
      const config = at(thread, namespace, parent)
      const base = parent === undefined ? undefined : await saver.getTuple(config)
      const versions = { ...base?.checkpoint.channel_versions } as Record<string, number>
      const values = { ...base?.checkpoint.channel_values }
      const fresh: Record<string, number> = {}
      const version = Math.max(0, ...Object.values(versions)) + 1
      const isCopy = base !== undefined && random() < 0.1
      for (const channel of isCopy ? [] : ['messages', 'state', 'branch:to:x', 'more']) {
        if (random() < 0.5) continue
        fresh[channel] = version
        versions[channel] = version
        if (random() < 0.2) delete values[channel]
        else values[channel] = changed(values[channel])
      }
      const source = isCopy ? 'fork' : pick(['loop', 'loop', 'input', 'update'] as const)
      const metadata: CheckpointMetadata = { source, step: Math.floor(random() * 5), parents: {} }
      const id = nextId()
      const checkpoint = checkpointOf(values, versions, id)
      // A copy stands beside what it was copied from.
      const onto = isCopy ? (base.parentConfig ?? at(thread, namespace)) : config
      await both((one) => one.put(onto, withOwnLists(checkpoint), metadata, fresh))
      known.push(id)
    },
    async () => {
      const [thread, namespace] = [pick(THREADS), pick(NAMESPACES)]
      const id = pick([...idsOf(thread, namespace), nextId()])
      const writes = Array.from({ length: 1 + Math.floor(random() * 3) }, (): [string, unknown] => [
        pick(['a', 'b', INTERRUPT, RESUME]),
        value(),
      ])
      const [task, path] = [pick(['t1', 't2', 't3']), pick(['', 'p1', undefined])]
      await both((one) => one.putWrites(at(thread, namespace, id), writes, task, path))
    },
    async () => {
      const [thread, namespace] = [pick(THREADS), pick(NAMESPACES)]
      const id = pick([undefined, ...idsOf(thread, namespace), nextId()])
      const [ours, theirs] = await both((one) => one.getTuple(at(thread, namespace, id)))
      expect(plain(ours)).toEqual(plain(theirs))
    },
    async () => {
      const [thread, namespace] = [pick(THREADS), pick(NAMESPACES)]
      const config: RunnableConfig =
        random() < 0.7 ? at(thread, namespace) : { configurable: { thread_id: thread } }
      const options = {
        ...(random() < 0.4 && {
          before: at(thread, namespace, pick([...idsOf(thread, namespace), nextId()])),
        }),
        ...(random() < 0.4 && {
          filter: pick<object>([{ source: 'loop' }, { step: 2 }, { step: 1, source: 'input' }]),
        }),
      }
      const [ours, theirs] = await both((one) => listed(one, config, options))
      const byId = (a: CheckpointTuple, b: CheckpointTuple) => (a.checkpoint.id < b.checkpoint.id ? 1 : -1)
      expect(ours.map(plain)).toEqual(theirs.sort(byId).map(plain))
    },
    async () => {
      saver = context.open({ onConflict: 'branch' })
    },
    async () => {
      if (random() < 0.8) return
      const thread = pick(THREADS)
      await both((one) => one.deleteThread(thread))
      for (const namespace of NAMESPACES) idsOf(thread, namespace).length = 0
    },
  ]
  for (let n = 0; n < (SOAK ? 200 : 100); n++) await pick([operations[0]!, operations[0]!, ...operations])()
  for (const thread of THREADS) {
    const [ours, theirs] = await both((one) => listed(one, { configurable: { thread_id: thread } }))
    expect(ours).toHaveLength(theirs.length)
  }
  expect(await saver.store.verify()).toMatchObject({ ok: true })
  expect(context.git('fsck', '--strict', '--no-dangling')).toBe('')
})

/** Lists of their own: one saver must not see what the other was given. */
const withOwnLists = <T extends { channel_values: Record<string, unknown> }>(checkpoint: T): T => ({
  ...checkpoint,
  channel_values: Object.fromEntries(
    Object.entries(checkpoint.channel_values).map(([key, one]) => [key, Array.isArray(one) ? [...one] : one]),
  ),
})

/** The other saver returns the config that it was asked with. */
function plain(tuple: CheckpointTuple | undefined) {
  if (tuple === undefined) return undefined
  const { config, parentConfig, ...rest } = tuple
  return {
    ...rest,
    thread: config.configurable?.thread_id,
    parent: parentConfig?.configurable?.checkpoint_id,
  }
}

/** mulberry32. */
function generator(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
