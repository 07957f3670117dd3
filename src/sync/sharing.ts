/** What all work with one remote needs. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import type { Remote, RemoteOptions } from '../git/wire/remote.ts'
import type { SessionId } from '../ids.ts'
import type { RemoteNames } from './planning/names.ts'

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
