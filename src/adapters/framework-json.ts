/**
 * Converts values of frameworks to JSON: dates, URLs, maps, bytes and instances become what `JSON.stringify` makes of
 * them.
 */
import { InvalidStateError } from '../errors.ts'
import { deepCopy, isOrdinary, MAX_DEPTH } from '../json-value.ts'

type Path = readonly (string | number)[]

/** Conversions of an adapter that differ from `JSON.stringify`. */
export interface JsonForms {
  /** The JSON for an object; `undefined` leaves it to the default. */
  object?(value: object): unknown
  /** The key to write in place of this one. */
  key?(key: string): string
}

/**
 * Returns a deep copy as JSON, like `JSON.parse(JSON.stringify(value))`, except that `-0` stays: `toJSON` is called,
 * `NaN` is `null`, a `Map` is `{}`, and `undefined` is left out, or `null` in an array.
 *
 * @param path path of the value, for errors
 * @returns `undefined` for what `JSON.stringify` leaves out, such as a function
 *
 * Throws InvalidStateError for a value that is too deep or contains itself, for a bigint, and, with the cause, for a
 * `toJSON` or getter that throws.
 */
export function toJson(value: unknown, path: Path = [], forms: JsonForms = {}): unknown {
  if (forms.object === undefined && forms.key === undefined && isJson(value)) return deepCopy(value)
  return copied(value, '', { path: [...path], depth: path.length, forms, copies: new Map() })
}

/** Whether the value is certainly JSON already; `false` does not prove the contrary. */
export function isJson(value: unknown): boolean {
  try {
    return isOrdinary(value)
  } catch {
    // A getter throws; `toJson` reports its path.
    return false
  }
}

interface Copying {
  path: (string | number)[]
  depth: number
  forms: JsonForms
  /** An object in several places is copied once; otherwise a few objects could grow without bound. */
  copies: Map<object, unknown>
}

/** Marks an object that is being copied: an object that is met again inside itself is a cycle. */
const OPEN = Symbol('open')

function copied(given: unknown, key: string | number, copying: Copying): unknown {
  const form = typeof given === 'object' && given !== null ? copying.forms.object?.(given) : undefined
  if (form !== undefined) return form
  const value = plainOf(given, key, copying)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      throw unfit(copying, 'is a bigint, which JSON cannot represent; hand it over as text')
    case 'object':
      break
    default:
      return undefined
  }
  if (value === null) return null
  const known = copying.copies.get(value)
  if (known === OPEN || copying.path.length > MAX_DEPTH) throw unfit(copying, TOO_DEEP)
  if (known !== undefined) return known
  copying.copies.set(value, OPEN)
  const copy = Array.isArray(value) ? copiedList(value, copying) : copiedObject(value, copying)
  copying.copies.set(value, copy)
  return copy
}

const TOO_DEEP = `contains a value more than ${MAX_DEPTH} levels deep, or contains itself`

function copiedList(list: readonly unknown[], copying: Copying): unknown[] {
  const copy: unknown[] = []
  for (let index = 0; index < list.length; index++) {
    copying.path.push(index)
    copy.push(copied(list[index], index, copying) ?? null)
    copying.path.pop()
  }
  return copy
}

function copiedObject(object: object, copying: Copying): Record<string, unknown> {
  const entries: [string, unknown][] = []
  for (const key of Object.keys(object)) {
    copying.path.push(key)
    const value = copied(read(object, key, copying), key, copying)
    if (value !== undefined) entries.push([copying.forms.key?.(key) ?? key, value])
    copying.path.pop()
  }
  // Unlike assignment this keeps a key called `__proto__`.
  return Object.fromEntries(entries)
}

/**
 * Unwraps a value as `JSON.stringify` does: the result of `toJSON`, and the value in a wrapper such as `new String`.
 */
function plainOf(value: unknown, key: string | number, copying: Copying): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'bigint') return value
  const toJSON = read(value as object, 'toJSON', copying)
  const plain = typeof toJSON === 'function' ? called(() => toJSON.call(value, String(key)), copying) : value
  const wraps = plain instanceof Number || plain instanceof String || plain instanceof Boolean
  return wraps ? plain.valueOf() : plain
}

const read = (object: object, key: string, copying: Copying): unknown =>
  called(() => (object as Record<string, unknown>)[key], copying)

function called(call: () => unknown, copying: Copying): unknown {
  try {
    return call()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw unfit(copying, `cannot be made JSON: ${why}`, cause)
  }
}

const unfit = ({ path, depth }: Copying, message: string, cause?: unknown): InvalidStateError =>
  new InvalidStateError([{ path: path.slice(0, depth + 8), message }], undefined, { cause })
