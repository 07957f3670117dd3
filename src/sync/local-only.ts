/** Finds sessions that must stay on this machine: those with `local: true` in their metadata, and their forks. */
import type { History } from '../checkpoints/commits/history.ts'
import { FILES_TYPE } from '../checkpoints/files-line.ts'
import { readFields } from '../checkpoints/trees/documents.ts'
import type { CommitId, ObjectId } from '../ids.ts'

/**
 * Returns whether a commit must stay here: whether its own state says so, or the state of the session from which it was
 * forked, at that checkpoint.
 *
 * @param isKnown returns whether the remote already has a commit and its history
 */
export async function isLocalOnly(
  history: History,
  tip: CommitId,
  isKnown: (id: ObjectId) => boolean,
): Promise<boolean> {
  let session: string | undefined
  for await (const info of history.line(tip)) {
    if (isKnown(info.id)) return false
    // Commits of a files line have no metadata; their branch decides.
    if (info.message.trailers?.get('Type') === FILES_TYPE) continue
    if (info.session === undefined || info.session === session) continue
    session = info.session
    const { metadata } = await readFields(history.objects, info.tree)
    if ((metadata as { local?: unknown } | undefined)?.local === true) return true
  }
  return false
}
