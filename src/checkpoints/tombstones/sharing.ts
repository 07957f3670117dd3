/** Finds out whether a repository has remotes, and what was last seen there. */
import type { AnyRepository, RefReader } from '../../git/any-repository.ts'
import { LAST_SEEN, type RefName } from '../../ids.ts'

/**
 * Returns whether another machine may have what is deleted here: whether a remote is configured or was ever contacted.
 */
export function isShared(repository: AnyRepository): boolean {
  if (repository.hasRemote) return true
  for (const key of repository.config().keys()) if (/^remote\..*\.url$/.test(key)) return true
  for (const _ of repository.refs.entries(LAST_SEEN, passOver)) return true
  return false
}

/** Returns the refs that record what was last seen of these refs at remotes. */
export function lastSeen(refs: RefReader, of: readonly RefName[]): RefName[] {
  const remotes = [...refs.folders(LAST_SEEN)]
  const all = remotes.flatMap((remote) =>
    of.map((ref): RefName => `${LAST_SEEN}${remote}/${ref.slice('refs/'.length)}`),
  )
  return all.filter((ref) => refs.readValue(ref) !== undefined)
}

const passOver = (): void => undefined
