/** Maintains a store (fewer packs, less disk space, no leftover files) and counts what it holds. */
import { join } from 'node:path'
import { Archives } from '../../checkpoints/commits/archives.ts'
import type { Repository } from '../../git/repository.ts'
import { lookAfter } from '../../git/upkeep/upkeep.ts'
import { parseRef } from '../../ids.ts'
import type { PruneReport } from '../retention/prune.ts'
import type { MaintainOptions, MaintainReport, StoreStats } from '../session-store.ts'
import { KnownSessions } from './listing/known-sessions.ts'

export interface GitMaintainReport extends MaintainReport {
  /** Whether the native git repacked. */
  native: boolean
  packsBefore: number
  packsAfter: number
  /** What the store's policy removed, if it has one. */
  pruned?: PruneReport
}

export interface GitStoreStats extends StoreStats {
  /** Archived sessions; `sessions`, `branches` and `tags` do not include them. */
  archived: number
  objects: number
  packs: number
  looseObjects: number
}

/**
 * Settles, recovers what dead processes left, purges if asked to, repacks (with the native git if it may run on the
 * store, else by merging packs), packs refs, and removes leftover files. Other processes can save meanwhile. Throws
 * LockedError if another process is maintaining the store, CorruptError, StorageError, NativeGitError; with `purge`
 * also UnsupportedError.
 */
export async function maintainRepository(
  repository: Repository,
  { purge: shallPurge = false, onProgress }: MaintainOptions,
): Promise<GitMaintainReport> {
  if (!(await repository.open())) {
    return { native: false, packsBefore: 0, packsAfter: 0, bytesBefore: 0, bytesAfter: 0 }
  }
  const before = measure(repository)
  const native = await lookAfter(repository, {
    purge: shallPurge,
    ...(onProgress && { onProgress }),
  }).finally(() => shallPurge && KnownSessions.forget(repository))
  const after = measure(repository)
  return {
    native,
    packsBefore: before.packs,
    packsAfter: after.packs,
    bytesBefore: before.bytes,
    bytesAfter: after.bytes,
  }
}

/** Counts what a store holds; all zero if it does not exist yet. Unreadable refs count too. */
export async function repositoryStats(repository: Repository): Promise<GitStoreStats> {
  if (!(await repository.open())) {
    return { sessions: 0, archived: 0, branches: 0, tags: 0, objects: 0, packs: 0, looseObjects: 0, bytes: 0 }
  }
  const broken: string[] = []
  const readable = repository.refs.list('refs/', (ref) => broken.push(ref)).keys()
  const parsed = [...readable, ...broken].map((ref) => parseRef(ref))
  const packs = repository.objects.packs()
  const looseObjects = [...repository.objects.looseIds()].length
  return {
    archived: new Archives(repository).sessions(() => undefined).size,
    sessions: new Set(parsed.flatMap((ref) => (ref?.kind === 'branch' ? [ref.session] : []))).size,
    branches: parsed.filter((ref) => ref?.kind === 'branch').length,
    tags: parsed.filter((ref) => ref?.kind === 'tag').length,
    objects: [...repository.objects.objectIds()].length,
    packs: packs.length,
    looseObjects,
    bytes: bytesIn(repository, repository.paths.root),
  }
}

function measure(repository: Repository): { packs: number; bytes: number } {
  repository.objects.refresh()
  return {
    packs: repository.objects.packs().length,
    bytes: bytesIn(repository, repository.paths.root),
  }
}

/** Returns the bytes of all files in the folder and below it. Files that vanish meanwhile do not count. */
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
