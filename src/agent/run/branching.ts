/** Forks and rewinds: new branches of a session; the old ones do not change. */
import { readdir } from 'node:fs/promises'
import { AlreadyExistsError, UnsupportedError } from '../../errors.ts'
import { makeFolders } from '../../folders.ts'
import type { Checkpoint, SessionStore } from '../../store/session-store.ts'
import type { RestoreReport } from '../../workspace/workspace-files.ts'

export interface ForkRequest {
  /** Any revision. Default: the checkpoint the session stands on. */
  at?: string
  /** Name of the new branch. */
  branch?: string
  /** Id of the new session. */
  sessionId?: string
  /** An empty or missing folder: it gets the files of the checkpoint and becomes the fork's workspace. */
  into?: string
}

export interface RewindOptions {
  /** Name of the branch on which the conversation continues. */
  branch?: string
  /** Whether the files of the workspace go back. Default false. */
  files?: boolean
  /** Whether the conversation goes back. Default true. */
  conversation?: boolean
}

/** The checkpoint that the session is at, and what happened to the files. */
export type Rewound = Checkpoint & { files?: RestoreReport }

/** Puts the files of a checkpoint into a new folder. Throws TypeError if it is not empty, UnsupportedError. */
export async function filesInto(
  store: SessionStore,
  { session, at, into }: { session: string; at: string; into: string },
): Promise<void> {
  if (!store.supports.files || store.files === undefined) throw new UnsupportedError('files')
  const files = store.files(into)
  // Fails for a checkpoint without files before anything is made.
  await files.snapshot(session, at)
  makeFolders(into)
  if ((await readdir(into)).length > 0)
    throw new TypeError(`'into' has to be an empty folder, and '${into}' is not`)
  await files.restore(session, at)
}

/** Forks, and returns the new session and branch. */
export async function forkOf(
  store: SessionStore,
  position: Checkpoint,
  session: string,
  { at = position.id, branch, sessionId }: ForkRequest,
): Promise<{ id: string; branch: string | undefined }> {
  if (branch === undefined && sessionId === undefined) {
    throw new TypeError("A fork needs the name of its branch, or a 'sessionId'")
  }
  await store.fork(session, { at, session: sessionId, branch })
  return { id: sessionId ?? session, branch }
}

/** Starts a branch at the revision and makes it active; returns its name. */
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
