/** That appending does not cost more in a long transcript, counted in bytes and reads; and in time, in the long runs. */

import { randomUUID } from 'node:crypto'
import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk'
import { expect, test } from 'vitest'
import type { ForkpointClaudeStore } from '../../../src/adapters/claude-agent/index.ts'
import { checkpointsOf } from '../../../src/checkpoints/of-store.ts'
import type { ObjectId } from '../../../src/ids.ts'
import { git, newKey, newStore, newStoreFolder } from './context.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'

const entry = (n: number): SessionStoreEntry => {
  const isPrompt = n % 10 === 0
  const message = isPrompt
    ? { role: 'user', content: `prompt ${n}` }
    : {
        role: 'assistant',
        content: [{ type: 'text', text: `${randomUUID()} `.repeat(20) }],
        stop_reason: n % 10 === 9 ? 'end_turn' : 'tool_use',
      }
  return { type: isPrompt ? 'user' : 'assistant', uuid: randomUUID(), message }
}

async function filled(store: ForkpointClaudeStore, key: ReturnType<typeof newKey>, from: number, to: number) {
  for (let n = from; n < to; n += 500) {
    await store.append(
      key,
      Array.from({ length: Math.min(500, to - n) }, (_, i) => entry(n + i)),
    )
  }
}

/** Bytes of the objects that the newest checkpoint added. */
function added(folder: string, ref: string): number {
  const ids = git(folder, 'rev-list', '--objects', '--no-object-names', ref, `^${ref}^@`)
  const input = ids.trim().split('\n')
  return input.reduce((sum, id) => sum + Number(git(folder, 'cat-file', '-s', id)), 0)
}

test('an append writes as much at 12,000 entries as at 1,000, and reads no entry, first or later', async () => {
  const [folder, key] = [await newStoreFolder(), newKey()]
  const store = await newStore(folder)
  const ref = `%2dhome-me-project%2f${key.sessionId}/main`
  await filled(store, key, 0, 1001)
  await store.append(key, [entry(1)])
  const early = added(folder, ref)
  await filled(store, key, 1002, 12_001)
  await store.close()
  const later = await newStore(folder)
  const { objects } = checkpointsOf(later.store)
  const read: ObjectId[] = []
  const { readMany } = objects
  objects.readMany = (async (ids: Iterable<ObjectId>, visit: never) => {
    const all = [...ids]
    read.push(...all)
    return readMany.call(objects, all, visit)
  }) as typeof readMany
  await later.append(key, [entry(1)])
  // The listings of 121 folders, and `session.json`.
  expect(read.length).toBeLessThan(125)
  read.length = 0
  await later.append(key, [entry(2)])
  expect(read).toEqual([])
  expect(added(folder, ref)).toBeLessThan(early * 1.3)
}, 60_000)

test.skipIf(!SOAK)(
  'at 100,000 entries the first append takes a part of a load, and later ones are as quick as ever',
  async () => {
    const [folder, key] = [await newStoreFolder(), newKey()]
    const store = await newStore(folder)
    const times = async (on: ForkpointClaudeStore) => {
      const all: number[] = []
      for (let n = 0; n < 200; n++) {
        const start = performance.now()
        await on.append(key, [entry(1)])
        all.push(performance.now() - start)
      }
      return all.sort((a, b) => a - b)[100]!
    }
    await filled(store, key, 0, 500)
    const early = await times(store)
    await filled(store, key, 700, 100_000)
    await store.close()
    const later = await newStore(folder)
    const start = performance.now()
    await later.append(key, [entry(1)])
    const first = performance.now() - start
    expect(await times(later)).toBeLessThan(early * 2)
    const loading = performance.now()
    expect(await later.load(key)).toHaveLength(100_201)
    expect(first).toBeLessThan(performance.now() - loading)
  },
  300_000,
)
