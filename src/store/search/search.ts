/** Searches everything that was said, in every session, branch and checkpoint, newest first. */
import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import {
  type BlobIds,
  blobsChanged,
  blobsOfItem,
  blobsOfLog,
  readBlobs,
} from '../../checkpoints/trees/files.ts'
import { decodeItem, itemAt, parseItemPath } from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import { type CommitId, type ObjectId, parseRef } from '../../ids.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Block, ReadMessage } from '../../view/block.ts'
import { listing } from '../../view/listing.ts'
import { readMessage } from '../../view/message.ts'
import { isOfSubAgent, readEvent, readRun } from '../../view/run.ts'
import { type FoundLine, linesAround } from './lines.ts'
import { turnsByTime } from './walk.ts'
import { Words } from './words.ts'

export interface SearchOptions {
  /** Only what was said in this session, including the history that it was forked from. */
  session?: string
  /** Only sessions with this document type. */
  type?: string
  /** Only what this role said: `user`, `assistant`, `tool`, … */
  role?: string
  /** Only the calls and results of this tool. Capitals do not matter. */
  tool?: string
  /** `said`: only what people and models said. `tools`: only calls and results of tools. Default: both. */
  in?: 'said' | 'tools'
  /** Only checkpoints at or after this time, in milliseconds since 1970. */
  since?: number
  /** Only checkpoints at or before this time, in milliseconds since 1970. */
  until?: number
  /** Oldest first, so that the first match shows when something was first said. Default: false. */
  oldestFirst?: boolean
  /** How many lines to add before and after each matching line. Default 1. */
  context?: number
}

/** A text that contains all the words. */
export interface SearchMatch {
  session: string
  /** The branch or reserved line that its checkpoint was made on. */
  branch: string
  /** Id of the checkpoint that added it. */
  checkpoint: string
  /** Number of its turn. */
  seq: number
  /** When it was said, or if that is not known, when it was saved: ISO 8601. */
  at: string
  /** The message's collection, and its index there. For what a sub-agent said: those of the run. */
  collection: string
  index: number
  id: string | undefined
  role: string | undefined
  kind: Block['kind']
  tool: string | undefined
  /** Id of the sub-agent that said it. */
  agent: string | undefined
  /** The matching lines, and the lines around them. */
  lines: FoundLine[]
}

/** Throws TypeError if there is no word, CorruptError for a damaged commit or tree. */
export async function* search(
  history: History,
  refs: Iterable<[ref: string, tip: ObjectId]>,
  words: readonly string[],
  options: SearchOptions = {},
): AsyncGenerator<SearchMatch> {
  const wanted = new Words(words)
  const tips = [...refs].flatMap(([ref, tip]) => {
    const kind = parseRef(ref)?.kind
    return kind === 'branch' || kind === 'reserved' ? (tip as CommitId) : []
  })
  const seen = new Set<string>()
  for await (const commit of turnsByTime(history, tips, options)) {
    if (options.type !== undefined && commit.type !== options.type) continue
    if (options.until !== undefined && commit.time > options.until) continue
    for await (const match of inCommit(history, commit, wanted, options)) {
      const key = `${match.session}/${match.collection}/${match.index}/${match.at}/${match.kind}/${match.lines[0]?.text}`
      if (match.agent !== undefined && seen.has(key)) continue
      seen.add(key)
      yield match
    }
  }
}

/** How many items are read at once. */
const BATCH = 16

async function* inCommit(
  history: History,
  commit: CommitInfo,
  words: Words,
  options: SearchOptions,
): AsyncGenerator<SearchMatch> {
  const { objects } = history
  const [parent] = commit.parents
  const before = parent === undefined ? undefined : (await history.info(parent)).tree
  const items = new Map<string, { index: number; collection: string; blobs: BlobIds }>()
  for (const [path, id] of await blobsChanged(objects, before, commit.tree)) {
    const index = itemAt(path)
    if (id === undefined || index === undefined || path.endsWith('.bin')) continue
    const { collection } = parseItemPath(path)!
    const key = `${collection}/${index}`
    const item = items.get(key) ?? { index, collection, blobs: new Map() }
    item.blobs.set(path, id)
    items.set(key, item)
  }
  // Within a checkpoint, later items come first, unless `oldestFirst`.
  const order = [...items.values()].sort((a, b) =>
    options.oldestFirst === true ? a.index - b.index : b.index - a.index,
  )
  for (let from = 0; from < order.length; from += BATCH) {
    const batch = order.slice(from, from + BATCH)
    const files = await readBlobs(objects, new Map(batch.flatMap(({ blobs }) => [...blobs])))
    for (const { index, collection, blobs } of batch) {
      const own = new Map([...blobs.keys()].map((path) => [path, files.get(path)!]))
      if (!words.mayBeIn(own.values())) continue
      const whole = await wholeItem(history, commit, own)
      for (const message of whole === undefined ? [] : messagesOf(whole))
        yield* inMessage(message, { commit, collection, index }, words, options)
    }
  }
}

/** Decodes an item with a changed part, and reads the rest of it; `undefined` if it is damaged. */
async function wholeItem(
  { objects }: History,
  commit: CommitInfo,
  own: Map<string, Uint8Array>,
): Promise<unknown> {
  try {
    const [path = ''] = own.keys()
    const place = parseItemPath(path)
    const index = itemAt(path)
    if (place === undefined || index === undefined) return undefined
    const isFile = place.inside.length === 0
    if (isFile && own.size === 1 && path.endsWith('.json')) return decodeItem(own)
    const blobs = await (isFile ? blobsOfItem : blobsOfLog)(objects, commit.tree, place.collection, index)
    return decodeItem(await readBlobs(objects, blobs))
  } catch (error) {
    if (error instanceof CorruptError) return undefined
    throw error
  }
}

/** Returns the messages of an item: the item itself, or what sub-agents said in a run. */
function messagesOf(item: unknown): ReadMessage[] {
  if (!isJsonObject(item) || !Array.isArray(item.events)) return [readMessage(item)]
  const run = readRun(item)
  return item.events.flatMap((one) => {
    const event = readEvent(one)
    const { message } = event
    if (message === undefined || !isOfSubAgent(run, event)) return []
    return [{ ...message, at: message.at ?? event.at, agent: message.agent ?? run.agent?.id ?? run.id }]
  })
}

function* inMessage(
  message: ReadMessage,
  { commit, collection, index }: { commit: CommitInfo; collection: string; index: number },
  words: Words,
  { role, tool, in: where, context = 1 }: SearchOptions,
): Generator<SearchMatch> {
  if (role !== undefined && message.who !== role) return
  for (const block of message.blocks) {
    const isTool = block.kind === 'call' || block.kind === 'result'
    if (where === 'said' && isTool) continue
    if (where === 'tools' && !isTool) continue
    if (tool !== undefined && !(isTool && block.tool.toLowerCase() === tool.toLowerCase())) continue
    const text = textOfBlock(block)
    const places = words.placesIn(text)
    if (places === undefined) continue
    yield {
      session: commit.session ?? '',
      branch: commit.message.trailers?.get('Branch') ?? '',
      checkpoint: commit.id,
      seq: commit.seq,
      at: message.at ?? new Date(commit.time).toISOString(),
      collection,
      index,
      id: message.id,
      role: message.who,
      kind: block.kind,
      tool: isTool && block.tool !== '' ? block.tool : undefined,
      agent: message.agent,
      lines: linesAround(text, places, context),
    }
  }
}

function textOfBlock(block: Block): string {
  switch (block.kind) {
    case 'text':
    case 'thinking':
    case 'error':
      return block.text
    case 'call':
      return `${block.tool} ${textOfValue(block.input)}`
    case 'result':
      return textOfValue(block.output)
    case 'file':
      return block.about
    case 'other':
      return textOfValue(block.value)
  }
}

const textOfValue = (value: unknown): string =>
  typeof value === 'string' ? value : listing(value, (text) => text)
