/** What all work with one remote needs. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import type { ForkpointError } from '../errors.ts'
import type { Remote, RemoteOptions, RemoteRefs } from '../git/wire/remote.ts'
import type { SessionId } from '../ids.ts'
import type { RemoteNames } from './planning/names.ts'
import {
  addRemote,
  localSessions,
  type SharedSession,
  type SharedSessions,
} from './planning/shared-sessions.ts'

export interface Sharing {
  checkpoints: Checkpoints
  remote: Remote
  names: RemoteNames
  /** What this machine is called in names of branches that made room for others. */
  writer: string
  options: RemoteOptions
}

/** Which sessions; `undefined`: all. */
export type Only = readonly SessionId[] | undefined

/** Why a session may not leave this machine; `undefined`: it may. Asked with what the remote has of it. */
export type Gate = (session: SharedSession) => Promise<ForkpointError | undefined>

/** Sessions with where their refs are; only those whose refs differ from what was last seen, or are elsewhere here. */
export function sessionsWith({ checkpoints, names }: Sharing, there: RemoteRefs, only: Only): SharedSessions {
  const sessions = localSessions(checkpoints.history, names, only)
  addRemote(checkpoints.history, sessions, names, there.refs, only)
  return sessions
}

/** Runs work on many things, a bounded number at a time. */
export async function each<T>(things: Iterable<T>, work: (thing: T) => Promise<void>): Promise<void> {
  const left = [...things].values()
  const run = async (): Promise<void> => {
    for (const thing of left) await work(thing)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
}

/** Changes that are ready together share one sync of the disk. */
const AT_ONCE = 32
