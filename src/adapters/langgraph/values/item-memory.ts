/**
 * Which objects are stored already, and as what. A graph hands over a whole list of messages at every step, nearly all
 * of them the objects of the step before: those that are as they were then need not be serialized again.
 *
 * Nothing is taken on trust: with each object its keys and primitive values are remembered, and compared whenever it
 * comes again, so that a message that somebody changed in place is stored anew. Objects that hold anything but plain
 * objects, arrays, primitives and LangChain's serializable ones are not remembered.
 */
import type { ObjectId } from '../../../ids.ts'

/** The files of one item, by what follows its number in their names, in the order of git's trees. */
export interface StoredItem {
  readonly files: readonly { readonly suffix: string; readonly id: ObjectId }[]
}

interface Memory {
  readonly stored: StoredItem
  /** Where it was stored, as `redact` saw it. */
  readonly place: string
  readonly trace: readonly unknown[]
}

export class ItemMemory {
  readonly #items = new WeakMap<object, Memory>()

  /** As what the item is stored; `undefined` when it is new or was changed since. */
  find(item: unknown, place: string): StoredItem | undefined {
    if (typeof item !== 'object' || item === null) return undefined
    const memory = this.#items.get(item)
    if (memory === undefined || memory.place !== place) return undefined
    return follow(item, memory.trace, 0) === memory.trace.length ? memory.stored : undefined
  }

  /** What an item is at this moment, for `keep`; `undefined` for one that cannot be told from a changed one. */
  trace(item: unknown): readonly unknown[] | undefined {
    const trace: unknown[] = []
    return typeof item === 'object' && item !== null && add(item, trace, 0) ? trace : undefined
  }

  /** What an item that was found is stored as, in other words: the same files. */
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

/** Appends what the value is made of. `false` when that would not tell all. */
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

/** Where the trace goes on after the value; -1 when the value is not what it was. */
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

/** Whether its own keys tell all that a serializer sees. */
function isOpen(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null)
    return typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  return 'lc_serializable' in value && 'lc_kwargs' in value
}
