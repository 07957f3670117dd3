/** Whether a repository has remotes, and what it last saw there. */
import type { Refs } from '../../git/refs/refs.ts'
import type { Repository } from '../../git/repository.ts'
import { LAST_SEEN, type RefName } from '../../ids.ts'

/** Whether somebody else may have what is deleted here: a remote is set up, or was seen once. */
export function isShared(repository: Repository): boolean {
  if (repository.hasRemote) return true
  for (const key of repository.config().keys()) if (/^remote\..*\.url$/.test(key)) return true
  for (const _ of repository.refs.entries(LAST_SEEN, passOver)) return true
  return false
}

/** The refs that say what was last seen of these refs, at any remote. */
export function lastSeen(refs: Refs, of: readonly RefName[]): RefName[] {
  const wanted = new Set(of.map((ref) => ref.slice('refs/'.length)))
  return [...refs.list(LAST_SEEN, passOver).keys()].filter((ref) => {
    const path = ref.slice(LAST_SEEN.length)
    return wanted.has(path.slice(path.indexOf('/') + 1))
  })
}

const passOver = (): void => undefined
