/** Sessions as one file, and back: a backup that every git reads. */
import { resolve } from 'node:path'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { NotFoundError } from '../../errors.ts'
import { BundleRemote } from '../../git/bundle/bundle-remote.ts'
import { writeBundle } from '../../git/bundle/write-bundle.ts'
import { peel } from '../../git/database/peel.ts'
import { alone } from '../../git/upkeep/maintenance.ts'
import type { RemoteOptions } from '../../git/wire/remote.ts'
import { type CommitId, LAST_SEEN, type ObjectId, REWRITTEN } from '../../ids.ts'
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
  /** How many objects it has. */
  objects: number
  /** Names of the refs in it, without `refs/`. */
  refs: string[]
}

/** In the place of a remote's name; no remote can have it. */
const BUNDLE = '_bundle'

/**
 * Writes sessions with all they lead to: branches, tags, reserved lines, files of workspaces, and what is known of
 * deletions. `undefined`, and no file, if nothing is new.
 *
 * @throws NotFoundError when there is nothing to write; CorruptError, UnsupportedError, StorageError
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
  // Rewrites of all sessions go along: alone, they are nothing to keep.
  if ([...refs.keys()].every((ref) => ref.startsWith(REWRITTEN)))
    throw new NotFoundError(
      { kind: 'session', id: only?.join(', ') ?? '' },
      only === undefined ? 'The store has no session to bundle.' : `There is no session ${only.join(', ')}.`,
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
 * Takes from a bundle what it has: as a fetch does, so that nothing of the store is lost and what was deleted stays deleted.
 * The store is created if there is none.
 *
 * @throws NotFoundError when there is no such file, or when the bundle continues one that was not restored; CorruptError;
 *   LockedError, StorageError
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
    // What an interrupted call has left says nothing about this file.
    await forget(checkpoints, names)
    try {
      return await fetchSessions({ checkpoints, remote, names, writer, options }, only)
    } finally {
      await forget(checkpoints, names)
    }
  })
}

function refsOf({ history }: Checkpoints, only: Only): Map<string, ObjectId> {
  const prefixes = new RemoteNames(BUNDLE, false).prefixes(only)
  const isWanted = (name: string): boolean =>
    prefixes.some((prefix) => (prefix.endsWith('/') ? name.startsWith(prefix) : name === prefix))
  const { refs } = history.repository
  const all = FOLDERS.flatMap((folder) => [...refs.list(folder)])
  return new Map(all.filter(([name]) => isWanted(name) && !name.startsWith(LAST_SEEN)))
}

const FOLDERS = ['refs/heads/', 'refs/tags/', 'refs/forkpoint/'] as const

/** Ids that a reader has, none for a whole bundle; `undefined` when it has all of the refs. */
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

/** The newest commits before a time that the tips descend from; `undefined` when all tips are such. */
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

/** Removes the refs that a fetch remembers of its remote. */
async function forget({ history }: Checkpoints, names: RemoteNames): Promise<void> {
  const { repository } = history
  const seen = [...repository.refs.list(names.seenFolder).keys()]
  if (seen.length === 0) return
  await repository.change({
    refs: seen,
    prepare: (current) => ({
      objects: [],
      moves: new Map(seen.flatMap((ref) => (current.get(ref) === undefined ? [] : [[ref, null]]))),
      result: undefined,
    }),
  })
}
