/** What a git server promises, found out by trying it on refs that are only there for that. */
import type { CheckOptions, RemoteCheck } from './report.ts'

/**
 * Tries what forkpoint needs of a git server, and what it uses where it is there, with new refs named `_check-…`, which are
 * deleted afterwards. Nothing else at the server is touched, and no store is needed.
 *
 *     const { ok, promises } = await checkRemote('https://host/team/sessions.git', { auth: { token } })
 *
 * @throws RemoteError when the server cannot be reached or does not let us in; UnsupportedError for an address that forkpoint
 *   does not know how to reach
 */
export async function checkRemote(url: string, options: CheckOptions = {}): Promise<RemoteCheck> {
  // Loaded when it is needed: a store does without.
  const { runCheck } = await import('./run.ts')
  return runCheck(url, options)
}
