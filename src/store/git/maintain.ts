/** Looking after a store: fewer packs, less disk, nothing left over; and numbers. */
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { configValue, isTrue } from '../../git/config.ts'
import { hasCommitGraph, hasMultiPackIndex } from '../../git/packs/removal.ts'
import { packRefs } from '../../git/refs/pack-refs.ts'
import type { Repository } from '../../git/repository.ts'
import { removeLeftovers } from '../../git/upkeep/leftovers.ts'
import { exclusively, maintenance, withoutMerges } from '../../git/upkeep/maintenance.ts'
import { NativeGit, NativeGitError } from '../../git/upkeep/native/git.ts'
import { repackWithGit } from '../../git/upkeep/native/repack.ts'
import { purge } from '../../git/upkeep/purge.ts'
import { parseRef } from '../../ids.ts'
import type { MaintainOptions, MaintainReport, StoreStats } from '../session-store.ts'

/**
 * Settles, recovers what dead processes left, purges if asked to, repacks (with the native git where there is one that
 * may be run on the store, else by merging), packs refs, and removes what is left over. Other processes go on
 * saving meanwhile. Throws LockedError when another process is maintaining the store, CorruptError, StorageError,
 * NativeGitError; with `purge` also UnsupportedError.
 */
export async function maintainRepository(
  repository: Repository,
  { purge: shallPurge = false, onProgress }: MaintainOptions,
): Promise<MaintainReport> {
  if (!(await repository.open())) {
    return { native: false, packsBefore: 0, packsAfter: 0, bytesBefore: 0, bytesAfter: 0 }
  }
  if (shallPurge) checkMayLoseObjects(repository)
  const before = measure(repository)
  const phase = (name: string): void => onProgress?.({ phase: name, done: 0 })
  phase('settling')
  const native = await maintenance(repository, async () => {
    const git = await gitFor(repository)
    const hadGraph = hasCommitGraph(repository)
    const hadIndex = hasMultiPackIndex(repository)
    if (shallPurge) {
      phase('purging')
      const parts = {
        ...partsOf(repository),
        exclusively: <T>(work: () => T) => exclusively(repository, work),
      }
      await withoutMerges(repository, () => purge({ ...parts, ...(onProgress && { onProgress }) }))
    }
    phase('packing')
    if (git === undefined) await repository.merger.compact()
    else {
      const alone = <T>(work: () => Promise<T>) => withoutMerges(repository, work)
      await repackWithGit({ ...partsOf(repository), withoutMerges: alone }, git, onProgress)
      if (hadIndex && !hasMultiPackIndex(repository)) await tryGit(git, ['multi-pack-index', 'write'])
      if (hadGraph && !hasCommitGraph(repository)) await tryGit(git, ['commit-graph', 'write', '--reachable'])
    }
    phase('packing refs')
    await packRefs(repository)
    phase('cleaning up')
    repository.merger.sweep()
    await removeLeftovers(partsOf(repository))
    repository.objects.refresh()
    return git !== undefined
  })
  const after = measure(repository)
  return {
    native,
    packsBefore: before.packs,
    packsAfter: after.packs,
    bytesBefore: before.bytes,
    bytesAfter: after.bytes,
  }
}

/** Numbers of a store; all zero when there is none yet. Refs that cannot be read count as well. */
export async function repositoryStats(repository: Repository): Promise<StoreStats> {
  if (!(await repository.open())) {
    return { sessions: 0, branches: 0, tags: 0, objects: 0, packs: 0, looseObjects: 0, bytes: 0 }
  }
  const broken: string[] = []
  const readable = repository.refs.list('refs/', (ref) => broken.push(ref)).keys()
  const parsed = [...readable, ...broken].map((ref) => parseRef(ref))
  const packs = repository.objects.packs()
  const looseObjects = [...repository.objects.looseIds()].length
  return {
    sessions: new Set(parsed.flatMap((ref) => (ref?.kind === 'branch' ? [ref.session] : []))).size,
    branches: parsed.filter((ref) => ref?.kind === 'branch').length,
    tags: parsed.filter((ref) => ref?.kind === 'tag').length,
    objects: [...repository.objects.objectIds()].length,
    packs: packs.length,
    looseObjects,
    bytes: bytesIn(repository, repository.paths.root),
  }
}

/** Other repositories may borrow what nothing here reaches. Source: gitrepository-layout(5), extensions. */
function checkMayLoseObjects(repository: Repository): void {
  if (!isTrue(configValue(repository.config(), 'extensions.preciousobjects'))) return
  throw new UnsupportedError(
    'purging precious objects',
    `'${repository.paths.root}' has 'extensions.preciousObjects' set: nothing may be removed from it. Unset that, if no other repository borrows from it.`,
  )
}

/** Git, where there is one that may be run on the store. */
async function gitFor({ fs, paths }: Repository): Promise<NativeGit | undefined> {
  try {
    return await NativeGit.open(fs, paths)
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined
    throw error
  }
}

/**
 * What makes git faster, and nothing else: another git at work has the lock that it takes, or a pack vanishes that it
 * was about to name. The store is as right without.
 */
async function tryGit(git: NativeGit, args: readonly string[]): Promise<void> {
  try {
    await git.run(args)
  } catch (error) {
    if (!(error instanceof NativeGitError)) throw error
  }
}

const partsOf = ({ fs, paths, refs, objects, locks, placement, temporaries }: Repository) => ({
  fs,
  paths,
  refs,
  objects,
  locks,
  placement,
  temporaries,
})

function measure(repository: Repository): { packs: number; bytes: number } {
  repository.objects.refresh()
  return {
    packs: repository.objects.packs().length,
    bytes: bytesIn(repository, repository.paths.root),
  }
}

/** Bytes of all files in the folder and below; what vanishes meanwhile does not count. */
function bytesIn({ fs }: Repository, folder: string): number {
  let bytes = 0
  for (const name of fs.readDir(folder)) {
    const path = join(folder, name)
    const stat = fs.stat(path)
    if (stat?.kind === 'folder') bytes += bytesIn({ fs } as Repository, path)
    else bytes += stat?.size ?? 0
  }
  return bytes
}
