/**
 * A line as it is stored next to the message or event made of it. Long texts that the message contains as well are not
 * stored twice: `pieces` alternates between text of the line and the path of a string in the message.
 */
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { type RawText, rawBytes } from '../../jsonl.ts'

/** A stored line: either the whole line, or its pieces. */
export type KeptLine = { line: number } & (RawText | { pieces: readonly string[] })

/** A long string of a message: its path in the message, and its JSON text. */
interface Text {
  path: string
  token: string
}

/** Returns the long strings of a message, which need not be stored with the lines. */
export function textsOf(message: JsonObject): readonly Text[] {
  const texts: Text[] = []
  const key = Array.isArray(message.parts) ? 'parts' : 'content'
  addTexts(texts, message[key], key, 8)
  return texts
}

/** @param texts long strings of the message made of this line; none for an event */
export function keepLine(line: number, raw: RawText, texts: readonly Text[] = []): KeptLine {
  const pieces = 'text' in raw && typeof raw.text === 'string' ? piecesOf(raw.text, texts) : undefined
  return pieces ? { line, pieces } : { line, ...raw }
}

/** Returns the bytes of the line. Throws TypeError if the message no longer has one of the strings. */
export function lineOf(kept: KeptLine, message: JsonObject): Buffer {
  if (!('pieces' in kept)) return rawBytes(kept)
  return Buffer.from(kept.pieces.map((piece, n) => (n % 2 === 0 ? piece : stringAt(message, piece))).join(''))
}

/** Minimum length of a string that is replaced by a path. */
const LONG = 64

function piecesOf(text: string, texts: readonly Text[]): string[] | undefined {
  const found: { at: number; end: number; path: string }[] = []
  for (const { path, token } of texts) {
    const at = text.length < token.length ? -1 : text.indexOf(token)
    const end = at + token.length
    if (at === -1 || found.some((other) => at < other.end && other.at < end)) continue
    found.push({ at, end, path })
  }
  if (found.length === 0) return undefined
  const pieces: string[] = []
  let from = 0
  for (const { at, end, path } of found.sort((a, b) => a.at - b.at)) {
    pieces.push(text.slice(from, at), path)
    from = end
  }
  return [...pieces, text.slice(from)]
}

function addTexts(texts: Text[], value: unknown, path: string, depth: number): void {
  if (typeof value === 'string') {
    if (value.length >= LONG) texts.push({ path, token: JSON.stringify(value) })
  } else if (depth > 0 && typeof value === 'object' && value !== null) {
    for (const [key, next] of Object.entries(value))
      if (!key.includes('/')) addTexts(texts, next, `${path}/${key}`, depth - 1)
  }
}

function stringAt(message: JsonObject, path: string): string {
  let at: unknown = message
  for (const key of path.split('/')) {
    at =
      (isJsonObject(at) || Array.isArray(at)) && Object.hasOwn(at, key) ? (at as JsonObject)[key] : undefined
  }
  if (typeof at !== 'string') throw new TypeError(`The message has no text at '${path}'.`)
  return JSON.stringify(at)
}
