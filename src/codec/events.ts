/**
 * Append-only logs, as segments of JSON lines. The events alone determine the segments, so a log written at once has
 * the same bytes as one written event by event.
 */
import { CorruptError } from '../errors.ts'
import type { StatePath } from '../state/index.ts'
import { stranger } from './json-file.ts'
import { isShallow, parseJson, textOf } from './json-reader.ts'
import { writeJson } from './json-writer.ts'
import type { KeyOrder, Layout } from './layout.ts'
import { type Beside, marksOf, revive } from './markers.ts'
import { isSideFile, itemPlace, numbered, parseSegmentName } from './place.ts'

/** A segment is full when it has this many events … */
export const SEGMENT_EVENTS = 256
/** … or this many bytes. */
export const SEGMENT_BYTES = 64 * 1024

type Files = Map<string, Uint8Array>
type ReadonlyFiles = ReadonlyMap<string, Uint8Array>

/** The end of a log, as far as appending needs it. */
export interface LogTail {
  /** Number of the last segment. */
  readonly segment: number
  /** Contents of the last segment. */
  readonly bytes: Uint8Array
  /** How many files are beside the last segment. */
  readonly beside: number
}

/**
 * Returns the files that change when events are added to an item's log: the last segment, unless it is full, new
 * segments, and the files beside them. The returned `tail` is the new end of the log.
 *
 * @param tail the current end of the log; `undefined` if the item has no log yet
 * @param first how many events the log has, for the paths in errors
 */
export function appendEvents(
  layout: Layout,
  collection: string,
  index: number,
  tail: LogTail | undefined,
  events: readonly unknown[],
  first = 0,
): { files: Files; tail: LogTail | undefined } {
  const spec = layout.collections.find(({ name }) => name === collection)
  if (spec?.log === undefined) throw new TypeError(`Items of '${collection}' have no log.`)
  const { folder, stem } = itemPlace(collection, index)
  const place = `${folder}/${stem}/${spec.log}`
  const path = [collection, index, spec.log]
  const files: Files = new Map()
  let last = tail
  for (const [segment, parts] of segments(place, events, path, spec.logOrder, tail, first)) {
    for (const [file, bytes] of parts) files.set(file, bytes)
    const own = parts.get(segmentFile(place, segment)) as Uint8Array
    const before = segment === tail?.segment ? tail.beside : 0
    last = { segment, bytes: own, beside: before + parts.size - 1 }
  }
  return { files, tail: last }
}

/** Yields all files of a log; `folder` is the folder of its segments. */
export function* encodeLog(
  folder: string,
  events: readonly unknown[],
  path: StatePath,
  order: KeyOrder | undefined,
): Generator<[string, Uint8Array], void, undefined> {
  for (const [, files] of segments(folder, events, path, order)) yield* files
}

/** Returns all events of a log. Throws CorruptError for a missing segment, a broken line or a foreign file. */
export function decodeLog(folder: string, files: ReadonlyFiles): unknown[] {
  const numbers: number[] = []
  for (const file of files.keys()) {
    if (!file.startsWith(`${folder}/`)) continue
    const number = parseSegmentName(file.slice(folder.length + 1))
    if (number === undefined) throw stranger(file)
    if (file === segmentFile(folder, number)) numbers.push(number)
  }
  numbers.sort((a, b) => a - b)
  const events: unknown[] = []
  for (const [index, number] of numbers.entries()) {
    const file = segmentFile(folder, index)
    if (number !== index) throw new CorruptError(`'${file}' is missing, although later ones exist.`, { file })
    for (const event of decodeEvents(file, files)) events.push(event)
  }
  if (events.length === 0) {
    const file = segmentFile(folder, 0)
    throw new CorruptError(`'${file}' is missing.`, { file })
  }
  return events
}

/** Returns the events of one segment; `files` has it and the files beside it. Throws CorruptError. */
export function decodeEvents(file: string, files: ReadonlyFiles): unknown[] {
  const bytes = files.get(file)
  if (bytes === undefined) throw new CorruptError(`'${file}' is missing.`, { file })
  const text = textOf(bytes, file)
  if (!text.endsWith('\n')) throw new CorruptError(`'${file}' ends in the middle of a line.`, { file })
  const lines = text.slice(0, -1).split('\n')
  const source = { file, stem: file.slice(0, -'.jsonl'.length), files }
  const marked = text.includes('"$')
  return lines.map((line, index) => {
    const event = parseJson(line, file, index + 1)
    return marked || !isShallow(line) ? revive(event, source) : event
  })
}

/** Counts the names of files beside this segment, among all names in its folder. */
export function besideSegment(segment: number, names: Iterable<string>): number {
  let count = 0
  for (const name of names) if (isSideFile(name, numbered(segment))) count++
  return count
}

const segmentFile = (folder: string, segment: number): string => `${folder}/${numbered(segment)}.jsonl`

/** Yields each segment that events are added to, with its files. */
function* segments(
  folder: string,
  events: readonly unknown[],
  path: StatePath,
  order: KeyOrder | undefined,
  tail?: LogTail,
  first = 0,
): Generator<[number, Files], void, undefined> {
  let segment = tail?.segment ?? 0
  let room = new Room(tail?.bytes)
  let beside = tail?.beside ?? 0
  let next = 0
  while (next < events.length) {
    if (room.full) {
      segment += 1
      room = new Room()
      beside = 0
    }
    const files: Files = new Map()
    const side: Beside = { stem: `${folder}/${numbered(segment)}`, count: beside, files }
    const marks = marksOf(side)
    while (next < events.length && !room.full) {
      const at = [...path, first + next]
      room.add(`${writeJson(events[next], { compact: true, path: at, order, marks })}\n`)
      next += 1
    }
    files.set(segmentFile(folder, segment), room.bytes())
    yield [segment, files]
  }
}

/** A segment that is being filled. */
class Room {
  #before: Uint8Array
  #lines = ''
  #count: number
  #size: number

  constructor(before: Uint8Array = new Uint8Array()) {
    this.#before = before
    this.#size = before.length
    this.#count = 0
    for (let at = before.indexOf(10); at !== -1; at = before.indexOf(10, at + 1)) this.#count += 1
  }

  get full(): boolean {
    return this.#count >= SEGMENT_EVENTS || this.#size >= SEGMENT_BYTES
  }

  add(line: string): void {
    this.#lines += line
    this.#size += Buffer.byteLength(line)
    this.#count += 1
  }

  bytes(): Buffer {
    const lines = Buffer.from(this.#lines)
    return this.#before.length === 0 ? lines : Buffer.concat([this.#before, lines])
  }
}
