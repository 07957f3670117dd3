/** Everything needed to work with one remote. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import type { ForkpointError } from '../errors.ts'
import type { Remote, RemoteOptions, RemoteRefs } from '../git/wire/remote.ts'
import type { SessionId } from '../ids.ts'
import type { RemoteNames } from './planning/names.ts'
import {
  addFolded,
  addRemote,
  localSessions,
  type SharedSession,
  type SharedSessions,
} from './planning/shared-sessions.ts'

export interface Sharing {
  checkpoints: Checkpoints
  remote: Remote
  names: RemoteNames
  /** The name of this machine in the new names of diverged branches. */
  writer: string
  options: RemoteOptions
}

/** The sessions to share; `undefined`: all. */
export type Only = readonly SessionId[] | undefined

/**
 * Returns why a session must not leave this machine; `undefined` if it may. The argument says what the remote already
 * has.
 */
export type Gate = (session: SharedSession) => Promise<ForkpointError | undefined>

/** Returns sessions with the values of their refs here, as last seen, and at the remote. */
export async function sessionsWith(
  { checkpoints, names }: Sharing,
  there: RemoteRefs,
  only: Only,
): Promise<SharedSessions> {
  const sessions = localSessions(checkpoints.history, names, only)
  addRemote(checkpoints.history, sessions, names, there.refs, only)
  await addFolded(checkpoints.history, sessions, names, there.refs)
  return sessions
}

/** Runs `work` on many things, a limited number at a time. */
export async function each<T>(things: Iterable<T>, work: (thing: T) => Promise<void>): Promise<void> {
  const left = [...things].values()
  const run = async (): Promise<void> => {
    for (const thing of left) await work(thing)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
}

/** Large, because changes that are ready at the same time share one sync of the disk. */
const AT_ONCE = 32
