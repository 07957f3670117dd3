/** Whether a checkpoint that was resolved a while ago still exists. */
import type { AnyRepository } from '../../git/any-repository.ts'
import { purgeMark } from '../../git/upkeep/purge-mark.ts'
import type { CommitId, SessionId } from '../../ids.ts'
import type { History } from './history.ts'

/**
 * Returns whether a checkpoint of the session still exists. If nothing was purged since it was resolved, this is fast;
 * otherwise the session's history is searched.
 *
 * @param mark the result of `Checkpoints.mark` from before the checkpoint was resolved
 */
export async function stillStands(
  history: History<AnyRepository>,
  session: SessionId,
  id: CommitId,
  mark?: string,
): Promise<boolean> {
  const { repository } = history
  if (mark !== undefined && purgeMark(repository) === mark) return repository.objects.has(id)
  return history.has(session, id)
}
