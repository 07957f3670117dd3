/** Writes sessions to one file and reads them back: a backup that every git reads. */
import { resolve } from 'node:path'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { NotFoundError } from '../../errors.ts'
import { BundleRemote } from '../../git/bundle/bundle-remote.ts'
import { writeBundle } from '../../git/bundle/write-bundle.ts'
import { peel } from '../../git/database/peel.ts'
import { alone } from '../../git/upkeep/maintenance.ts'
import type { RemoteOptions } from '../../git/wire/remote.ts'
import { ARCHIVE, type CommitId, GONE, type ObjectId, REWRITTEN } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import { fetchSessions } from '../fetch.ts'
import { RemoteNames } from '../planning/names.ts'
import type { FetchReport } from '../report.ts'
import type { Only } from '../sharing.ts'

export interface BundleRequest {
  only?: Only
  /** Only what is new: since an earlier bundle (its path), or since a time. */
  since?: string | Date | undefined
  overwrite?: boolean | undefined
  onProgress?: RemoteOptions['onProgress']
}

export interface BundleReport {
  /** Size of the file. */
  bytes: number
  /** Number of objects in the file. */
  objects: number
  /** Names of the refs in the file, without `refs/`. */
  refs: string[]
}

/** Used in place of a remote's name; no remote can have this name. */
const BUNDLE = '_bundle'

/**
 * Writes sessions with everything that belongs to them: branches, tags, reserved lines, files of workspaces, and
 * tombstones. Returns `undefined`, and writes no file, if nothing is new.
 *
 * @throws NotFoundError if there is nothing to write; CorruptError, UnsupportedError, StorageError
 */
export async function bundleSessions(
  checkpoints: Checkpoints,
  file: string,
  { only, since, overwrite = false, onProgress }: BundleRequest,
): Promise<BundleReport | undefined> {
  const { history } = checkpoints
  const { repository } = history
  const isThere = await checkpoints.openFinished()
  const refs = isThere ? refsOf(checkpoints, only) : new Map<string, ObjectId>()
  // Maps of rewrites are always included; without a session, they are not worth a file.
  if ([...refs.keys()].every((ref) => ref.startsWith(REWRITTEN)))
    throw new NotFoundError(
      { kind: 'session', id: only?.join(', ') ?? '' },
      only === undefined
        ? 'The store has no session to bundle.'
        : `There is no session '${only.join("', '")}'.`,
    )
  const has = await knownTo(checkpoints, refs, since)
  if (has === undefined) return undefined
  const head = repository.refs.read('HEAD')
  const isHead = head !== undefined && [...refs.values()].includes(head)
  const written = await writeBundle(repository, resolve(file), {
    refs,
    head: isHead ? head : undefined,
    has,
    overwrite,
    onProgress,
  })
  return { ...written, refs: [...refs.keys()].map((name) => name.slice('refs/'.length)) }
}

/**
 * Restores sessions from a bundle, in the same way as a fetch: nothing in the store is lost, and what was deleted stays
 * deleted. Creates the store if there is none.
 *
 * @throws NotFoundError if there is no such file, or if the bundle continues one that was not restored; CorruptError;
 * LockedError, StorageError
 */
export function unbundleSessions(
  checkpoints: Checkpoints,
  file: string,
  { only, writer, options }: { only?: Only; writer: string; options: RemoteOptions },
): Promise<FetchReport> {
  const { repository } = checkpoints.history
  const remote = new BundleRemote(repository, resolve(file))
  const names = new RemoteNames(BUNDLE, false)
  return alone(repository, 'unbundle', async () => {
    // Refs that an interrupted call left belong to another file.
    await forget(checkpoints, names)
    try {
      return (await fetchSessions({ checkpoints, remote, names, writer, options }, only)).report
    } finally {
      await forget(checkpoints, names)
    }
  })
}

function refsOf({ history }: Checkpoints, only: Only): Map<string, ObjectId> {
  const { refs } = history.repository
  const listed = new Map(FOLDERS.flatMap((folder) => [...refs.list(folder)]))
  if (only === undefined) return listed
  const parts = new Set(only.map(encodeName))
  const isWanted = (name: string): boolean =>
    // Forks of these sessions may hold what was rewritten in others.
    name.startsWith(REWRITTEN) ||
    (name.startsWith(GONE) && parts.has(name.slice(GONE.length))) ||
    (/^refs\/(?:heads|tags)\//.test(name) && parts.has(name.split('/')[2]!))
  const own = new Map<string, ObjectId>([...listed].filter(([name]) => isWanted(name)))
  // An archive holds others as well, so the refs of an archived session are written instead.
  for (const session of only)
    for (const [name, id] of history.archives.of(session)?.refs ?? []) if (!own.has(name)) own.set(name, id)
  return own
}

const FOLDERS = ['refs/heads/', 'refs/tags/', GONE, REWRITTEN, ARCHIVE] as const

/** Returns the ids that a reader already has, none for a complete bundle; `undefined` if the reader has all refs. */
async function knownTo(
  checkpoints: Checkpoints,
  refs: ReadonlyMap<string, ObjectId>,
  since: string | Date | undefined,
): Promise<ObjectId[] | undefined> {
  if (since === undefined) return []
  if (since instanceof Date) return commitsBefore(checkpoints, [...refs.values()], since.getTime())
  const earlier = await new BundleRemote(checkpoints.history.repository, resolve(since)).refs([''])
  const isSame = [...refs].every(([name, id]) => earlier.refs.get(name) === id)
  return isSame ? undefined : [...earlier.refs.values()]
}

/** Returns the newest ancestors of the tips from before a time; `undefined` if all tips are from before it. */
async function commitsBefore(
  { objects }: Checkpoints,
  tips: readonly ObjectId[],
  time: number,
): Promise<CommitId[] | undefined> {
  const known = new Set<CommitId>()
  const seen = new Set<CommitId>()
  const waiting: CommitId[] = []
  for (const tip of tips) {
    const peeled = await peel(objects, tip)
    if (peeled !== undefined) waiting.push(peeled.commit)
  }
  let isNew = false
  const slice = new TimeSlice()
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const { committer, parents } = await objects.readCommit(id)
    if (committer.at < time) known.add(id)
    else {
      isNew = true
      waiting.push(...parents)
    }
    if (slice.isOver()) await slice.next()
  }
  return isNew ? [...known] : undefined
}

/** Deletes the last-seen refs of this remote. */
async function forget({ history }: Checkpoints, names: RemoteNames): Promise<void> {
  const { repository } = history
  const seen = repository.refs.list(names.seenFolder).keys()
  await repository.setRefs(new Map([...seen].map((ref) => [ref, null])))
}
