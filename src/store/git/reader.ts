/** Reads parts of states from the trees of checkpoints. */
import { countItems, pause, readFields, shownAs } from '../../checkpoints/trees/documents.ts'
import { type BlobIds, blobsBelow, type Files, readBlobs } from '../../checkpoints/trees/files.ts'
import {
  besideSegment,
  decodeDocument,
  decodeEvents,
  decodeItem,
  itemAt,
  itemPlace,
  itemsIn,
  type LogTail,
  numbered,
  parseItemPath,
  parseSegmentName,
} from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { idOf } from '../addition/plan.ts'
import { RUNS } from '../addition/runs.ts'
import { eventsOf, partOf } from '../reading/partial-state.ts'
import type { LoadOptions } from '../session-store.ts'

/** Reads only what the options ask for. `last` counts items of the first of `collections`. */
export async function readPart(
  objects: ObjectStore,
  tree: ObjectId,
  session: SessionId,
  { last, events }: LoadOptions,
  collections: readonly string[],
): Promise<JsonObject> {
  const first = collections[0] ?? ''
  const from = last === undefined ? 0 : Math.max(0, (await countItems(objects, tree, first)) - last)
  const withoutLogs = events === false && collections.includes(RUNS)
  const blobs = await blobsBelow(objects, tree, {
    enter: (path) => {
      if (path.startsWith(`${first}/`) && (itemsIn(path.slice(first.length + 1))?.end ?? from + 1) <= from)
        return false
      return !(withoutLogs && path.startsWith(`${RUNS}/`) && isInItem(path))
    },
  })
  const apart: BlobIds = new Map()
  for (const [path, id] of blobs) {
    const index = path.startsWith(`${first}/`) ? itemAt(path) : undefined
    if (from === 0 || index === undefined) continue
    blobs.delete(path)
    if (index >= from) apart.set(path, id)
  }
  const document = shownAs(session, await decodeDocument(await readBlobs(objects, blobs), pause))
  const tail = itemsOf(await readBlobs(objects, apart))
  return partOf(from === 0 ? document : { ...document, [first]: tail }, { events: !withoutLogs }, [RUNS])
}

/** Returns the events of one run; of other runs, no events are read. Throws NotFoundError if the run does not exist. */
export async function readEvents(
  objects: ObjectStore,
  tree: ObjectId,
  session: SessionId,
  run: string,
  after: number,
): Promise<readonly unknown[]> {
  const heads = await blobsBelow(objects, tree, { at: RUNS, enter: (path) => !isInItem(path) })
  const runs = itemsOf(await readBlobs(objects, heads))
  const index = runs.findIndex((one) => idOf(one) === run)
  if (index === -1) {
    const fields = await readFields(objects, tree)
    return eventsOf(fields, session, run, after)
  }
  const { folder, stem } = itemPlace(RUNS, index)
  const at = `${folder}/${stem}`
  const files = await readBlobs(objects, await blobsBelow(objects, tree, { at }))
  return eventsOf({ [RUNS]: [decodeItem(files)] }, session, run, after)
}

/** Whether a path is inside the folder of an item, such as the path of a log. */
const isInItem = (path: string): boolean => (parseItemPath(path)?.inside.length ?? 0) > 0

/** Decodes the items, sorted by index. The first index need not be 0. */
function itemsOf(files: ReadonlyMap<string, Uint8Array>): unknown[] {
  const byIndex = new Map<number, Map<string, Uint8Array>>()
  for (const [path, bytes] of files) {
    const index = itemAt(path)
    if (index === undefined) continue
    const own = byIndex.get(index) ?? new Map<string, Uint8Array>()
    byIndex.set(index, own.set(path, bytes))
  }
  return [...byIndex].sort(([a], [b]) => a - b).map(([, own]) => decodeItem(own))
}

/** The end of a run's log: its last segment, how many events the log has, and the last sequence number. */
export interface LogEnd {
  tail: LogTail | undefined
  count: number
  last: number | undefined
}

/** Returns the end of the log at `place` from its files. */
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
