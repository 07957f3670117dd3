/** Finds and fetches history that a shallow store lacks. */
import { RemoteError, UnsupportedError } from '../errors.ts'
import { newCommits } from '../git/database/ancestry.ts'
import type { ObjectStore } from '../git/database/object-store.ts'
import { commitsAmong } from '../git/database/peel.ts'
import type { CommitId, ObjectId, SessionId } from '../ids.ts'
import { localSessions } from './planning/shared-sessions.ts'
import type { Only, Sharing } from './sharing.ts'

/**
 * Returns the commits whose parents are missing, among those reachable from the tips but not from the known commits.
 */
export async function cutOff(
  objects: ObjectStore,
  tips: readonly ObjectId[],
  known: readonly ObjectId[] = [],
): Promise<CommitId[]> {
  if (!objects.isShallow) return []
  const { commits: fresh } = await newCommits(objects, await commitsAmong(objects, tips), known)
  return fresh.flatMap(([id]) => (objects.isCutOff(id) ? [id as CommitId] : []))
}

/**
 * Fetches the complete history of these sessions, or of all, from the remotes where they were seen. What one remote
 * lacks is fetched from the next. Throws RemoteError if history is still missing and a remote failed; CorruptError,
 * StorageError.
 */
export async function deepen(remotes: readonly Sharing[], only?: Only): Promise<void> {
  let failure: RemoteError | undefined
  for (const { checkpoints, remote, names, options } of remotes) {
    const { history } = checkpoints
    const { objects } = history
    if (!objects.isShallow) return
    const seen = new Set<ObjectId>()
    for (const { refs } of localSessions(history, names, only).values())
      for (const one of refs.values()) if (one.seen !== undefined) seen.add(one.seen)
    if (seen.size === 0) continue
    try {
      const all = [...seen]
      const fetched = await remote.fetch({ wants: all, haves: all, depth: WHOLE }, options)
      fetched.release()
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error
      failure = error
    }
    objects.refresh()
  }
  if (failure !== undefined && remotes[0]?.checkpoints.objects.isShallow === true) throw failure
}

/** Makes the error for an operation that needs history which a shallow store lacks. */
export const lacksHistory = (session: SessionId, cut: readonly CommitId[], why: string): UnsupportedError =>
  new UnsupportedError(
    'a shallow history',
    `The history of session '${session}' before checkpoint ${cut[0]} is not in this store, which is a shallow clone; ${why}. Fetch it first: 'forkpoint fetch --deepen', from a remote that has it.`,
  )

/** The depth that git treats as unlimited. */
const WHOLE = 0x7fffffff
