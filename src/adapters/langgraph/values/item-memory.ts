/**
 * Remembers which objects are stored, and as which files. A graph passes a whole list of messages at every step, and
 * most of them are the same objects as in the previous step. Unchanged objects need not be serialized again.
 *
 * An object's identity is not enough: its keys and primitive values are remembered as well, and compared each time, so
 * that a message that was changed in place is stored again. Objects are not remembered if they contain anything except
 * plain objects, arrays, primitives and LangChain's serializable objects.
 */
import type { ObjectId } from '../../../ids.ts'

/**
 * The files of one item, in the order of git's trees. The suffix is what follows the item's number in a file's name.
 */
export interface StoredItem {
  readonly files: readonly { readonly suffix: string; readonly id: ObjectId }[]
}

interface Memory {
  stored: StoredItem
  /** Where the item was stored, as far as `redact` depends on it. */
  readonly place: string
  readonly trace: readonly unknown[]
}

export class ItemMemory {
  readonly #items = new WeakMap<object, Memory>()
  /** The last list that begins with an item. An item is found faster by its number than by itself. */
  readonly #lists = new WeakMap<
    object,
    { items: readonly object[]; memories: readonly (Memory | undefined)[] }
  >()

  /**
   * Returns the stored form of each item; `undefined` if it is new or was changed.
   *
   * @param items not changed afterwards
   * @param placeOf where the item of a number is to be stored
   */
  findAll(items: readonly object[], placeOf: (index: number) => string): (StoredItem | undefined)[] {
    const [first] = items
    if (first === undefined) return []
    const before = this.#lists.get(first)
    const memories: (Memory | undefined)[] = []
    const found: (StoredItem | undefined)[] = []
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!
      const place = placeOf(index)
      const last = before?.items[index] === item ? before.memories[index] : undefined
      const memory = isOf(item, place, last) ? last : this.#find(item, place, last)
      memories.push(memory)
      found.push(memory?.stored)
    }
    this.#lists.set(first, { items, memories })
    return found
  }

  /** @param not a memory that is known not to fit */
  #find(item: object, place: string, not: Memory | undefined): Memory | undefined {
    const memory = this.#items.get(item)
    return memory !== not && isOf(item, place, memory) ? memory : undefined
  }

  /** Returns the current contents of an item, for `keep`; `undefined` if a later change could go undetected. */
  trace(item: unknown): readonly unknown[] | undefined {
    const trace: unknown[] = []
    return typeof item === 'object' && item !== null && add(item, trace, 0) ? trace : undefined
  }

  /** Replaces the remembered stored form of a found item by an equal object. */
  renew(item: unknown, stored: StoredItem): void {
    const memory = this.#items.get(item as object)
    if (memory !== undefined) memory.stored = stored
  }

  keep(item: unknown, trace: readonly unknown[] | undefined, stored: StoredItem, place: string): void {
    if (trace !== undefined) this.#items.set(item as object, { stored, place, trace })
  }
}

/** Whether the memory is of the item as it is now. */
function isOf(item: object, place: string, memory: Memory | undefined): memory is Memory {
  if (memory === undefined || memory.place !== place) return false
  return follow(item, memory.trace, 0) === memory.trace.length
}

const MAX_TRACE = 2000
const MAX_DEPTH = 40

/** Appends the contents of a value to the trace. Returns `false` if the trace would be incomplete. */
function add(value: unknown, trace: unknown[], depth: number): boolean {
  if (typeof value !== 'object' || value === null) {
    trace.push(value)
    return true
  }
  if (depth > MAX_DEPTH || trace.length > MAX_TRACE || !isOpen(value)) return false
  trace.push(Object.getPrototypeOf(value))
  if (Array.isArray(value)) {
    trace.push(value.length)
    return value.every((item) => add(item, trace, depth + 1)) && value.length === Object.keys(value).length
  }
  for (const key in value) {
    trace.push(key)
    if (!add((value as Record<string, unknown>)[key], trace, depth + 1)) return false
  }
  trace.push(END)
  return true
}

/** Returns the position in the trace after the value; -1 if the value has changed. */
function follow(value: unknown, trace: readonly unknown[], from: number): number {
  if (typeof value !== 'object' || value === null) return Object.is(trace[from], value) ? from + 1 : -1
  if (trace[from] !== Object.getPrototypeOf(value)) return -1
  let at = from + 1
  if (Array.isArray(value)) {
    if (trace[at++] !== value.length) return -1
    for (let n = 0; n < value.length && at !== -1; n++) at = follow(value[n], trace, at)
    return at
  }
  for (const key in value) {
    if (trace[at] !== key) return -1
    const member = (value as Record<string, unknown>)[key]
    if (typeof member === 'object' && member !== null) {
      at = follow(member, trace, at + 1)
      if (at === -1) return -1
    } else if (Object.is(trace[at + 1], member)) at += 2
    else return -1
  }
  return trace[at] === END ? at + 1 : -1
}

const END = Symbol('end')

/** Whether the object's keys contain everything that a serializer sees. */
function isOpen(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null)
    return typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  return 'lc_serializable' in value && 'lc_kwargs' in value
}
