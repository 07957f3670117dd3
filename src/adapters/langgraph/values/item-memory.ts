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
  readonly stored: StoredItem
  /** Where the item was stored, as far as `redact` depends on it. */
  readonly place: string
  readonly trace: readonly unknown[]
}

export class ItemMemory {
  readonly #items = new WeakMap<object, Memory>()

  /** Returns the stored form of the item; `undefined` if it is new or was changed. */
  find(item: unknown, place: string): StoredItem | undefined {
    if (typeof item !== 'object' || item === null) return undefined
    const memory = this.#items.get(item)
    if (memory === undefined || memory.place !== place) return undefined
    return follow(item, memory.trace, 0) === memory.trace.length ? memory.stored : undefined
  }

  /** Returns the current contents of an item, for `keep`; `undefined` if a later change could go undetected. */
  trace(item: unknown): readonly unknown[] | undefined {
    const trace: unknown[] = []
    return typeof item === 'object' && item !== null && add(item, trace, 0) ? trace : undefined
  }

  /** Replaces the remembered stored form of a found item by an equal object. */
  renew(item: unknown, stored: StoredItem): void {
    const memory = this.#items.get(item as object)
    if (memory !== undefined) this.#items.set(item as object, { ...memory, stored })
  }

  keep(item: unknown, trace: readonly unknown[] | undefined, stored: StoredItem, place: string): void {
    if (trace !== undefined) this.#items.set(item as object, { stored, place, trace })
  }
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
    at = follow((value as Record<string, unknown>)[key], trace, at + 1)
    if (at === -1) return -1
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
