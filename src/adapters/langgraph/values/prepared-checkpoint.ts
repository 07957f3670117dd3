/**
 * A checkpoint that is about to be stored. New values are serialized before the first await, because the graph
 * continues with the same objects and may change them.
 */
import type { Checkpoint, CheckpointMetadata } from '@langchain/langgraph-checkpoint'
import { folderName, numbered } from '../../../codec/index.ts'
import { labelOfJson } from '../subject.ts'
import { channelFolder } from './channel-names.ts'
import type { NewItems } from './channel-tree.ts'
import { ItemMemory, type StoredItem } from './item-memory.ts'
import { readableOf, type StoredValue, serialize, type ValueRules, valueFile } from './stored-value.ts'
import { type Trace, traceOf } from './trace.ts'

export interface PreparedCheckpoint {
  /** The checkpoint without the values of channels. */
  head: Promise<StoredValue>
  /** Versions of the channels. */
  versions: Checkpoint['channel_versions']
  metadata: CheckpointMetadata
  storedMetadata: Promise<StoredValue>
  /** Channels with new versions; `undefined` for a channel without a value. */
  changed: ReadonlyMap<string, PreparedChannel | undefined>
  /** All given values. */
  values: Readonly<Record<string, unknown>>
  /** The stored items of the same thread and namespace. */
  memory: ItemMemory
}

export type PreparedChannel = { value: Promise<StoredValue> } | PreparedList

/** A list. Only items that are not known to be stored were serialized. */
export interface PreparedList {
  readonly items: readonly object[]
  readonly stored: readonly (StoredItem | undefined)[]
  readonly fresh: Map<number, FreshItem>
}

interface FreshItem {
  value: Promise<StoredValue>
  /** Trace of the item at the time when it was serialized. */
  trace: Trace | undefined
}

const MOST_MEMORIES = 500

export class CheckpointPreparer {
  readonly #rules: ValueRules
  readonly #memories = new Map<string, ItemMemory>()

  constructor(rules: ValueRules) {
    this.#rules = rules
  }

  /** @param scope key of the thread and namespace */
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

  /** Returns the item memory of a thread and namespace. */
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
    const stored = memory.findAll(items, (index) => this.place(channel, index))
    for (let index = 0; index < items.length; index++)
      if (stored[index] === undefined) fresh.set(index, this.#freshItem(channel, index, items[index]))
    return { items, stored, fresh }
  }

  /** Returns the items of the channel's folder. A single value is the only item. */
  items(memory: ItemMemory, channel: string, prepared: PreparedChannel): NewItems {
    return 'items' in prepared
      ? this.#listItems(memory, channel, prepared)
      : {
          stored: [undefined],
          encode: async () => valueFile(baseOf(channel, 0), await prepared.value, [channel]),
          kept: () => undefined,
        }
  }

  /** Returns the position of an item, if it matters: the result of `redact` may depend on it. */
  place(channel: string, index: number): string {
    return this.#rules.redact === undefined ? '' : `${channel}\0${index}`
  }

  #listItems(memory: ItemMemory, channel: string, { items, stored, fresh }: PreparedList): NewItems {
    return {
      stored,
      encode: async (index) => {
        const known = fresh.get(index)
        const item = known ?? this.#freshItem(channel, index, items[index])
        if (known === undefined) fresh.set(index, item)
        const made = await item.value
        return valueFile(baseOf(channel, index) + labelOfJson(readableOf(made)), made, [channel, index])
      },
      kept: (index, kept) => {
        const made = fresh.get(index)
        // Remember the same object, so that the next comparison succeeds by identity.
        if (made === undefined) memory.renew(items[index]!, kept)
        else memory.keep(items[index]!, made.trace, kept, this.place(channel, index))
      },
    }
  }

  #freshItem(channel: string, index: number, item: unknown): FreshItem {
    return { trace: traceOf(item), value: later(serialize(this.#rules, item, [channel, index])) }
  }
}

/** Returns the path of an item's file up to its number. */
export const baseOf = (channel: string, index: number): string =>
  `${channelFolder(channel)}/${folderName(index)}/${numbered(index)}`

/** Whether each item becomes a file: true for a list of objects, such as messages, but not for a list of numbers. */
function isItemList(value: unknown): value is readonly object[] {
  if (!Array.isArray(value)) return false
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index]
    if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item) || Array.isArray(item))
      return false
  }
  return true
}

/**
 * Prevents an unhandled rejection of a promise that is awaited later or never. Whoever awaits it still gets the error.
 */
function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
