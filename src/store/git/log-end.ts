/** Where the log of events of a run ends. */
import type { Files } from '../../checkpoints/trees/files.ts'
import { besideSegment, decodeEvents, type LogTail, numbered, parseSegmentName } from '../../codec/index.ts'
import { isJsonObject } from '../../json-value.ts'

/** Where the log of a run ends: its last segment, how many events it has, and the number of the last one. */
export interface LogEnd {
  tail: LogTail | undefined
  count: number
  last: number | undefined
}

/** The end of the log at `place`, told by its files. */
export function endOfLog(place: string, files: Files): LogEnd {
  const names = [...files.keys()].map((path) => path.slice(place.length + 1))
  const segments = names
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => parseSegmentName(name) ?? [])
  if (segments.length === 0) return { tail: undefined, count: 0, last: undefined }
  const segment = Math.max(...segments)
  const file = `${place}/${numbered(segment)}.jsonl`
  let count = 0
  for (const [path, bytes] of files) if (path.endsWith('.jsonl')) count += linesIn(bytes)
  const last = decodeEvents(file, files).at(-1)
  const sequence = isJsonObject(last) && typeof last.sequence === 'number' ? last.sequence : undefined
  return {
    tail: { segment, bytes: files.get(file)!, beside: besideSegment(segment, names) },
    count,
    last: sequence,
  }
}

function linesIn(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++
  return count
}
