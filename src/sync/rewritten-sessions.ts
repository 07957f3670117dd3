/**
 * Sessions whose history was rewritten here while a remote still has checkpoints from before. What was taken out must not
 * come back, and ours cannot go on from theirs.
 */
import type { History } from '../checkpoints/commits/history.ts'
import { hashOf, readRewritten } from '../checkpoints/commits/rewritten.ts'
import { type CommitId, rewrittenRef } from '../ids.ts'
import type { RefKey } from './planning/names.ts'
import type { SharedSession } from './planning/shared-sessions.ts'

/**
 * The refs that, at the remote, lead to a checkpoint that was rewritten here; none of a session that was deleted here since. What
 * was not fetched yet is told by its id alone.
 */
export async function refsBeforeRewrite(
  history: History,
  { session, refs }: SharedSession,
): Promise<RefKey[]> {
  const rewrite = history.tip(rewrittenRef(session))
  const isHere = [...refs.values()].some(({ local }) => local !== undefined)
  if (rewrite === undefined || !isHere) return []
  const rewritten = await readRewritten(history.objects, rewrite)
  const isOld = (id: string): boolean => rewritten.has(hashOf(id))
  const found: RefKey[] = []
  for (const [key, { remote }] of refs) {
    if (remote === undefined) continue
    if (isOld(remote) || (await leadsToOld(history, remote as CommitId, isOld))) found.push(key)
  }
  return found
}

async function leadsToOld(history: History, id: CommitId, isOld: (id: string) => boolean): Promise<boolean> {
  const object = await history.objects.tryRead(id)
  if (object?.type !== 'commit') return false
  let isFound = false
  await history.reachable([id], {
    until: (one) => {
      isFound ||= isOld(one)
      return isFound
    },
  })
  return isFound
}
