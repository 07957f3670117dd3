/** Maintains a repository: one process at a time, while others keep saving. */
import { join } from 'node:path'
import { LockedError, UnsupportedError } from '../../errors.ts'
import { findStrangerAnywhere } from '../disk/links.ts'
import { breakOrphan } from '../journal/orphan-lock.ts'
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
  const { locks, paths } = repository.folder
  const lock = paths.maintained
  await takeLock(repository, lock)
  try {
    return await work()
  } finally {
    locks.release(lock)
  }
}

/** Runs `work` while no process can put a ref or a commit on a checkpoint that no locked ref keeps alive. */
export function exclusively<T>(repository: Repository, work: () => T): Promise<T> {
  return repository.change({ refs: [PURGE_LOCK], prepare: () => nothing(work()) })
}

/**
 * Runs `work` while no process merges packs: a merge in progress would bring back what `work` removes. Throws
 * LockedError when a merge does not end in time.
 */
export async function withoutMerges<T>(repository: Repository, work: () => Promise<T>): Promise<T> {
  const { merger } = repository
  await takeLock(repository, merger.lockedFile)
  try {
    return await work()
  } finally {
    repository.folder.locks.release(merger.lockedFile)
  }
}

/**
 * Runs `work` while no other process runs work of this name. Creates the store if there is none. Throws LockedError at
 * once when another process runs it; StorageError.
 */
export async function alone<T>(repository: Repository, name: string, work: () => Promise<T>): Promise<T> {
  await repository.create()
  const { locks, paths } = repository.folder
  const lock = join(paths.own, name)
  await takeLock(repository, lock, { what: `runs '${name}' on`, timeout: 0 })
  try {
    return await work()
  } finally {
    locks.release(lock)
  }
}

async function takeLock(
  repository: Repository,
  lock: string,
  { what = 'is maintaining', timeout = repository.folder.lockTimeout } = {},
): Promise<void> {
  const { locks } = repository.folder
  const start = performance.now()
  while (!locks.take(lock)) {
    if ((await locks.deadHolder(lock)) !== undefined) {
      await repository.recover()
      await breakOrphan(repository.folder, lock)
      if (locks.take(lock)) return
    }
    if (performance.now() - start >= timeout) {
      throw new LockedError(
        `${lock}.lock`,
        `Another process ${what} the store ('${lock}.lock'). Try again when that is done.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 40))
  }
}
