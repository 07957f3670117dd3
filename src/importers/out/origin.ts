/**
 * The origin of a session that forkpoint wrote for a tool. It is stored in the first entry of the file, under
 * `forkpoint`, where the tool ignores it. An import uses it to add new messages to the original session.
 */
import { isJsonObject } from '../../json-value.ts'
import type { ByteSource } from '../byte-source.ts'
import { parseLine, readLines } from '../jsonl.ts'

export interface Origin {
  session: string
  /** Checkpoint that the file continues. */
  checkpoint: string
  /** Number of entries that forkpoint wrote. Later entries are new. */
  lines: number
}

/** Adds the origin to the text of a session: JSON lines, or one document in opencode's format. */
export function withOrigin(text: string, origin: Omit<Origin, 'lines'>): string {
  const end = text.indexOf('\n')
  const lines = text.split('\n').length - 1
  const first = parseLine(Buffer.from(text.slice(0, end)))
  if (first.kind === 'value' && isJsonObject(first.value)) {
    return JSON.stringify(marked(first.value, { ...origin, lines })) + text.slice(end)
  }
  const document: unknown = JSON.parse(text)
  if (!isJsonObject(document)) return text
  const { messages } = document
  const count = Array.isArray(messages) ? messages.length : 0
  return `${JSON.stringify(marked(document, { ...origin, lines: count }), null, 2)}\n`
}

/** Returns the origin of a file; `undefined` if forkpoint did not write it. */
export async function originOf(source: ByteSource): Promise<Origin | undefined> {
  if (source.frame !== undefined && source.frame.kind === undefined)
    return originIn(JSON.parse(source.frame.text))
  for await (const { bytes } of readLines(source.chunks())) {
    const parsed = bytes && parseLine(bytes)
    return parsed?.kind === 'value' ? originIn(parsed.value) : undefined
  }
  return undefined
}

/** Possible places of the origin in the first entry. Opencode keeps only `metadata` and drops the rest. */
const PLACES: readonly (readonly string[])[] = [['payload'], ['info', 'metadata'], []]

function marked(entry: Record<string, unknown>, origin: Origin): object {
  const place = PLACES.find(([key]) => key === undefined || isJsonObject(entry[key])) ?? []
  return markedAt(entry, place, origin)
}

function markedAt(entry: object, [key, ...rest]: readonly string[], origin: Origin): object {
  if (key === undefined) return { ...entry, forkpoint: origin }
  const inner = (entry as Record<string, unknown>)[key]
  return { ...entry, [key]: markedAt(isJsonObject(inner) ? inner : {}, rest, origin) }
}

function originIn(entry: unknown): Origin | undefined {
  for (const place of PLACES) {
    const holder = place.reduce(
      (inner: unknown, key) => (isJsonObject(inner) ? inner[key] : undefined),
      entry,
    )
    const found = isJsonObject(holder) ? holder.forkpoint : undefined
    if (!isJsonObject(found)) continue
    const { session, checkpoint, lines } = found
    if (typeof session === 'string' && typeof checkpoint === 'string' && typeof lines === 'number')
      return { session, checkpoint, lines }
  }
  return undefined
}
