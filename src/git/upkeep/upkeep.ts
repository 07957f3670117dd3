/** Maintains a repository: fewer packs, less disk, no leftovers. Calls the other files of this folder in order. */
import { UnsupportedError } from '../../errors.ts'
import { configValue, isTrue } from '../config/config.ts'
import { hasCommitGraph, hasMultiPackIndex } from '../merging/removal.ts'
import type { Repository } from '../repository.ts'
import { removeCopies, removeLeftovers } from './leftovers.ts'
import { exclusively, maintenance, withoutMerges } from './maintenance.ts'
import { NativeGitError } from './native/error.ts'
import { NativeGit } from './native/git.ts'
import { repackWithGit } from './native/repack.ts'
import { packRefs } from './pack-refs.ts'
import { type PurgeOptions, purge } from './purge.ts'
import { purgeDue, purgeIsDone } from './purge-mark.ts'

export interface UpkeepOptions extends Pick<PurgeOptions, 'onProgress'> {
  /** Remove unreachable objects for good. */
  purge: boolean
}

/**
 * Settles, recovers what dead processes left, purges if asked to, repacks, packs refs, and removes what is left over.
 * The repository is open. Returns whether the native git was used: it is used if it exists and may be run on the
 * repository; otherwise packs are merged. Throws LockedError when another process maintains it, CorruptError,
 * StorageError, NativeGitError; with `purge` also UnsupportedError.
 */
export async function lookAfter(repository: Repository, options: UpkeepOptions): Promise<boolean> {
  const { purge: shallPurge, ...report } = options
  if (shallPurge) checkMayLoseObjects(repository)
  const phase = (name: string): void => report.onProgress?.({ phase: name, done: 0 })
  phase('settling')
  return maintenance(repository, async () => {
    const git = await NativeGit.openIfAllowed(repository.fs, repository.paths)
    const hadGraph = hasCommitGraph(repository)
    const hadIndex = hasMultiPackIndex(repository)
    const alone = <T>(work: () => Promise<T>) => withoutMerges(repository, work)
    if (shallPurge) {
      phase('purging')
      const due = purgeDue(repository)
      const purging = { ...report, exclusively: <T>(work: () => T) => exclusively(repository, work) }
      try {
        await alone(() => purge(repository, purging))
        purgeIsDone(repository, due)
      } finally {
        // Last, because other processes may have read removed objects until now.
        removeCopies(repository)
      }
    }
    phase('packing')
    if (git === undefined) await repository.merger.compact()
    else {
      await repackWithGit(repository, git, { ...report, withoutMerges: alone })
      if (hadIndex && !hasMultiPackIndex(repository)) await tryGit(git, ['multi-pack-index', 'write'])
      if (hadGraph && !hasCommitGraph(repository)) await tryGit(git, ['commit-graph', 'write', '--reachable'])
    }
    phase('packing refs')
    await packRefs(repository)
    phase('cleaning up')
    repository.merger.sweep()
    await removeLeftovers(repository.placement)
    repository.objects.refresh()
    return git !== undefined
  })
}

/** Other repositories may borrow objects that nothing here reaches. Source: gitrepository-layout(5), extensions. */
function checkMayLoseObjects(repository: Repository): void {
  if (!isTrue(configValue(repository.config(), 'extensions.preciousobjects'))) return
  throw new UnsupportedError(
    'purging precious objects',
    `'${repository.paths.root}' has 'extensions.preciousObjects' set, so no object may be removed. Unset it, if no other repository borrows objects from this one.`,
  )
}

/**
 * Only makes git faster, so its failure does not matter: another git may hold the lock, or a pack may vanish that it
 * was about to name.
 */
async function tryGit(git: NativeGit, args: readonly string[]): Promise<void> {
  try {
    await git.run(args)
  } catch (error) {
    if (!(error instanceof NativeGitError)) throw error
  }
}
