/** Maintains a repository: one process at a time, while others keep saving. */
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { findStrangerAnywhere } from '../disk/links.ts'
import { takeLock } from '../disk/store-folder.ts'
import { nothing } from '../refs/change.ts'
import type { Repository } from '../repository.ts'
import { PURGE_LOCK } from './purge-mark.ts'

/**
 * Runs `work` once everything is recovered and settled. Throws UnsupportedError for a store with links that could lead
 * outside; LockedError when another process maintains it and does not finish in time; StorageError.
 */
export async function maintenance<T>(repository: Repository, work: () => Promise<T>): Promise<T> {
  const stranger = findStrangerAnywhere(repository.fs, repository.paths)
  if (stranger !== undefined) {
    throw new UnsupportedError(
      'maintaining a store with links',
      `The store is not maintained: ${stranger}. Remove it, or take the store from a trusted copy.`,
    )
  }
  await repository.create()
  await repository.recover()
  await repository.settleForGood()
  return locked(repository, repository.paths.maintained, work)
}

/** Runs `work` while no process can put a ref or a commit on a checkpoint that no locked ref keeps alive. */
export function exclusively<T>(repository: Repository, work: () => T): Promise<T> {
  return repository.change({ refs: [PURGE_LOCK], prepare: () => nothing(work()) })
}

/**
 * Runs `work` while no process merges packs: a merge in progress would bring back what `work` removes. Throws
 * LockedError when a merge does not end in time.
 */
export const withoutMerges = <T>(repository: Repository, work: () => Promise<T>): Promise<T> =>
  locked(repository, repository.merger.lockedFile, work)

/**
 * Runs `work` while no other process runs work of this name. Creates the store if there is none. Throws LockedError at
 * once when another process runs it; StorageError.
 */
export async function alone<T>(repository: Repository, name: string, work: () => Promise<T>): Promise<T> {
  await repository.create()
  const how = { what: `runs '${name}' on`, lockTimeout: 0 }
  return locked(repository, join(repository.paths.own, name), work, how)
}

async function locked<T>(
  { lockWait }: Repository,
  file: string,
  work: () => Promise<T>,
  { what = 'is maintaining', lockTimeout = lockWait.lockTimeout } = {},
): Promise<T> {
  const why = `Another process ${what} the store ('${file}.lock'). Try again when that is done.`
  await takeLock({ ...lockWait, lockTimeout }, file, why)
  try {
    return await work()
  } finally {
    lockWait.locks.release(file)
  }
}
