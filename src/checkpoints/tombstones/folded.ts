/**
 * Folded tombstones: one ref keeps thousands of tombstones that need no refs of their own. Its commit has them among its
 * ancestors; its tree has, in 256 files, the newest tombstone of each session. `docs/format.md`, "Tombstones".
 */
import { createHash } from 'node:crypto'
import { CorruptError } from '../../errors.ts'
import type { AnyRepository, RefReader } from '../../git/any-repository.ts'
import { isAncestor } from '../../git/database/ancestry.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { encodeCommit } from '../../git/objects/commit.ts'
import { type NewObject, newObject } from '../../git/objects/object.ts'
import { changeTree, entriesOf, findEntry, NO_ENTRIES } from '../../git/objects/tree.ts'
import { type CommitId, FOLDED, goneRef, isObjectId, parseRef, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { FORKPOINT } from '../commits/author.ts'
import type { History } from '../commits/history.ts'
import { messageText, trailersOf } from '../commits/message.ts'
import { joinTombstones, readTombstones } from './tombstone.ts'

/** The newest tombstone of each session, by the part of a ref that encodes the session's id. */
export type FoldedTips = ReadonlyMap<string, CommitId>

/** Returns the session's newest tombstone, folded or not. Throws CorruptError. */
export async function tombstoneOf(
  { repository: { refs, objects } }: History<AnyRepository>,
  session: SessionId,
): Promise<CommitId | undefined> {
  const own = refs.read(goneRef(session)) as CommitId | undefined
  if (own !== undefined) return own
  // Read second, because folding removes the ref of a tombstone.
  const folded = refs.read(FOLDED) as CommitId | undefined
  return folded && foldedTip(objects, folded, encodeName(session))
}

/** Returns whether the session may have a tombstone, without reading folded ones. */
export const mayHaveTombstone = (refs: RefReader, session: SessionId): boolean =>
  (refs.read(goneRef(session)) ?? refs.read(FOLDED)) !== undefined

/** Returns the tombstone that was folded for a session, without reading those of others. Throws CorruptError. */
export async function foldedTip(
  objects: ObjectStore,
  at: CommitId,
  part: string,
): Promise<CommitId | undefined> {
  const known = recent.get(objects)?.get(at)
  if (known !== undefined) return known.get(part)
  const entry = findEntry(await treeOf(objects, at), bucketOf(part))
  return entry && parseBucket((await objects.read(entry.id)).data).get(part)
}

/** Returns all folded tombstones. Throws CorruptError. */
export async function foldedTips(objects: ObjectStore, at: CommitId): Promise<FoldedTips> {
  const known = recent.get(objects)?.get(at)
  if (known !== undefined) return known
  const tips = new Map<string, CommitId>()
  for (const { id } of entriesOf(await treeOf(objects, at)))
    for (const [part, tip] of parseBucket((await objects.read(id)).data)) tips.set(part, tip)
  const kept = recent.get(objects) ?? new Map<CommitId, FoldedTips>()
  if (kept.size >= MOST_RECENT) kept.delete(kept.keys().next().value!)
  recent.set(objects, kept.set(at, tips))
  return tips
}

export interface Fold {
  tip: CommitId
  /** New objects, the commit first; empty if the commit exists. */
  objects: readonly NewObject[]
}

/**
 * Adds tombstones to folded ones. If a session has a folded tombstone that does not lead to the new one, both are
 * joined. Throws CorruptError.
 */
export async function foldMore(
  history: History,
  before: CommitId | undefined,
  more: FoldedTips,
): Promise<Fold> {
  const { changes, objects } = await newerTips(history, before, more)
  return written(history, before === undefined ? [] : [before], changes, objects)
}

/** Joins the folded tombstones of two machines. Every machine that joins the same two gets the same result. */
export async function joinFolds(
  history: History,
  local: CommitId | undefined,
  remote: CommitId,
): Promise<Fold> {
  const { objects } = history
  if (local === undefined || local === remote) return { tip: remote, objects: [] }
  if (await isAncestor(objects, remote, local)) return { tip: local, objects: [] }
  if (await isAncestor(objects, local, remote)) return { tip: remote, objects: [] }
  const [first, second] = [local, remote].sort() as [CommitId, CommitId]
  const { changes, objects: joined } = await newerTips(history, first, await foldedTips(objects, second))
  return written(history, [first, second], changes, joined)
}

/** Returns whether a tombstone is `tip` or one of those before it. Throws CorruptError. */
export async function leadsTo(history: History, tip: CommitId, tombstone: CommitId): Promise<boolean> {
  return tip === tombstone || (await readTombstones(history, tip)).some(({ id }) => id === tombstone)
}

/** Returns the entries that change when these tombstones are added, and the tombstones that join two. */
async function newerTips(
  history: History,
  before: CommitId | undefined,
  more: FoldedTips,
): Promise<{ changes: Map<string, CommitId>; objects: NewObject[] }> {
  const old = before === undefined ? new Map<string, CommitId>() : await foldedTips(history.objects, before)
  const changes = new Map<string, CommitId>()
  const objects: NewObject[] = []
  for (const [part, tip] of more) {
    const other = old.get(part)
    if (other !== undefined && (await leadsTo(history, other, tip))) continue
    if (other === undefined || (await leadsTo(history, tip, other))) {
      changes.set(part, tip)
      continue
    }
    const session = parseRef(`refs/heads/${part}/main`)?.session
    if (session === undefined) continue
    const joined = await joinTombstones(history, session, [other, tip])
    changes.set(part, joined[0].id as CommitId)
    objects.push(...joined)
  }
  return { changes, objects }
}

async function written(
  history: History,
  parents: readonly CommitId[],
  changes: FoldedTips,
  objects: readonly NewObject[],
): Promise<Fold> {
  const store = history.objects
  if (changes.size === 0 && parents.length === 1) return { tip: parents[0]!, objects: [] }
  const base = parents[0] === undefined ? NO_ENTRIES : await treeOf(store, parents[0])
  const buckets = new Map<string, Map<string, CommitId>>()
  for (const [part, tip] of changes) {
    const name = bucketOf(part)
    let bucket = buckets.get(name)
    if (bucket === undefined) {
      const entry = findEntry(base, name)
      bucket = entry === undefined ? new Map() : parseBucket((await store.read(entry.id)).data)
      buckets.set(name, bucket)
    }
    bucket.set(part, tip)
  }
  const files = [...buckets].map(([name, bucket]) => ({ name, blob: newObject('blob', bucketText(bucket)) }))
  const entries = files.map(({ name, blob }) => ({ name, entry: { mode: '100644', id: blob.id } as const }))
  const tree = newObject('tree', changeTree(base, entries).data)
  const made = new Set(objects.map(({ id }) => id))
  const tips = [...new Set(changes.values())].sort()
  const stored = [...parents, ...tips.filter((id) => !made.has(id))]
  const dates = await Promise.all(stored.map(async (id) => (await history.info(id)).committed))
  const at = dates.reduce((latest, date) => Math.max(latest, date), 0)
  const person = { ...FORKPOINT, at }
  const trailers = new Map([
    ['Kind', KIND],
    ['Format', '1'],
  ])
  const subject =
    parents.length > 1 ? 'join the tombstones of two machines' : `fold ${changes.size} tombstones`
  const message = messageText({ subject, body: '', trailers })
  const all = [...parents, ...tips]
  const data = encodeCommit({ tree: tree.id, parents: all, author: person, committer: person, message })
  const commit = newObject('commit', data)
  return {
    tip: commit.id as CommitId,
    objects: [commit, tree, ...files.map(({ blob }) => blob), ...objects],
  }
}

async function treeOf(objects: ObjectStore, at: CommitId) {
  const { tree, message } = await objects.readCommit(at)
  if (trailersOf(message)?.get('Kind') !== KIND)
    throw new CorruptError(`Commit ${at} should hold folded tombstones, but does not.`, { object: at })
  return objects.readTree(tree)
}

/** Ignores lines that it does not understand. */
function parseBucket(data: Uint8Array): Map<string, CommitId> {
  const tips = new Map<string, CommitId>()
  for (const line of Buffer.from(data).toString('latin1').split('\n')) {
    const [part = '', id = ''] = line.split(' ')
    if (part !== '' && isObjectId(id)) tips.set(part, id as CommitId)
  }
  return tips
}

const bucketText = (bucket: ReadonlyMap<string, CommitId>): Buffer =>
  Buffer.from(
    [...bucket]
      .map(([part, id]) => `${part} ${id}\n`)
      .sort()
      .join(''),
  )

/** Returns the name of the file in which a session's tombstone stands. */
const bucketOf = (part: string): string => createHash('sha256').update(part).digest('hex').slice(0, 2)

const KIND = 'folded'
/** Those of this store, of the remote, and of what was last seen there; an id always names the same content. */
const MOST_RECENT = 4
const recent = new WeakMap<ObjectStore, Map<CommitId, FoldedTips>>()
