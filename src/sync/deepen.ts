/** History that a shallow store has left at a server: found out before it is missed, and brought. */
import { RemoteError, UnsupportedError } from '../errors.ts'
import { newCommits } from '../git/database/ancestry.ts'
import type { ObjectStore } from '../git/database/object-store.ts'
import type { CommitId, ObjectId, SessionId } from '../ids.ts'
import { localSessions } from './planning/shared-sessions.ts'
import type { Only, Sharing } from './sharing.ts'

/** The commits below which history is cut off, of what the tips lead to and the known commits do not. */
export async function cutOff(
  objects: ObjectStore,
  tips: readonly ObjectId[],
  known: readonly ObjectId[] = [],
): Promise<CommitId[]> {
  if (!objects.isShallow) return []
  const commits: ObjectId[] = []
  for (const id of tips) if ((await objects.tryRead(id))?.type === 'commit') commits.push(id)
  const { commits: fresh } = await newCommits(objects, commits, known)
  return fresh.flatMap(([id]) => (objects.isCutOff(id) ? [id as CommitId] : []))
}

/**
 * Brings the whole history of sessions, or of all, from the remotes where they were seen. What one of them does not have any
 * more, the next one is asked for. Throws RemoteError when none can be reached, CorruptError, StorageError.
 */
export async function deepen(remotes: readonly Sharing[], only?: Only): Promise<void> {
  let failure: RemoteError | undefined
  for (const { checkpoints, remote, names, options } of remotes) {
    const { objects, repository } = checkpoints.history
    if (!objects.isShallow) return
    const seen = new Set<ObjectId>()
    for (const { refs } of localSessions(repository.refs, names, only).values())
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

/** What a shallow store says where it needs more than it has. */
export const lacksHistory = (session: SessionId, cut: readonly CommitId[], why: string): UnsupportedError =>
  new UnsupportedError(
    'a shallow history',
    `The history of session '${session}' before checkpoint ${cut[0]} is not in this store, which is a shallow clone; ${why}. Fetch it first: 'forkpoint fetch --deepen', from a remote that has it.`,
  )

/** What git takes for a depth without an end. */
const WHOLE = 0x7fffffff
