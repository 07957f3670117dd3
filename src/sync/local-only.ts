/** Sessions that stay on this machine: `local: true` in their metadata, and forks of such sessions. */
import type { History } from '../checkpoints/commits/history.ts'
import { FILES_TYPE } from '../checkpoints/files-line.ts'
import { readFields } from '../checkpoints/trees/documents.ts'
import type { CommitId, ObjectId } from '../ids.ts'

/**
 * Whether what a commit leads to is to stay here: its own state says so, or that of the session it was forked from, at the
 * checkpoint where it was.
 *
 * @param isKnown what the remote has already, with all before it
 */
export async function isLocalOnly(
  history: History,
  tip: CommitId,
  isKnown: (id: ObjectId) => boolean,
): Promise<boolean> {
  let session: string | undefined
  for await (const info of history.line(tip)) {
    if (isKnown(info.id)) return false
    // The files of a workspace say nothing; the branch that they belong to does.
    if (info.message.trailers?.get('Type') === FILES_TYPE) continue
    if (info.session === undefined || info.session === session) continue
    session = info.session
    const { metadata } = await readFields(history.objects, info.tree)
    if ((metadata as { local?: unknown } | undefined)?.local === true) return true
  }
  return false
}
