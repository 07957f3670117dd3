/**
 * Writes JSON, with keys in the order given. `JSON.stringify` is not used: it turns `-0` into `0` and `NaN` into
 * `null`, calls `toJSON`, and overflows the stack at great depth.
 */

import { InvalidStateError } from '../errors.ts'
import { MAX_DEPTH, MAX_TEXT, MAX_VALUE } from '../json-value.ts'
import type { StatePath } from '../state/index.ts'
import type { KeyOrder } from './layout.ts'

/** An object of the format that replaces a value. Its keys are not the user's, so they are not escaped. */
export class Marker {
  readonly json: object

  constructor(json: object) {
    this.json = json
  }
}

/** Replacements of a format on top of JSON. */
export interface Marks {
  /**
   * Returns the marker to write for this text; `undefined`: the text itself.
   *
   * @param flat whether the marker must be on one line
   */
  text(value: string, flat: boolean): Marker | undefined
  /** Returns the key to write for this key of the user. */
  key(key: string): string
}

export interface WriteOptions {
  /** Write everything on one line, without spaces. Default: in lines that make readable diffs. */
  compact?: boolean
  /** Path of the value in its document, for errors and to count its depth. */
  path?: StatePath
  order?: KeyOrder | undefined
  marks?: Marks
}

/**
 * Returns the JSON text of the value, without a final newline. Properties that are `undefined` are left out. Throws
 * InvalidStateError, with the path, for values that JSON cannot represent or that exceed a limit.
 *
 * Unless `compact`, the outermost object has one line per member; in an item, consecutive words and numbers share lines
 * of up to 120 characters. An inner value is on one line if it fits into 120 characters, if its only member is on one
 * line, or if its key is in an order's `last`. Otherwise it has one line per member.
 */
export function writeJson(
  value: unknown,
  { compact = false, path = [], order, marks }: WriteOptions = {},
): string {
  const writer: Writer = { size: 0, compact, isItem: path.length > 0, path: [...path], marks }
  const text = write(writer, value, order, 0, compact)
  if (text.length > MAX_TEXT) throw tooLong(writer)
  return text
}

/**
 * Whether the value is a plain object, not an array or a class instance. An object of another vm context counts too.
 */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const parent = Object.getPrototypeOf(value)
  return parent === Object.prototype || parent === null || Object.getPrototypeOf(parent) === null
}

/** Sorts keys: known keys first, in the given order, then unknown keys as they come, then those of `last`. */
export function sortKeys(keys: readonly string[], { keys: known, last = NONE }: KeyOrder): string[] {
  const first = known.filter((key) => keys.includes(key))
  const end = last.filter((key) => keys.includes(key))
  if (first.length + end.length === 0) return [...keys]
  return [...first, ...keys.filter((key) => !known.includes(key) && !last.includes(key)), ...end]
}

interface Writer {
  /** Characters so far. */
  size: number
  readonly compact: boolean
  readonly isItem: boolean
  readonly path: (string | number)[]
  readonly marks: Marks | undefined
}

/** Longer values have one line per member. */
const WIDTH = 120
const NONE: readonly string[] = []

/** @param flat whether the value must be on one line */
function write(
  writer: Writer,
  value: unknown,
  order: KeyOrder | undefined,
  level: number,
  flat: boolean,
): string {
  switch (typeof value) {
    case 'string':
      return writeText(writer, value, level, flat)
    case 'number':
      if (!Number.isFinite(value)) throw unfit(writer, `is ${value}, which JSON cannot represent`)
      return value === 0 && 1 / value < 0 ? '-0' : `${value}`
    case 'boolean':
      return `${value}`
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return writeArray(writer, value, level, flat)
      if (value instanceof Marker) return markerText(value, level, flat, writer.compact)
      return writeObject(writer, value, order, level, flat)
    default:
      throw unfit(writer, WRONG_TYPES[typeof value] ?? `is a ${typeof value}, which JSON cannot represent`)
  }
}

function writeText(writer: Writer, value: string, level: number, flat: boolean): string {
  if (value.length > MAX_VALUE / 3) checkSize(writer, value)
  const marker = writer.marks?.text(value, flat)
  const text = marker === undefined ? JSON.stringify(value) : markerText(marker, level, flat, writer.compact)
  count(writer, text.length)
  return text
}

/** Writes a marker on one line, except that each string of a list has its own line. */
function markerText({ json }: Marker, level: number, flat: boolean, compact: boolean): string {
  if (compact) return JSON.stringify(json)
  const members = Object.entries(json).map(([key, value]: [string, unknown]) => {
    const isList = !flat && Array.isArray(value)
    return `"${key}": ${isList ? listText(value, level) : JSON.stringify(value)}`
  })
  return `{${members.join(', ')}}`
}

/** Writes a list of strings, each on its own line. */
function listText(texts: readonly string[], level: number): string {
  const gap = newline(level + 1)
  const end = `${newline(level)}]`
  // One call for the whole list takes half the time, but indents by at most ten spaces.
  return gap.length <= 1 + 10
    ? JSON.stringify(texts, undefined, gap.length - 1).slice(0, -2) + end
    : `[${texts.map((text) => gap + JSON.stringify(text)).join(',')}${end}`
}

function writeArray(writer: Writer, items: readonly unknown[], level: number, flat: boolean): string {
  if (items.length === 0) return '[]'
  enter(writer)
  const last = writer.path.length - 1
  const members: string[] = []
  for (let index = 0; index < items.length; index++) {
    writer.path[last] = index
    count(writer, gapWidth(writer, level))
    members.push(write(writer, items[index], undefined, level + 1, flat))
  }
  writer.path.pop()
  return joined(writer, '[', members, ']', level, flat)
}

function writeObject(
  writer: Writer,
  value: object,
  order: KeyOrder | undefined,
  level: number,
  flat: boolean,
): string {
  if (!isPlain(value)) throw unfit(writer, describe(value))
  const keys = order === undefined ? Object.keys(value) : sortKeys(Object.keys(value), order)
  const gap = writer.compact ? ':' : ': '
  const members: string[] = []
  const shares = level === 0 && writer.isItem && !flat
  let wasWord = false
  let last = 0
  for (const key of keys) {
    const member = value[key]
    if (member === undefined) continue
    if (members.length === 0) {
      enter(writer)
      last = writer.path.length - 1
    }
    writer.path[last] = key
    const name = JSON.stringify(writer.marks === undefined ? key : writer.marks.key(key))
    const isFlat = flat || order?.last?.includes(key) === true
    count(writer, name.length + gapWidth(writer, level))
    const text = name + gap + write(writer, member, order?.inside?.get(key), level + 1, isFlat)
    const isWord = shares && isWordOrNumber(member)
    const before = members.at(-1)
    if (isWord && wasWord && before!.length + 2 + text.length <= WIDTH)
      members[members.length - 1] = `${before}, ${text}`
    else members.push(text)
    wasWord = isWord
  }
  if (members.length === 0) return '{}'
  writer.path.pop()
  return joined(writer, '{', members, '}', level, flat)
}

function joined(
  { compact }: Writer,
  open: string,
  members: readonly string[],
  close: string,
  level: number,
  flat: boolean,
): string {
  if (compact) return open + members.join(',') + close
  if (flat || (level > 0 && isShort(members))) return open + members.join(', ') + close
  const gap = newline(level + 1)
  return open + gap + members.join(`,${gap}`) + newline(level) + close
}

function isShort(members: readonly string[]): boolean {
  let width = 2 * members.length
  for (const { length } of members) width += length
  return (members.length === 1 || width <= WIDTH) && !members.some((text) => text.includes('\n'))
}

/** Characters that count for the separator and the indentation of a member. */
const gapWidth = ({ compact }: Writer, level: number): number => (compact ? 2 : 4 + 2 * level)

/** Whether a value may share its line with others: not prose, not an object. */
const isWordOrNumber = (value: unknown): boolean =>
  typeof value === 'string' ? value.length < WIDTH && !/\s/.test(value) : typeof value !== 'object'

/** Throws as soon as the text is too long, so a value that expands without end is not written first. */
function count(writer: Writer, length: number): void {
  writer.size += length
  if (writer.size > MAX_TEXT) throw tooLong(writer)
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
