/**
 * A line as it is kept beside what was made of it. Long texts of the line that the message says, too, are not kept a
 * second time: `pieces` holds in turn text of the line, and where in the message the next string of it stands.
 */
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { type RawText, rawBytes } from '../../jsonl.ts'

/** Either the line itself, or its pieces. */
export type KeptLine = { line: number } & (RawText | { pieces: readonly string[] })

/** @param message says some of the line; `undefined` for an event */
export function keepLine(line: number, raw: RawText, message: JsonObject | undefined): KeptLine {
  const pieces = message && 'text' in raw && typeof raw.text === 'string' && piecesOf(raw.text, message)
  return pieces ? { line, pieces } : { line, ...raw }
}

/** The bytes of the line. Throws TypeError when the message no longer says what it said. */
export function lineOf(kept: KeptLine, message: JsonObject): Buffer {
  if (!('pieces' in kept)) return rawBytes(kept)
  return Buffer.from(kept.pieces.map((piece, n) => (n % 2 === 0 ? piece : stringAt(message, piece))).join(''))
}

/** Shorter strings are not worth a reference. */
const LONG = 64

function piecesOf(text: string, message: JsonObject): string[] | undefined {
  const found: { at: number; end: number; path: string }[] = []
  for (const [path, said] of longStrings(message, Array.isArray(message.parts) ? 'parts' : 'content')) {
    const token = JSON.stringify(said)
    const at = text.indexOf(token)
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

function* longStrings(value: unknown, path: string, depth = 8): Generator<[string, string]> {
  const inner = path === 'parts' || path === 'content' ? (value as JsonObject)[path] : value
  if (typeof inner === 'string') {
    if (inner.length >= LONG) yield [path, inner]
  } else if (depth > 0 && typeof inner === 'object' && inner !== null) {
    for (const [key, next] of Object.entries(inner))
      if (!key.includes('/')) yield* longStrings(next, `${path}/${key}`, depth - 1)
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
