/**
 * The tree of a checkpoint: `session.json` with the checkpoint's own fields, its metadata and the names of its
 * channels, and one folder per channel. A channel without a new version keeps the parent's folder, which is neither
 * read nor written.
 */

import type { Checkpoint, CheckpointMetadata } from '@langchain/langgraph-checkpoint'
import type { AddedItem, ChangedTree } from '../../../checkpoints/trees/edits.ts'
import {
  changeTree,
  entriesOf,
  findEntry,
  type NewObject,
  NO_ENTRIES,
  newObject,
  type ObjectStore,
  objectId,
  type Tree,
  type TreeChange,
} from '../../../checkpoints/trees/objects.ts'
import { encodeHead, genericLayout, isOurs } from '../../../codec/index.ts'
import { CorruptError } from '../../../errors.ts'
import type { ObjectId } from '../../../ids.ts'
import { deepEqual, fromEntries } from '../../../json-value.ts'
import { TimeSlice } from '../../../time-slice.ts'
import { readMessage } from '../../../view/message.ts'
import { labelOfJson, textOfJson } from '../subject.ts'
import { TYPE } from '../thread-commit.ts'
import { channelFolder } from './channel-names.ts'
import { ChannelTrees, NO_ITEMS } from './channel-tree.ts'
import { type ChannelKind, type CheckpointHead, CheckpointHeads } from './checkpoint-head.ts'
import type { ItemMemory, StoredItem } from './item-memory.ts'
import {
  baseOf,
  CheckpointPreparer,
  type PreparedChannel,
  type PreparedCheckpoint,
} from './prepared-checkpoint.ts'
import { embedded, loadItem, readableOf, type ValueRules } from './stored-value.ts'
import { traceOf } from './trace.ts'

export interface WrittenTree extends ChangedTree {
  /** For the subject: the nodes that ran, and the text of what is new. */
  nodes: readonly string[]
  text: string
  /** Numbers of the first and last new message. */
  messages: { from: number; to: number } | undefined
  /** The model of the last new message that names one. */
  model: string | undefined
}

export interface WriteTreeOptions {
  /**
   * Whether to store the given value of a channel that has no new version, but not the parent's version either. If not,
   * the channel has no value.
   */
  asGiven: boolean
  /** Origin of a forked session, if the parent does not contain it. */
  forkOf?: unknown
}

const LAYOUT = genericLayout(TYPE, [])
const MESSAGES = 'messages'

export class CheckpointTrees {
  readonly preparer: CheckpointPreparer
  readonly #objects: ObjectStore
  readonly #rules: ValueRules
  readonly #channels: ChannelTrees
  readonly #heads: CheckpointHeads

  constructor(objects: ObjectStore, rules: ValueRules) {
    this.preparer = new CheckpointPreparer(rules)
    this.#objects = objects
    this.#rules = rules
    this.#channels = new ChannelTrees(objects)
    this.#heads = new CheckpointHeads(objects, rules)
  }

  /**
   * Makes the tree of a checkpoint.
   *
   * @param base tree of the parent, if that is stored
   */
  async write(
    thread: string,
    base: ObjectId | undefined,
    checkpoint: PreparedCheckpoint,
    options: WriteTreeOptions,
  ): Promise<WrittenTree> {
    const before = base === undefined ? undefined : await this.#heads.read(base)
    const baseTree = base === undefined ? NO_ENTRIES : await this.#objects.readTree(base)
    const { inherited, wanted } = this.#sort(before, checkpoint, options)
    const channels = new Map(inherited)
    const objects: NewObject[] = []
    const added = new Map<string, readonly AddedItem[] | undefined>()
    const changes = new Map<string, TreeChange['entry']>()
    const news = new News()
    const empty = new Set<string>()
    for (const channel of inherited.keys())
      if (Array.isArray(before?.document[channelFolder(channel)])) empty.add(channelFolder(channel))
    for (const [channel, prepared] of wanted) {
      const folder = channelFolder(channel)
      const old = folderIn(baseTree, folder)
      channels.set(channel, 'items' in prepared ? 'list' : 'value')
      const items = this.preparer.items(checkpoint.memory, channel, prepared)
      const written = await this.#channels.write(old, folder, items)
      objects.push(...written.objects)
      added.set(folder, written.added)
      changes.set(folder, written.tree === undefined ? null : { mode: '40000', id: written.tree })
      if (items.stored.length === 0) empty.add(folder)
      const wasList = old !== undefined && before?.channels.get(channel) === 'list'
      await news.add(channel, prepared, wasList ? await this.#channels.count(old) : 0)
    }
    const folders = new Set([...channels.keys()].map(channelFolder))
    for (const channel of before?.channels.keys() ?? []) {
      const folder = channelFolder(channel)
      if (folders.has(folder)) continue
      const left = await this.#channels.write(folderIn(baseTree, folder), folder, NO_ITEMS)
      objects.push(...left.objects)
      added.set(folder, left.added)
      changes.set(folder, left.tree === undefined ? null : { mode: '40000', id: left.tree })
    }
    for (const { name, mode } of entriesOf(baseTree)) {
      if (mode !== '40000' && isOurs(name)) changes.set(name, null)
    }
    const title = before?.document.title ?? news.firstHuman
    const lineage = options.forkOf ?? before?.document.parent
    const document = fromEntries([
      ['type', TYPE],
      ['id', thread],
      ...(typeof title === 'string' && title !== '' ? [['title', title] as const] : []),
      ...(lineage === undefined ? [] : [['parent', lineage] as const]),
      ['checkpoint', embedded(await checkpoint.head)],
      ['metadata', embedded(await checkpoint.storedMetadata)],
      ['channels', fromEntries(channels)],
      // An empty list is stored in `session.json`, as in every document.
      ...[...empty].map((folder): [string, unknown] => [folder, []]),
    ])
    for (const [name, bytes] of encodeHead(document, LAYOUT)) {
      const blob = newObject('blob', bytes)
      const old = findEntry(baseTree, name)
      if (old?.id !== blob.id) objects.push(blob)
      if (old?.id === blob.id && old.mode === '100644') changes.delete(name)
      else changes.set(name, { mode: '100644', id: blob.id })
    }
    const tree = changeTree(
      baseTree,
      [...changes].map(([name, entry]) => ({ name, entry })),
    )
    const id = objectId('tree', tree.data)
    if (id !== base) objects.push({ id, type: 'tree', data: tree.data })
    this.#objects.keepTree(id, tree)
    const after = await this.#heads.keep(id, document)
    const { text, messages, model } = news
    const changed: ChangedTree = { tree: id, objects, from: base, added }
    return { ...changed, nodes: nodesThatRan(before, after), text, messages, model }
  }

  /** Remembers that a tree that was made is stored with more pages, as another tree. */
  learn(made: ObjectId, stored: ObjectId): void {
    if (made === stored) return
    this.#heads.learn(made, stored)
    this.#channels.learn(made, stored)
  }

  /**
   * Reads the checkpoint of a tree, with deserialized values. Throws CorruptError.
   *
   * @param scope key of the thread and namespace
   */
  async read(scope: string, tree: ObjectId): Promise<Checkpoint> {
    const { channels } = await this.#heads.read(tree)
    const values = await this.#values(tree, channels, this.preparer.memory(scope))
    return { ...(await this.#heads.checkpoint(tree)), channel_values: fromEntries(values) }
  }

  metadata(tree: ObjectId): Promise<CheckpointMetadata> {
    return this.#heads.metadata(tree)
  }

  /** Returns the origin of a tree's session, if it is a fork. */
  async forkOf(tree: ObjectId): Promise<unknown> {
    return (await this.#heads.read(tree)).document.parent
  }

  /** Returns the values of those given channels that have one. */
  async some(tree: ObjectId, channels: Iterable<string>): Promise<Map<string, unknown>> {
    const kinds = (await this.#heads.read(tree)).channels
    const found = [...channels].flatMap((channel) => {
      const kind = kinds.get(channel)
      return kind === undefined ? [] : [[channel, kind] as const]
    })
    return found.length === 0 ? new Map() : this.#values(tree, new Map(found))
  }

  /** Decides which channels are inherited from the parent, and which are written. */
  #sort(
    before: CheckpointHead | undefined,
    { versions, changed, values, memory }: PreparedCheckpoint,
    { asGiven }: WriteTreeOptions,
  ): { inherited: Map<string, ChannelKind>; wanted: Map<string, PreparedChannel> } {
    const inherited = new Map<string, ChannelKind>()
    const wanted = new Map<string, PreparedChannel>()
    for (const channel of new Set([...Object.keys(versions), ...changed.keys()])) {
      const given = changed.get(channel)
      const kind = before?.channels.get(channel)
      if (given !== undefined) wanted.set(channel, given)
      else if (changed.has(channel)) continue
      else if (before !== undefined && before.checkpoint.channel_versions?.[channel] === versions[channel]) {
        if (kind !== undefined) inherited.set(channel, kind)
      } else if (asGiven && Object.hasOwn(values, channel)) {
        wanted.set(channel, this.preparer.channel(memory, channel, values[channel]))
      }
    }
    return { inherited, wanted }
  }

  async #values(
    tree: ObjectId,
    channels: ReadonlyMap<string, ChannelKind>,
    memory?: ItemMemory,
  ): Promise<Map<string, unknown>> {
    const root = await this.#objects.readTree(tree)
    const folders = new Map<string, readonly StoredItem[]>()
    for (const channel of channels.keys()) {
      const folder = folderIn(root, channelFolder(channel))
      folders.set(channel, folder === undefined ? [] : await this.#channels.items(folder))
    }
    const ids = [...folders.values()].flat().flatMap(({ files }) => files.map(({ id }) => id))
    const blobs = new Map<string, Uint8Array>()
    await this.#objects.readMany(ids, (id, { data }) => blobs.set(id, data))
    const values = new Map<string, unknown>()
    for (const [channel, items] of folders) {
      const isList = channels.get(channel) === 'list'
      const loaded = await this.#load(channel, items, blobs, isList ? memory : undefined)
      if (!isList && loaded.length !== 1) {
        throw new CorruptError(`The value of channel '${channel}' is missing.`, { object: tree })
      }
      values.set(channel, isList ? loaded : loaded[0])
    }
    return values
  }

  async #load(
    channel: string,
    items: readonly StoredItem[],
    blobs: ReadonlyMap<string, Uint8Array>,
    memory: ItemMemory | undefined,
  ): Promise<unknown[]> {
    const loaded: unknown[] = []
    const slice = new TimeSlice()
    for (const [index, stored] of items.entries()) {
      const base = baseOf(channel, index)
      const files = new Map(stored.files.map(({ suffix, id }) => [base + suffix, blobs.get(id)!]))
      const item = await loadItem(this.#rules.serde, files)
      loaded.push(item)
      memory?.keep(item as object, traceOf(item), stored, this.preparer.place(channel, index))
      if (slice.isOver()) await slice.next()
    }
    return loaded
  }
}

/** Collects what is new in a checkpoint, for its subject and trailers. */
class News {
  text = ''
  messages: WrittenTree['messages']
  firstHuman: string | undefined
  model: string | undefined

  /** @param before number of items that the list had */
  async add(channel: string, prepared: PreparedChannel, before: number): Promise<void> {
    if (!('items' in prepared)) {
      if (channel === '__start__') this.text ||= textOfJson(readableOf(await prepared.value))
      return
    }
    const { items, fresh } = prepared
    const isMessages = channel === MESSAGES
    if (isMessages && items.length > before) this.messages = { from: before, to: items.length - 1 }
    for (let index = before; index < items.length; index++) {
      const value = fresh.get(index)?.value
      if (value === undefined) continue
      const json = readableOf(await value)
      const text = textOfJson(json)
      if (isMessages && labelOfJson(json) === '-human') this.firstHuman ??= text
      if (isMessages) this.model = readMessage(json).model ?? this.model
      if (isMessages || this.text === '') this.text = text || this.text
    }
  }
}

function folderIn(tree: Tree, name: string): ObjectId | undefined {
  const entry = findEntry(tree, name)
  return entry?.mode === '40000' ? entry.id : undefined
}

/** Returns the nodes that have seen different versions of their channels than in the parent. */
function nodesThatRan(before: CheckpointHead | undefined, { checkpoint }: CheckpointHead): string[] {
  const was = before?.checkpoint.versions_seen ?? {}
  return Object.entries(checkpoint.versions_seen ?? {})
    .filter(([node]) => !node.startsWith('__'))
    .filter(([node, seen]) => !deepEqual(seen, Object.hasOwn(was, node) ? was[node] : undefined))
    .map(([node]) => node)
}
