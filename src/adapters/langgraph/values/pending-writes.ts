/**
 * Pending writes: what the tasks of a step wrote before the step was complete. Each call is a commit on a reserved
 * line, with its own tree: `session.json` names the checkpoint and the task, and each write is an item of `writes` with
 * its channel and index. Which writes are effective is decided when they are read.
 */

import { type PendingWrite, WRITES_IDX_MAP } from '@langchain/langgraph-checkpoint'
import { blobsBelow, readBlobs } from '../../../checkpoints/trees/files.ts'
import { editTree, type NewObject, type ObjectStore } from '../../../checkpoints/trees/objects.ts'
import { decodeHead, decodeItem, folderName, jsonFile, numbered } from '../../../codec/index.ts'
import type { ObjectId } from '../../../ids.ts'
import { fromEntries, isJsonObject } from '../../../json-value.ts'
import { TYPE } from '../thread-commit.ts'
import { deserialize, type StoredValue, serialize, type ValueRules, valueFile } from './stored-value.ts'

/** A write that is being serialized. */
export interface NewWrite {
  channel: string
  /** Index of the write in its call, or the fixed negative index of a special channel. */
  index: number
  value: Promise<StoredValue>
}

/** A stored write. */
export interface StoredWrite {
  task: string
  path: string
  channel: string
  index: number
  /** The value as in the file. */
  json: unknown
}

/** What writes belong to. */
export interface WritesOf {
  thread: string
  namespace: string
  checkpoint: string
  task: string
  path: string
}

/**
 * Passes all values to the serializer before it returns. Of several writes with the same index, the last one counts.
 */
export function prepareWrites(rules: ValueRules, writes: readonly PendingWrite[]): NewWrite[] {
  const byIndex = new Map<number, NewWrite>()
  for (const [n, [channel, value]] of writes.entries()) {
    const stored = serialize(rules, value, ['writes', n, 'value'])
    stored.catch(() => undefined)
    const index = (Object.hasOwn(WRITES_IDX_MAP, channel) ? WRITES_IDX_MAP[channel] : undefined) ?? n
    byIndex.set(index, { channel: String(channel), index, value: stored })
  }
  return [...byIndex.values()]
}

/** Makes the tree of one call's writes. */
export async function writesTree(
  objects: ObjectStore,
  of: WritesOf,
  writes: readonly NewWrite[],
): Promise<{ tree: ObjectId; objects: NewObject[] }> {
  const document = fromEntries([
    ['type', TYPE],
    ['id', of.thread],
    ['checkpoint', of.checkpoint],
    ...(of.namespace === '' ? [] : [['namespace', of.namespace] as const]),
    ['task', of.task],
    ...(of.path === '' ? [] : [['path', of.path] as const]),
  ])
  const files = jsonFile('session', document, [], undefined)
  for (const [n, { channel, index, value }] of writes.entries()) {
    const base = `${FOLDER}/${folderName(n)}/${numbered(n)}`
    const wrap = (json: unknown) => ({ channel, index, value: json })
    for (const [path, bytes] of valueFile(base, await value, [FOLDER, n, 'value'], wrap))
      files.set(path, bytes)
  }
  return editTree(objects, undefined, files)
}

/** Reads the writes of one call. Throws CorruptError. */
export async function readWrites(objects: ObjectStore, tree: ObjectId): Promise<StoredWrite[]> {
  const files = await readBlobs(objects, await blobsBelow(objects, tree))
  const { task, path } = decodeHead(new Map([...files].filter(([name]) => !name.includes('/'))))
  const items = new Map<string, Map<string, Uint8Array>>()
  for (const [name, bytes] of files) {
    if (!name.startsWith(`${FOLDER}/`)) continue
    const stem = name.split('.', 1)[0]!
    items.set(stem, (items.get(stem) ?? new Map()).set(name, bytes))
  }
  return [...items.values()].flatMap((own) => {
    const item = decodeItem(own)
    if (!isJsonObject(item)) return []
    const { channel, index, value } = item
    return {
      task: String(task),
      path: typeof path === 'string' ? path : '',
      channel: String(channel),
      index: Number(index),
      json: value,
    }
  })
}

/**
 * Returns the effective writes, in the order in which a step applies them: by path of the task, task and index. Of
 * regular writes with the same index, the first one counts; of special writes, the last one.
 *
 * @param writes oldest first
 */
export function countingWrites(writes: readonly StoredWrite[]): StoredWrite[] {
  const counting = new Map<string, StoredWrite>()
  for (const write of writes) {
    const key = `${write.index} ${write.task}`
    if (write.index < 0 || !counting.has(key)) counting.set(key, write)
  }
  return [...counting.values()].sort(
    (a, b) => byCodePoint(a.path, b.path) || byCodePoint(a.task, b.task) || a.index - b.index,
  )
}

/** Deserializes pending writes. Throws CorruptError. */
export function loadWrites(
  { serde }: ValueRules,
  writes: readonly StoredWrite[],
): Promise<[task: string, channel: string, value: unknown][]> {
  return Promise.all(
    writes.map(
      async ({ task, channel, json }): Promise<[string, string, unknown]> => [
        task,
        channel,
        await deserialize(serde, json),
      ],
    ),
  )
}

const FOLDER = 'writes'

/**
 * Compares text by code points, as LangGraph does for the tasks of a step (`compareWritesSortKeys`), and as Python
 * does.
 */
function byCodePoint(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [[...a], [...b]]
  for (let n = 0; n < Math.min(left.length, right.length); n++) {
    const difference = left[n]!.codePointAt(0)! - right[n]!.codePointAt(0)!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
