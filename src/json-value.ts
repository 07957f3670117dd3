/**
 * Compares and copies JSON values without losing what a git store keeps: `-0`, own `__proto__` keys, the order of keys.
 */

/** Most steps from the document to a value. */
export const MAX_DEPTH = 512
/** Most bytes of UTF-8 of one string. */
export const MAX_VALUE = 50 * 1024 * 1024
/** Most characters of JSON of one file. */
export const MAX_TEXT = 256 * 1024 * 1024

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether the value is an object like those that `{}` or `JSON.parse` makes. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  // An object of another realm, such as a vm context.
  return Object.getPrototypeOf(prototype) === null
}

/** Whether two JSON values are equal. The order of keys matters only if `ordered`; `-0` is not `0`. */
export function deepEqual(a: unknown, b: unknown, ordered = false): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => deepEqual(item, b[index], ordered))
  }
  const keys = Object.keys(a)
  const others = Object.keys(b)
  if (keys.length !== others.length) return false
  return keys.every(
    (key, n) =>
      (ordered ? key === others[n] : Object.hasOwn(b, key)) &&
      deepEqual((a as JsonObject)[key], (b as JsonObject)[key], ordered),
  )
}

/** Returns a copy that shares nothing with the value. As in JSON, properties that are `undefined` are left out. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(deepCopy) as T
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const inner = (value as JsonObject)[key]
    if (inner === undefined) continue
    // An assignment would set the prototype.
    if (key === '__proto__') Object.defineProperty(copy, key, own(deepCopy(inner)))
    else copy[key] = deepCopy(inner)
  }
  return copy as T
}

/** Whether a value still equals its `deepCopy`, and so is as valid as it was then. */
export function isCopyOf(value: unknown, copy: unknown): boolean {
  if (typeof copy !== 'object' || copy === null) return Object.is(value, copy)
  if (Array.isArray(copy)) {
    if (!Array.isArray(value) || value.length !== copy.length) return false
    for (let index = 0; index < copy.length; index++) if (!isCopyOf(value[index], copy[index])) return false
    return true
  }
  if (!isJsonObject(value)) return false
  const copied = Object.keys(copy)
  let n = 0
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member === undefined) continue
    if (key !== copied[n++] || !isCopyOf(member, (copy as JsonObject)[key])) return false
  }
  return n === copied.length
}

/**
 * Whether JSON can certainly express the value: plain, not deep, and without texts that could be too long. `false`
 * means that the value needs a full check.
 */
export function isOrdinary(value: unknown): boolean {
  return isOrdinaryBelow(value, ORDINARY_DEPTH, { left: ORDINARY_VALUES })
}

const ORDINARY_DEPTH = 64
/** Limited, since objects that contain another object twice, on several levels, expand exponentially. */
const ORDINARY_VALUES = 1_000_000

function isOrdinaryBelow(value: unknown, depth: number, budget: { left: number }): boolean {
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_VALUE / 3 || Buffer.byteLength(value) <= MAX_VALUE
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (depth === 0 || budget.left < 0) return false
  if (Array.isArray(value)) {
    budget.left -= value.length
    for (let index = 0; index < value.length; index++)
      if (!isOrdinaryBelow(value[index], depth - 1, budget)) return false
    return true
  }
  if (!isJsonObject(value)) return false
  const keys = Object.keys(value)
  budget.left -= keys.length
  for (const key of keys) {
    const member = value[key]
    if (member !== undefined && !isOrdinaryBelow(member, depth - 1, budget)) return false
  }
  return true
}

const own = (value: unknown) => ({ value, writable: true, enumerable: true, configurable: true })

/** Makes an object of entries. Unlike assignment, it keeps a key called `__proto__`. */
export const fromEntries = (entries: Iterable<readonly [string, unknown]>): Record<string, unknown> =>
  Object.fromEntries(entries)

/** Returns a copy of the object without these keys. */
export const without = (object: JsonObject, keys: ReadonlySet<string>): Record<string, unknown> =>
  fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)))
