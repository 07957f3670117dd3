/** Checks what a git server can do, by trying it with refs made for the check. */
import type { CheckOptions, RemoteCheck } from './report.ts'

/**
 * Tries what forkpoint needs of a git server, and what it uses if the server has it. Uses new refs named `_check-…`,
 * and deletes them afterwards. Changes nothing else at the server, and needs no store.
 *
 *     const { ok, promises } = await checkRemote('https://host/team/sessions.git', { auth: { token } })
 *
 * @throws RemoteError if the server cannot be reached or refuses access; UnsupportedError for an address that forkpoint
 * cannot use
 */
export async function checkRemote(url: string, options: CheckOptions = {}): Promise<RemoteCheck> {
  // Loaded only when needed, because stores do not use it.
  const { runCheck } = await import('./run.ts')
  return runCheck(url, options)
}
