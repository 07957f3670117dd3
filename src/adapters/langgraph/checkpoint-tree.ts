/**
 * The tree of a checkpoint: `session.json` with the checkpoint's own fields, its metadata and the names of its channels,
 * and a folder a channel. A channel that has no new version is the parent's folder, neither read nor written.
 */
import type { Checkpoint, CheckpointMetadata } from '@langchain/langgraph-checkpoint'
import { decodeHead, encodeHead, folderName, genericLayout, numbered } from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import { ByteCache } from '../../git/byte-cache.ts'
import { type NewObject, newObject, objectId } from '../../git/object.ts'
import type { ObjectStore } from '../../git/object-store.ts'
import { changeTree, entriesOf, findEntry, NO_ENTRIES, type TreeChange } from '../../git/tree.ts'
import { deepEqual, fromEntries, isJsonObject, type JsonObject } from '../../store/json-value.ts'
import { channelFolder } from './channel-names.ts'
import { ChannelTrees, type NewItems } from './channel-tree.ts'
import { ItemMemory, type StoredItem } from './item-memory.ts'
import {
  deserialize,
  embedded,
  loadItem,
  readableOf,
  type StoredValue,
  serialize,
  type ValueRules,
  valueFile,
} from './stored-value.ts'
import { labelOfJson, textOfJson } from './subject.ts'
import { TYPE } from './thread-index.ts'

/** A checkpoint whose new values are on their way through the serializer. */
export interface PreparedCheckpoint {
  /** All but the values of channels. */
  head: Omit<Checkpoint, 'channel_values'>
  storedHead: Promise<StoredValue>
  metadata: CheckpointMetadata
  storedMetadata: Promise<StoredValue>
  /** Channels with new versions; `undefined`: without a value. */
  changed: ReadonlyMap<string, PreparedChannel | undefined>
  /** All values as they were handed over. */
  values: Readonly<Record<string, unknown>>
  /** Remembers what is stored of the same thread and namespace. */
  memory: ItemMemory
}

export type PreparedChannel = { value: Promise<StoredValue> } | PreparedList

/** A list of which only those items were serialized that are not known to be stored. */
interface PreparedList {
  readonly items: readonly unknown[]
  readonly stored: readonly (StoredItem | undefined)[]
  readonly fresh: Map<number, FreshItem>
}

interface FreshItem {
  value: Promise<StoredValue>
  /** Of the item when it was serialized. */
  trace: readonly unknown[] | undefined
}

export interface WrittenTree {
  tree: string
  objects: NewObject[]
  /** What its subject says. */
  nodes: readonly string[]
  text: string
  /** Number range of the messages that are new. */
  messages: { from: number; to: number } | undefined
}

/** What `session.json` says. */
interface Head {
  document: JsonObject
  checkpoint: Omit<Checkpoint, 'channel_values'>
  /** How each channel lies in its folder. */
  channels: Readonly<Record<string, ChannelKind>>
}

type ChannelKind = 'list' | 'value'

const LAYOUT = genericLayout(TYPE, [])
const MESSAGES = 'messages'
const MOST_MEMORIES = 500

export class CheckpointTrees {
  readonly #objects: ObjectStore
  readonly #rules: ValueRules
  readonly #channels: ChannelTrees
  readonly #memories = new Map<string, ItemMemory>()
  readonly #heads = new ByteCache<string, Head>(4 * 1024 * 1024)

  constructor(objects: ObjectStore, rules: ValueRules) {
    this.#objects = objects
    this.#rules = rules
    this.#channels = new ChannelTrees(objects)
  }

  /**
   * Hands what is new to the serializer, all of it before this returns: the graph goes on with the same objects.
   *
   * @param scope names thread and namespace
   */
  prepare(
    scope: string,
    { channel_values: values, ...head }: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Readonly<Record<string, unknown>>,
  ): PreparedCheckpoint {
    const memory = this.#memory(scope)
    const changed = new Map<string, PreparedChannel | undefined>()
    for (const channel of Object.keys(newVersions)) {
      const has = values !== undefined && Object.hasOwn(values, channel)
      changed.set(channel, has ? this.#prepareChannel(memory, channel, values[channel]) : undefined)
    }
    return {
      head,
      storedHead: later(serialize(this.#rules, head, ['checkpoint'])),
      metadata,
      storedMetadata: later(serialize(this.#rules, metadata, ['metadata'])),
      changed,
      values: values ?? {},
      memory,
    }
  }

  /**
   * The tree of a checkpoint.
   *
   * @param base tree of its parent, if that is stored
   * @param options.asGiven whether a channel that neither is new nor has the parent's version is stored as it was handed
   *   over; otherwise it has no value
   * @param options.forkOf what the session was forked from, where the parent does not say so
   */
  async write(
    thread: string,
    base: string | undefined,
    checkpoint: PreparedCheckpoint,
    { asGiven, forkOf }: { asGiven: boolean; forkOf?: unknown },
  ): Promise<WrittenTree> {
    const { head, changed, values, memory } = checkpoint
    const before = base === undefined ? undefined : await this.#head(base)
    const baseTree = base === undefined ? NO_ENTRIES : await this.#objects.readTree(base)
    const channels = new Map<string, ChannelKind>()
    const objects: NewObject[] = []
    const changes: TreeChange[] = []
    const wanted = new Map<string, PreparedChannel>()
    for (const channel of new Set([...Object.keys(head.channel_versions ?? {}), ...changed.keys()])) {
      const isSame =
        before !== undefined &&
        before.checkpoint.channel_versions?.[channel] === head.channel_versions[channel]
      if (changed.has(channel)) {
        const given = changed.get(channel)
        if (given !== undefined) wanted.set(channel, given)
      } else if (isSame) {
        const kind = ownKind(before.channels, channel)
        if (kind !== undefined) channels.set(channel, kind)
      } else if (asGiven && Object.hasOwn(values, channel)) {
        wanted.set(channel, this.#prepareChannel(memory, channel, values[channel]))
      }
    }
    let text = ''
    let messages: WrittenTree['messages']
    let firstHuman: string | undefined
    for (const [channel, prepared] of wanted) {
      const folder = channelFolder(channel)
      const old = findEntry(baseTree, folder)?.id
      const isList = 'items' in prepared
      channels.set(channel, isList ? 'list' : 'value')
      const items = isList
        ? this.#newItems(memory, channel, prepared)
        : this.#newValue(channel, prepared.value)
      const written = await this.#channels.write(old, folder, items)
      objects.push(...written.objects)
      changes.push({ name: folder, entry: entryOf(written.tree) })
      if (!isList) {
        if (channel === '__start__') text ||= textOfJson(readableOf(await prepared.value))
        continue
      }
      const count =
        ownKind(before?.channels, channel) === 'list' && old !== undefined
          ? await this.#channels.count(old)
          : 0
      for (let index = count; index < prepared.items.length; index++) {
        const value = prepared.fresh.get(index)?.value
        const json = value === undefined ? undefined : readableOf(await value)
        if (channel === MESSAGES && labelOfJson(json) === '-human') firstHuman ??= textOfJson(json)
        if (channel === MESSAGES || text === '') text = textOfJson(json) || text
      }
      if (channel === MESSAGES && prepared.items.length > count)
        messages = { from: count, to: prepared.items.length - 1 }
    }
    const folders = new Set([...channels.keys()].map(channelFolder))
    for (const { name, mode } of entriesOf(baseTree))
      if (mode !== '40000' || !folders.has(name)) changes.push({ name, entry: null })
    const title = before?.document.title ?? firstHuman
    const lineage = forkOf ?? before?.document.parent
    const document = fromEntries([
      ['type', TYPE],
      ['id', thread],
      ...(typeof title === 'string' && title !== '' ? [['title', title] as const] : []),
      ...(lineage === undefined ? [] : [['parent', lineage] as const]),
      ['checkpoint', embedded(await checkpoint.storedHead)],
      ['metadata', embedded(await checkpoint.storedMetadata)],
      ['channels', fromEntries(channels)],
      ...this.#empties(channels, changes, baseTree),
    ])
    for (const [name, bytes] of encodeHead(document, LAYOUT)) {
      const blob = newObject('blob', bytes)
      if (findEntry(baseTree, name)?.id !== blob.id) objects.push(blob)
      changes.push({ name, entry: { mode: '100644', id: blob.id } })
    }
    const tree = changeTree(baseTree, lastOfEach(changes))
    const id = objectId('tree', tree.data)
    if (id !== base) objects.push({ id, type: 'tree', data: tree.data })
    this.#objects.keepTree(id, tree)
    const written = await this.#parseHead(document)
    this.#keepHead(id, written)
    return { tree: id, objects, nodes: nodesThatRan(before?.checkpoint, written.checkpoint), text, messages }
  }

  /**
   * The checkpoint of a tree, its values as the serializer makes them. Throws CorruptError.
   *
   * @param scope names thread and namespace
   */
  async read(scope: string, tree: string): Promise<Checkpoint> {
    const { document, channels } = await this.#head(tree)
    const root = await this.#objects.readTree(tree)
    const folders = new Map<string, readonly StoredItem[]>()
    for (const [channel, kind] of Object.entries(channels)) {
      const folder = findEntry(root, channelFolder(channel))
      if (folder?.mode === '40000') folders.set(channel, await this.#channels.items(folder.id))
      else if (kind === 'list') folders.set(channel, [])
      else throw lost(channel, tree)
    }
    const ids = [...folders.values()].flat().flatMap(({ files }) => files.map(({ id }) => id))
    const blobs = new Map<string, Uint8Array>()
    await this.#objects.readMany(ids, (id, { data }) => blobs.set(id, data))
    const values: [string, unknown][] = []
    for (const [channel, items] of folders) {
      const isList = ownKind(channels, channel) === 'list'
      const loaded = await this.#load(channel, items, blobs, isList ? this.#memory(scope) : undefined)
      if (isList) values.push([channel, loaded])
      else if (loaded.length === 1) values.push([channel, loaded[0]])
      else throw lost(channel, tree)
    }
    const head = (await deserialize(this.#rules.serde, document.checkpoint)) as Omit<
      Checkpoint,
      'channel_values'
    >
    return { ...head, channel_values: fromEntries(values) }
  }

  async metadata(tree: string): Promise<CheckpointMetadata> {
    const { document } = await this.#head(tree)
    return (await deserialize(this.#rules.serde, document.metadata)) as CheckpointMetadata
  }

  /** What the session of a tree was forked from. */
  async forkOf(tree: string): Promise<unknown> {
    return (await this.#head(tree)).document.parent
  }

  /** Names of the channels that have a value. */
  async channelNames(tree: string): Promise<ReadonlySet<string>> {
    return new Set(Object.keys((await this.#head(tree)).channels))
  }

  /** The value of one channel; `undefined` when it has none. */
  async channelValue(tree: string, channel: string): Promise<unknown> {
    const { channels } = await this.#head(tree)
    const kind = ownKind(channels, channel)
    if (kind === undefined) return undefined
    const folder = findEntry(await this.#objects.readTree(tree), channelFolder(channel))
    const items = folder === undefined ? [] : await this.#channels.items(folder.id)
    const blobs = new Map<string, Uint8Array>()
    const ids = items.flatMap(({ files }) => files.map(({ id }) => id))
    await this.#objects.readMany(ids, (id, { data }) => blobs.set(id, data))
    const loaded = await this.#load(channel, items, blobs)
    return kind === 'list' ? loaded : loaded[0]
  }

  #prepareChannel(memory: ItemMemory, channel: string, value: unknown): PreparedChannel {
    if (!isItemList(value)) return { value: later(serialize(this.#rules, value, [channel])) }
    const items = [...value]
    const fresh = new Map<number, FreshItem>()
    const stored = items.map((item, index) => {
      const known = memory.find(item, this.#place(channel, index))
      if (known === undefined) fresh.set(index, this.#freshItem(memory, channel, index, item))
      return known
    })
    return { items, stored, fresh }
  }

  #freshItem(memory: ItemMemory, channel: string, index: number, item: unknown): FreshItem {
    const trace = memory.trace(item)
    return { trace, value: later(serialize(this.#rules, item, [channel, index])) }
  }

  #newItems(memory: ItemMemory, channel: string, { items, stored, fresh }: PreparedList): NewItems {
    const folder = channelFolder(channel)
    return {
      stored,
      encode: async (index) => {
        const known = fresh.get(index)
        const item = known ?? this.#freshItem(memory, channel, index, items[index])
        if (known === undefined) fresh.set(index, item)
        const made = await item.value
        const base = `${folder}/${folderName(index)}/${numbered(index)}${labelOfJson(readableOf(made))}`
        return valueFile(base, made, [channel, index])
      },
      kept: (index, kept) =>
        memory.keep(items[index], fresh.get(index)?.trace, kept, this.#place(channel, index)),
    }
  }

  #newValue(channel: string, value: Promise<StoredValue>): NewItems {
    const base = `${channelFolder(channel)}/${folderName(0)}/${numbered(0)}`
    return {
      stored: [undefined],
      encode: async () => valueFile(base, await value, [channel]),
      kept: () => undefined,
    }
  }

  async #load(
    channel: string,
    items: readonly StoredItem[],
    blobs: ReadonlyMap<string, Uint8Array>,
    memory?: ItemMemory,
  ): Promise<unknown[]> {
    const folder = channelFolder(channel)
    const loaded: unknown[] = []
    for (const [index, stored] of items.entries()) {
      const start = `${folder}/${folderName(index)}/${numbered(index)}`
      const files = new Map(stored.files.map(({ suffix, id }) => [start + suffix, blobs.get(id)!]))
      const item = await loadItem(this.#rules.serde, files)
      loaded.push(item)
      memory?.keep(item, memory.trace(item), stored, this.#place(channel, index))
    }
    return loaded
  }

  #memory(scope: string): ItemMemory {
    const memory = this.#memories.get(scope) ?? new ItemMemory()
    this.#memories.delete(scope)
    if (this.#memories.size >= MOST_MEMORIES) this.#memories.delete(this.#memories.keys().next().value!)
    this.#memories.set(scope, memory)
    return memory
  }

  /** What `redact` leaves of an item depends on where it stands. */
  #place(channel: string, index: number): string {
    return this.#rules.redact === undefined ? '' : `${channel}\0${index}`
  }

  /** An empty list has no folder: as in every document it stands in `session.json`. */
  #empties(
    channels: ReadonlyMap<string, ChannelKind>,
    changes: readonly TreeChange[],
    baseTree: typeof NO_ENTRIES,
  ): [string, unknown][] {
    const after = new Map(changes.map(({ name, entry }) => [name, entry]))
    return [...channels.keys()].flatMap((channel) => {
      const folder = channelFolder(channel)
      const isThere = after.has(folder)
        ? after.get(folder) !== null
        : findEntry(baseTree, folder) !== undefined
      return isThere ? [] : [[folder, []] as [string, unknown]]
    })
  }

  async #head(tree: string): Promise<Head> {
    const known = this.#heads.get(tree)
    if (known !== undefined) return known
    const names = new Map<string, string>()
    for (const { name, mode, id } of entriesOf(await this.#objects.readTree(tree)))
      if (mode === '100644') names.set(name, id)
    const blobs = await this.#objects.readMany(names.values())
    const files = new Map([...names].map(([name, id]) => [name, blobs.get(id)!.data]))
    const head = await this.#parseHead(decodeHead(files))
    this.#keepHead(tree, head)
    return head
  }

  async #parseHead(document: JsonObject): Promise<Head> {
    const checkpoint = await deserialize(this.#rules.serde, document.checkpoint)
    const { channels } = document
    if (!isJsonObject(channels) || typeof checkpoint !== 'object' || checkpoint === null) {
      throw new CorruptError("'session.json' holds no checkpoint of LangGraph's.", { file: 'session.json' })
    }
    return { document, checkpoint: checkpoint as Head['checkpoint'], channels: channels as Head['channels'] }
  }

  #keepHead(tree: string, head: Head): void {
    this.#heads.set(tree, head, 4000 + Object.keys(head.channels).length * 300)
  }
}

/** Whether each of its items becomes a file: a list of objects, such as messages, not one of numbers. */
function isItemList(value: unknown): value is readonly object[] {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return false
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index]
    if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item) || Array.isArray(item))
      return false
  }
  return true
}

/** A promise that may be left waiting: whoever needs it awaits it, and is told. */
function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

const ownKind = (
  channels: Readonly<Record<string, ChannelKind>> | undefined,
  channel: string,
): ChannelKind | undefined =>
  channels !== undefined && Object.hasOwn(channels, channel) ? channels[channel] : undefined

const entryOf = (tree: string | undefined): TreeChange['entry'] =>
  tree === undefined ? null : { mode: '40000', id: tree }

/** Of several changes of one name the last counts. */
const lastOfEach = (changes: readonly TreeChange[]): TreeChange[] => [
  ...new Map(changes.map((change) => [change.name, change])).values(),
]

/** Nodes that have seen other versions of their channels than in the parent. */
function nodesThatRan(before: Head['checkpoint'] | undefined, after: Head['checkpoint']): string[] {
  const was = before?.versions_seen ?? {}
  return Object.entries(after.versions_seen ?? {})
    .filter(
      ([node, seen]) =>
        !node.startsWith('__') && !deepEqual(seen, Object.hasOwn(was, node) ? was[node] : undefined),
    )
    .map(([node]) => node)
}

const lost = (channel: string, tree: string): CorruptError =>
  new CorruptError(`The value of channel '${channel}' is missing.`, { object: tree })
