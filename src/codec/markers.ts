/**
 * Markers, which replace texts that would be hard to read in a JSON file:
 *
 *     {"$lines": ["first", "second"]}                             a text with line feeds
 *     {"$file": "000001-tool.1.txt"}                              a text over 4 KiB, in a file beside it
 *     {"$file": "000001-tool.2.bin", "encoding": "base64"}        one that is base64, as bytes in a file beside it
 *     {"$parts": "text"}                                          the content of a message, if it equals the text of its parts
 *
 * A key of the user that is one of these words after one or more `$` is written with one more `$`.
 */
import { CorruptError } from '../errors.ts'
import { bufferOf, MAX_FILE_DEPTH, textOf } from './json-reader.ts'
import { Marker, type Marks } from './json-writer.ts'
import { isSideFile } from './place.ts'

/** Longer texts, in bytes of UTF-8, go into files beside the JSON file. */
export const MAX_INLINE_TEXT = 4 * 1024

/** Replaces the content of a message that equals the text of its parts. */
export const PARTS_MARKER = new Marker({ $parts: 'text' })

export const isPartsMarker = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  hasOnly(value, '$parts') &&
  (value as { $parts: unknown }).$parts === 'text'

/** The files beside a JSON file, which hold its long texts, numbered in the order of the texts. */
export interface Beside {
  /** Folder and stem, such as `messages/0000/000001-tool`. */
  readonly stem: string
  /** How many files there are so far. */
  count: number
  readonly files: Map<string, Uint8Array>
}

/** Returns the marks for writing one file. */
export const marksOf = (beside: Beside): Marks => ({
  key: escapeKey,
  text(value, flat) {
    if (value.length * 3 > MAX_INLINE_TEXT) {
      const name = putBeside(beside, value)
      if (name !== undefined) return name
    }
    return !flat && value.includes('\n') ? new Marker({ $lines: value.split('\n') }) : undefined
  },
})

/** The files that the markers of a file refer to. */
export interface Source {
  /** Path of the JSON file, for errors. */
  readonly file: string
  /** Folder and stem of the files beside it. */
  readonly stem: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

/**
 * Restores the original value, in place. Throws CorruptError for a broken marker, for one that refers to a missing file
 * or to a file that is not beside this one, and for a value that is too deep.
 */
export function revive(value: unknown, source: Source, level = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (level >= MAX_FILE_DEPTH) throw broken(source, `a value is more than ${MAX_FILE_DEPTH} levels deep`)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item = value[index]
      if (typeof item === 'object' && item !== null) value[index] = revive(item, source, level + 1)
    }
    return value
  }
  const object = value as Record<string, unknown>
  let escaped = false
  for (const key of Object.keys(object)) {
    if (key.charCodeAt(0) === DOLLAR && RESERVED.test(key)) {
      if (key.charCodeAt(1) !== DOLLAR) return reviveMarker(object, source)
      escaped = true
    }
    const member = object[key]
    // JSON.parse made `__proto__` an own key, so assigning to it does not set the prototype.
    if (typeof member === 'object' && member !== null) object[key] = revive(member, source, level + 1)
  }
  return escaped ? withoutEscapes(object) : object
}

const RESERVED = /^\$+(?:lines|file|parts)$/
const DOLLAR = 36

const escapeKey = (key: string): string =>
  key.charCodeAt(0) === DOLLAR && RESERVED.test(key) ? `$${key}` : key

function withoutEscapes(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, member]) => [RESERVED.test(key) ? key.slice(1) : key, member]),
  )
}

function putBeside(beside: Beside, text: string): Marker | undefined {
  if (text.length <= MAX_INLINE_TEXT && Buffer.byteLength(text) <= MAX_INLINE_TEXT) return undefined
  const bytes = bytesOfBase64(text)
  if (bytes !== undefined) return new Marker({ $file: put(beside, 'bin', bytes), encoding: 'base64' })
  // Half of a surrogate pair has no UTF-8 form, so such a text stays in the JSON file, escaped.
  if (!text.isWellFormed()) return undefined
  const encoded = Buffer.from(text)
  texts.set(encoded, text)
  return new Marker({ $file: put(beside, 'txt', encoded) })
}

/** The texts of files that were encoded here. To encode 20 MB once more would take 50 ms. */
const texts = new WeakMap<Uint8Array, string>()

/** Whether a file is the text. */
export function isFileOf(text: string, file: Uint8Array): boolean {
  const encoded = texts.get(file)
  if (encoded !== undefined) return encoded === text
  return text.length <= file.length && Buffer.from(text).equals(file)
}

function put(beside: Beside, extension: string, bytes: Uint8Array): string {
  const path = `${beside.stem}.${++beside.count}.${extension}`
  beside.files.set(path, bytes)
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Returns the bytes of a base64 text (RFC 4648, section 4), if encoding them gives the same text. */
function bytesOfBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined
  const end = text.search(/[^A-Za-z0-9+/]/)
  if (end !== -1 && (end < text.length - 2 || !/^==?$/.test(text.slice(end)))) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function reviveMarker(marker: Record<string, unknown>, source: Source): string {
  if (hasOnly(marker, '$lines')) {
    const { $lines: lines } = marker
    if (Array.isArray(lines) && lines.length > 0 && lines.every((line) => typeof line === 'string')) {
      return lines.join('\n')
    }
  } else if (hasOnly(marker, '$file')) {
    const [path, bytes] = besideOf(marker.$file, 'txt', source)
    return textOf(bytes, path)
  } else if (hasOnly(marker, '$file', 'encoding') && marker.encoding === 'base64') {
    const [, bytes] = besideOf(marker.$file, 'bin', source)
    return bufferOf(bytes).toString('base64')
  }
  const keys = Object.keys(marker).map((key) => JSON.stringify(key))
  throw broken(source, `a marker with ${keys.slice(0, 5).join(', ')} has no meaning here`)
}

function besideOf(name: unknown, extension: string, { file, stem, files }: Source): [string, Uint8Array] {
  const folder = stem.slice(0, stem.lastIndexOf('/') + 1)
  if (typeof name !== 'string' || !isSideFile(name, stem.slice(folder.length)) || !name.endsWith(extension)) {
    throw broken(
      { file },
      `${typeof name === 'string' ? JSON.stringify(name.slice(0, 200)) : typeof name} is not the name of a file next to it`,
    )
  }
  const path = folder + name
  const bytes = files.get(path)
  if (bytes === undefined) {
    throw new CorruptError(`'${file}' refers to '${path}', which does not exist.`, { file: path })
  }
  return [path, bytes]
}

function hasOnly(object: object, ...keys: string[]): boolean {
  const own = Object.keys(object)
  return own.length === keys.length && keys.every((key) => Object.hasOwn(object, key))
}

const broken = ({ file }: { file: string }, what: string): CorruptError =>
  new CorruptError(`'${file}' cannot be read: ${what}.`, { file })
