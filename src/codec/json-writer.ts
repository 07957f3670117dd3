/**
 * JSON text of a value: two spaces, keys in the order they came. `JSON.stringify` will not do: it turns `-0` into
 * `0` and `NaN` into `null`, calls `toJSON`, and overflows the stack at great depth.
 */

import { InvalidStateError } from '../errors.ts'
import { MAX_DEPTH, MAX_TEXT, MAX_VALUE } from '../json-value.ts'
import type { StatePath } from '../state/index.ts'
import type { KeyOrder } from './layout.ts'

/** Something of the format's own that stands in a value's place; its keys are not the user's. */
export class Marker {
  readonly json: object

  constructor(json: object) {
    this.json = json
  }
}

/** What a format on top of JSON changes on the way. */
export interface Marks {
  /** What to write for this text; `undefined`: the text itself. */
  text(value: string): Marker | undefined
  /** What to write for this key of the user's. */
  key(key: string): string
}

export interface WriteOptions {
  /** Everything on one line. Default: two spaces. */
  compact?: boolean
  /** Where the value stands in its document, for errors and for the depth. */
  path?: StatePath
  order?: KeyOrder | undefined
  marks?: Marks
}

/**
 * JSON text of the value, without a final newline. Properties that are `undefined` are left out. Throws
 * InvalidStateError, with the path, for what JSON cannot express and for what is over a limit.
 */
export function writeJson(value: unknown, options: WriteOptions = {}): string {
  const { compact = false, order, marks } = options
  left = SIMPLE_VALUES
  const simple = asSimple(value, marks, order, 0)
  if (simple === NOT_SIMPLE) return writeByHand(value, options)
  return JSON.stringify(simple, undefined, compact ? undefined : 2)
}

/** `writeJson` for every value. */
export function writeByHand(
  value: unknown,
  { compact = false, path = [], order, marks }: WriteOptions = {},
): string {
  const writer: Writer = { text: '', compact, path: [...path], marks }
  write(writer, value, order, 0)
  return writer.text
}

const NOT_SIMPLE = Symbol('not simple')
/** Shorter than any text that goes beside. */
const SIMPLE_TEXT = 4096
const SIMPLE_DEPTH = 32
/** One object that stands in two places of another, and so on, can unfold without end. */
const SIMPLE_VALUES = 10_000
let left = 0

/**
 * What `JSON.stringify`, which is three times as fast, writes as we would: most messages. With markers in place, and
 * known keys first. `NOT_SIMPLE` for whatever it might write otherwise or we refuse.
 */
function asSimple(
  value: unknown,
  marks: Marks | undefined,
  order: KeyOrder | undefined,
  depth: number,
): unknown {
  switch (typeof value) {
    case 'string':
      if (value.length > SIMPLE_TEXT) return NOT_SIMPLE
      return marks?.text(value)?.json ?? value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : NOT_SIMPLE
    case 'boolean':
      return value
    case 'object':
      break
    default:
      return NOT_SIMPLE
  }
  if (value === null) return null
  if (value instanceof Marker) return value.json
  if (depth === SIMPLE_DEPTH || left < 0) return NOT_SIMPLE
  if (Array.isArray(value)) {
    const items: unknown[] = []
    left -= value.length
    for (let index = 0; index < value.length; index++) {
      const item = asSimple(value[index], marks, undefined, depth + 1)
      if (item === NOT_SIMPLE) return NOT_SIMPLE
      items.push(item)
    }
    return items
  }
  if (!isPlain(value)) return NOT_SIMPLE
  const keys = order === undefined ? Object.keys(value) : sortKeys(Object.keys(value), order)
  left -= keys.length
  const object: Record<string, unknown> = {}
  for (const key of keys) {
    const member = value[key]
    if (member === undefined) continue
    // A new object has numbers first, and `__proto__` is no key of its own.
    if (/^(?:\d|__proto__$)/.test(key)) return NOT_SIMPLE
    const simple = asSimple(member, marks, order?.inside?.get(key), depth + 1)
    if (simple === NOT_SIMPLE) return NOT_SIMPLE
    object[marks === undefined ? key : marks.key(key)] = simple
  }
  return object
}

/** Whether it is an object as JSON knows them, and no instance of anything; one of a vm context counts too. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const parent = Object.getPrototypeOf(value)
  return parent === Object.prototype || parent === null || Object.getPrototypeOf(parent) === null
}

/** Known keys first, in their order; the others after them, in theirs. */
export function sortKeys(keys: readonly string[], { keys: known }: KeyOrder): string[] {
  const first = known.filter((key) => keys.includes(key))
  return first.length === 0 ? [...keys] : [...first, ...keys.filter((key) => !known.includes(key))]
}

interface Writer {
  text: string
  readonly compact: boolean
  readonly path: (string | number)[]
  readonly marks: Marks | undefined
}

function write(writer: Writer, value: unknown, order: KeyOrder | undefined, level: number): void {
  switch (typeof value) {
    case 'string':
      writeText(writer, value, level)
      return
    case 'number':
      if (!Number.isFinite(value)) throw unfit(writer, `is ${value}, which JSON cannot represent`)
      writer.text += value === 0 && 1 / value < 0 ? '-0' : value
      return
    case 'boolean':
      writer.text += value
      return
    case 'object':
      if (value === null) writer.text += 'null'
      else if (Array.isArray(value)) writeArray(writer, value, level)
      else if (value instanceof Marker) writeMarker(writer, value, level)
      else writeObject(writer, value, order, level)
      return
    default:
      throw unfit(writer, WRONG_TYPES[typeof value] ?? `is a ${typeof value}, which JSON cannot represent`)
  }
}

function writeText(writer: Writer, value: string, level: number): void {
  if (value.length > MAX_VALUE / 3) checkSize(writer, value)
  const marker = writer.marks?.text(value)
  if (marker === undefined) writer.text += JSON.stringify(value)
  else writeMarker(writer, marker, level)
}

function writeMarker(writer: Writer, { json }: Marker, level: number): void {
  if (writer.compact) {
    writer.text += JSON.stringify(json)
    return
  }
  writer.text += JSON.stringify(json, undefined, 2).replaceAll('\n', newline(level))
}

function writeArray(writer: Writer, items: readonly unknown[], level: number): void {
  if (items.length === 0) {
    writer.text += '[]'
    return
  }
  enter(writer)
  const last = writer.path.length - 1
  const gap = writer.compact ? '' : newline(level + 1)
  for (let index = 0; index < items.length; index++) {
    writer.path[last] = index
    writer.text += index === 0 ? `[${gap}` : `,${gap}`
    write(writer, items[index], undefined, level + 1)
    if (writer.text.length > MAX_TEXT) throw tooLong(writer)
  }
  writer.path.pop()
  writer.text += writer.compact ? ']' : `${newline(level)}]`
}

function writeObject(writer: Writer, value: object, order: KeyOrder | undefined, level: number): void {
  if (!isPlain(value)) throw unfit(writer, describe(value))
  const keys = order === undefined ? Object.keys(value) : sortKeys(Object.keys(value), order)
  let open = false
  let last = 0
  for (const key of keys) {
    const member = value[key]
    if (member === undefined) continue
    if (!open) {
      enter(writer)
      last = writer.path.length - 1
    }
    writer.path[last] = key
    const gap = writer.compact ? '' : newline(level + 1)
    const name = writer.marks === undefined ? key : writer.marks.key(key)
    writer.text += `${open ? ',' : '{'}${gap}${JSON.stringify(name)}${writer.compact ? ':' : ': '}`
    open = true
    write(writer, member, order?.inside?.get(key), level + 1)
    if (writer.text.length > MAX_TEXT) throw tooLong(writer)
  }
  if (!open) {
    writer.text += '{}'
    return
  }
  writer.path.pop()
  writer.text += writer.compact ? '}' : `${newline(level)}}`
}

function enter(writer: Writer): void {
  if (writer.path.length >= MAX_DEPTH) {
    throw unfit(writer, `contains a value more than ${MAX_DEPTH} levels deep, or contains itself`)
  }
  writer.path.push('')
}

function checkSize(writer: Writer, value: string): void {
  const size = Buffer.byteLength(value)
  if (size > MAX_VALUE) throw unfit(writer, `has ${size} bytes; one value may have ${MAX_VALUE}`)
}

const gaps: string[] = []
const newline = (level: number): string => (gaps[level] ??= `\n${'  '.repeat(level)}`)

const WRONG_TYPES: Record<string, string> = {
  undefined: 'is undefined, which JSON cannot represent inside an array; use null',
  bigint: 'is a bigint, which JSON cannot represent; store it as text',
  function: 'is a function, which JSON cannot represent',
}

function describe(value: object): string {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return 'is binary, which JSON cannot represent; store it as base64 text'
  }
  if (value instanceof Date) return 'is a Date, which JSON cannot represent; store its ISO 8601 text'
  const name = (value.constructor as { name?: unknown } | undefined)?.name
  return `is a ${typeof name === 'string' && name !== '' ? name : 'special object'}, which JSON cannot represent; store a plain object or array`
}

const tooLong = (writer: Writer): InvalidStateError =>
  unfit(writer, `is longer than ${MAX_TEXT} characters as JSON, together with the values before it`)

const unfit = (writer: Writer, message: string): InvalidStateError =>
  new InvalidStateError([{ path: [...writer.path], message }])
