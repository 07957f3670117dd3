/**
 * A checkpoint on its way into the store. What is new of it goes through the serializer at once, before anything is
 * awaited: the graph goes on with the same objects, and may change them.
 */
import type { Checkpoint, CheckpointMetadata } from '@langchain/langgraph-checkpoint'
import { folderName, numbered } from '../../../codec/index.ts'
import { labelOfJson } from '../subject.ts'
import { channelFolder } from './channel-names.ts'
import type { NewItems } from './channel-tree.ts'
import { ItemMemory, type StoredItem } from './item-memory.ts'
import { readableOf, type StoredValue, serialize, type ValueRules, valueFile } from './stored-value.ts'

export interface PreparedCheckpoint {
  /** All but the values of channels. */
  head: Promise<StoredValue>
  /** Versions of the channels. */
  versions: Checkpoint['channel_versions']
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
export interface PreparedList {
  readonly items: readonly unknown[]
  readonly stored: readonly (StoredItem | undefined)[]
  readonly fresh: Map<number, FreshItem>
}

interface FreshItem {
  value: Promise<StoredValue>
  /** Of the item when it was serialized. */
  trace: readonly unknown[] | undefined
}

const MOST_MEMORIES = 500

export class CheckpointPreparer {
  readonly #rules: ValueRules
  readonly #memories = new Map<string, ItemMemory>()

  constructor(rules: ValueRules) {
    this.#rules = rules
  }

  /** @param scope names thread and namespace */
  prepare(
    scope: string,
    { channel_values: values = {}, ...head }: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Readonly<Record<string, unknown>>,
  ): PreparedCheckpoint {
    const memory = this.memory(scope)
    const changed = new Map<string, PreparedChannel | undefined>()
    for (const channel of Object.keys(newVersions)) {
      const has = Object.hasOwn(values, channel)
      changed.set(channel, has ? this.channel(memory, channel, values[channel]) : undefined)
    }
    return {
      head: later(serialize(this.#rules, head, ['checkpoint'])),
      versions: { ...head.channel_versions },
      metadata: { ...metadata },
      storedMetadata: later(serialize(this.#rules, metadata, ['metadata'])),
      changed,
      values: { ...values },
      memory,
    }
  }

  /** What is remembered of a thread and namespace. */
  memory(scope: string): ItemMemory {
    const memory = this.#memories.get(scope) ?? new ItemMemory()
    this.#memories.delete(scope)
    if (this.#memories.size >= MOST_MEMORIES) this.#memories.delete(this.#memories.keys().next().value!)
    this.#memories.set(scope, memory)
    return memory
  }

  channel(memory: ItemMemory, channel: string, value: unknown): PreparedChannel {
    if (!isItemList(value)) return { value: later(serialize(this.#rules, value, [channel])) }
    const items = [...value]
    const fresh = new Map<number, FreshItem>()
    const stored = items.map((item, index) => {
      const known = memory.find(item, this.place(channel, index))
      if (known === undefined) fresh.set(index, this.#freshItem(memory, channel, index, item))
      return known
    })
    return { items, stored, fresh }
  }

  /** The items of the channel's folder; a value is the only one. */
  items(memory: ItemMemory, channel: string, prepared: PreparedChannel): NewItems {
    return 'items' in prepared
      ? this.#listItems(memory, channel, prepared)
      : {
          stored: [undefined],
          encode: async () => valueFile(baseOf(channel, 0), await prepared.value, [channel]),
          kept: () => undefined,
        }
  }

  /** Where an item stands, as far as that matters: what `redact` leaves of it may depend on it. */
  place(channel: string, index: number): string {
    return this.#rules.redact === undefined ? '' : `${channel}\0${index}`
  }

  #listItems(memory: ItemMemory, channel: string, { items, stored, fresh }: PreparedList): NewItems {
    return {
      stored,
      encode: async (index) => {
        const known = fresh.get(index)
        const item = known ?? this.#freshItem(memory, channel, index, items[index])
        if (known === undefined) fresh.set(index, item)
        const made = await item.value
        return valueFile(baseOf(channel, index) + labelOfJson(readableOf(made)), made, [channel, index])
      },
      kept: (index, kept) => {
        const made = fresh.get(index)
        // One object for what is stored, so that next time it is known at a glance.
        if (made === undefined) memory.renew(items[index], kept)
        else memory.keep(items[index], made.trace, kept, this.place(channel, index))
      },
    }
  }

  #freshItem(memory: ItemMemory, channel: string, index: number, item: unknown): FreshItem {
    const trace = memory.trace(item)
    return { trace, value: later(serialize(this.#rules, item, [channel, index])) }
  }
}

/** Path of an item's file up to its number. */
export const baseOf = (channel: string, index: number): string =>
  `${channelFolder(channel)}/${folderName(index)}/${numbered(index)}`

/** Whether each of its items becomes a file: a list of objects, such as messages, not one of numbers. */
function isItemList(value: unknown): value is readonly object[] {
  if (!Array.isArray(value)) return false
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
