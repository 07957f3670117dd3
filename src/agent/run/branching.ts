/** Forks and rewinds: new lines of a session, the old ones untouched. */
import { AlreadyExistsError } from '../../errors.ts'
import type { Checkpoint, SessionStore } from '../../store/session-store.ts'

export interface ForkRequest {
  /** Any revision. Default: the checkpoint the session stands on. */
  at?: string
  /** Name of the new branch. */
  branch?: string
  /** Id of the new session. */
  sessionId?: string
}

/** Forks, and says which session and branch came of it. */
export async function forkOf(
  store: SessionStore,
  position: Checkpoint,
  session: string,
  { at = position.id, branch, sessionId }: ForkRequest,
): Promise<{ id: string; branch: string | undefined }> {
  if (branch === undefined && sessionId === undefined) {
    throw new TypeError("A fork needs the name of its branch, or a 'sessionId'")
  }
  const where = branch === undefined ? {} : { branch }
  if (sessionId !== undefined) {
    await store.fork(session, { at, session: sessionId, ...where })
    return { id: sessionId, branch }
  }
  await store.fork(session, { at, ...where })
  return { id: session, branch }
}

/** Starts a branch at the revision and makes it the active one; gives its name. */
export async function rewindTo(
  store: SessionStore,
  session: string,
  revision: string,
  name: string | undefined,
): Promise<string> {
  const at = await store.resolve(session, revision)
  for (let attempt = 1; ; attempt++) {
    const branch = name ?? `rewind-${at.slice(0, 8)}${attempt === 1 ? '' : `-${attempt}`}`
    try {
      await store.fork(session, { at, branch })
      await store.switch(session, branch)
      return branch
    } catch (error) {
      if (!(error instanceof AlreadyExistsError) || name !== undefined) throw error
    }
  }
}
