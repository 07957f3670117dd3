/** States and summaries out of the trees of checkpoints, whole or in part. */
import { countItems, pause, readFields, shownAs } from '../../checkpoints/trees/documents.ts'
import { type BlobIds, blobsBelow, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeDocument, decodeItem, parseItemName } from '../../codec/index.ts'
import { NotFoundError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { idOf } from '../addition/plan.ts'
import { RUNS } from '../addition/runs.ts'
import { eventsOf, partOf } from '../partial-state.ts'
import type { LoadOptions } from '../session-store.ts'

/** Only what the options ask for is read. `collections`: the first is the one that `last` counts in. */
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
      const [name, folder, , log] = path.split('/')
      if (name === first && folder !== undefined && (Number(folder) + 1) * 100 <= from) return false
      return !(withoutLogs && name === RUNS && log !== undefined)
    },
  })
  const apart: BlobIds = new Map()
  for (const [path, id] of blobs) {
    const index = path.startsWith(`${first}/`) ? parseItemName(path.split('/')[2] ?? '') : undefined
    if (from === 0 || index === undefined) continue
    blobs.delete(path)
    if (index >= from) apart.set(path, id)
  }
  const document = shownAs(session, await decodeDocument(await readBlobs(objects, blobs), pause))
  const tail = itemsOf(await readBlobs(objects, apart))
  return partOf(from === 0 ? document : { ...document, [first]: tail }, { events: !withoutLogs }, [RUNS])
}

/** Events of one run; other runs are read without theirs. Throws NotFoundError when there is no such run. */
export async function readEvents(
  objects: ObjectStore,
  tree: ObjectId,
  session: SessionId,
  run: string,
  after: number,
): Promise<readonly unknown[]> {
  const heads = await blobsBelow(objects, tree, { at: RUNS, enter: (path) => path.split('/').length < 4 })
  const runs = itemsOf(await readBlobs(objects, heads))
  const index = runs.findIndex((one) => idOf(one) === run)
  if (index === -1) {
    const fields = await readFields(objects, tree)
    return eventsOf(fields, session, run, after)
  }
  const place = [...heads.keys()].find((path) => parseItemName(path.split('/')[2] ?? '') === index)
  if (place === undefined) throw new NotFoundError({ kind: 'run', id: run, session })
  const at = place.split('/').slice(0, 3).join('/')
  const files = await readBlobs(objects, await blobsBelow(objects, tree, { at }))
  return eventsOf({ [RUNS]: [decodeItem(files)] }, session, run, after)
}

/** Items in order of their numbers, wherever the numbers begin. */
function itemsOf(files: ReadonlyMap<string, Uint8Array>): unknown[] {
  const byIndex = new Map<number, Map<string, Uint8Array>>()
  for (const [path, bytes] of files) {
    const index = parseItemName(path.split('/')[2] ?? '')
    if (index === undefined) continue
    const own = byIndex.get(index) ?? new Map<string, Uint8Array>()
    byIndex.set(index, own.set(path, bytes))
  }
  return [...byIndex].sort(([a], [b]) => a - b).map(([, own]) => decodeItem(own))
}
