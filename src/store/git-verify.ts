/** Reading everything, to know that everything can be read. */
import type { SessionId } from '../ids.ts'
import { parseRef } from '../ids.ts'
import type { GitHistory } from './git-history.ts'
import { readDocument } from './git-reader.ts'
import type { MaintainOptions, Problem, VerifyReport } from './session-store.ts'

export async function verifySessions(
  history: GitHistory,
  only: SessionId | undefined,
  onProgress?: MaintainOptions['onProgress'],
): Promise<VerifyReport> {
  const problems: Problem[] = []
  let checkpoints = 0
  const sessions = new Set<SessionId>()
  for (const ref of history.repository.refs.list('refs/heads/').keys()) {
    const parsed = parseRef(ref)
    if (parsed?.kind === 'branch' && (only === undefined || only === parsed.session))
      sessions.add(parsed.session)
  }
  for (const session of sessions) {
    for (const id of await history.ofSession(session)) {
      try {
        await readDocument(history.repository.objects, (await history.info(id)).tree, session)
        checkpoints++
      } catch (error) {
        problems.push({ session, checkpoint: id, where: id, message: String(error) })
      }
      onProgress?.({ phase: 'checkpoints', done: checkpoints })
    }
  }
  return { ok: problems.length === 0, checkpoints, objects: 0, problems }
}
