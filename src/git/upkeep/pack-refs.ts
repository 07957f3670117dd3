/**
 * Packing refs, as `git pack-refs --all --prune` does, with two differences that matter to a power loss: the file of a
 * ref is removed only when its line in packed-refs is durable, and our locks name their owner, so that no lock stays
 * forever.
 */
import { CorruptError, LockedError } from '../../errors.ts'
import type { ObjectId, RefName } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { takeLock } from '../disk/store-folder.ts'
import { nothing } from '../refs/change.ts'
import type { Repository } from '../repository.ts'

/**
 * Moves branches, tags and refs of our own that name commits into packed-refs. A ref that another process has locked keeps its file.
 * Part of maintenance, which has made our locks durable. Throws LockedError when packed-refs stays locked,
 * CorruptError, StorageError.
 */
export async function packRefs(repository: Repository): Promise<void> {
  const packed = await pack(repository)
  for (let at = 0; at < packed.length; at += AT_ONCE)
    await Promise.all(packed.slice(at, at + AT_ONCE).map(([ref, id]) => prune(repository, ref, id)))
}

const AT_ONCE = 256
/** The last one holds tombstones, the trash, and what was last seen at remotes. */
const FOLDERS = ['refs/heads/', 'refs/tags/', 'refs/forkpoint/'] as const

async function pack(repository: Repository): Promise<[RefName, ObjectId][]> {
  const { refs } = repository
  const { fs, paths, locks } = repository.folder
  await takeLock(repository.lockWait, refs.packedPath)
  try {
    const found: [RefName, ObjectId][] = []
    const slice = new TimeSlice()
    for (const ref of FOLDERS.flatMap((folder) => refs.looseNames(folder))) {
      const id = await commitAt(repository, ref)
      if (id !== undefined) found.push([ref, id])
      if (slice.isOver()) await slice.next()
    }
    if (found.some(([ref, id]) => refs.packedValue(ref) !== id)) await refs.addPacked(new Map(found))
    await fs.syncDir(paths.root)
    return found
  } finally {
    locks.release(refs.packedPath)
  }
}

/** The id that a ref names, if it is a commit's: for other objects packed-refs would need their targets too. */
async function commitAt({ refs, objects }: Repository, ref: RefName): Promise<ObjectId | undefined> {
  const id = refs.looseId(ref)
  try {
    return id !== undefined && (await objects.tryRead(id))?.type === 'commit' ? id : undefined
  } catch (error) {
    // The object is damaged; `verify` reports that.
    if (!(error instanceof CorruptError)) throw error
    return undefined
  }
}

/** Removes the file of a ref whose value is still the packed one. */
async function prune(repository: Repository, ref: RefName, id: ObjectId): Promise<void> {
  const { refs } = repository
  try {
    await repository.change({
      refs: [ref],
      prepare: () => {
        if (refs.looseId(ref) === id && refs.packedValue(ref) === id) refs.removeLoose([ref])
        return nothing(undefined)
      },
    })
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
  }
}
