/**
 * Where a session that forkpoint wrote for a tool comes from. It stands in the first entry of the file, under
 * `forkpoint`, where the tool takes no notice of it; so what is said there comes back to the session it went on from.
 */
import { isJsonObject } from '../../json-value.ts'
import type { ByteSource } from '../byte-source.ts'
import { parseLine, readLines } from '../jsonl.ts'

export interface Origin {
  session: string
  /** Checkpoint that the file goes on from. */
  checkpoint: string
  /** How many entries forkpoint wrote: what stands behind them is new. */
  lines: number
}

/** The text of a session with its origin in it: JSON lines, or one document of opencode's form. */
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

/** The origin of a file; `undefined` when forkpoint did not write it. */
export async function originOf(source: ByteSource): Promise<Origin | undefined> {
  if (source.frame !== undefined && source.frame.kind === undefined)
    return originIn(JSON.parse(source.frame.text))
  for await (const { bytes } of readLines(source.chunks())) {
    const parsed = bytes && parseLine(bytes)
    return parsed?.kind === 'value' ? originIn(parsed.value) : undefined
  }
  return undefined
}

/** Where it stands in the part of an entry that is about the session; opencode keeps `metadata`, and drops the rest. */
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
