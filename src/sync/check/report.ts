/** What a check of a server is told, and what it says. */
import type { RemoteOptions } from '../../git/wire/remote.ts'
import type { ConnectOptions } from '../connect.ts'

export interface CheckOptions extends ConnectOptions, RemoteOptions {
  /** The repository also holds code: branches are tried below `refs/forkpoint/heads/`. Default: found out from its refs. */
  mapped?: boolean
  /** Bytes of the large push. Default 2 MiB. */
  size?: number
}

export interface TriedPromise {
  /** Short, such as `atomic`. */
  name: string
  /** What the server promises if it holds. */
  promise: string
  /** `undefined`: it was not tried, or it is only told. */
  holds: boolean | undefined
  /** Whether sessions cannot be shared without it. */
  needed: boolean
  /** How long it took; the median where it was tried several times. */
  milliseconds?: number
  /** The server's words, and what it means that it does not hold. */
  note?: string
}

export interface RemoteCheck {
  /** Without a password. */
  url: string
  transport: 'http' | 'ssh' | 'folder'
  /** Whether all that is needed holds. */
  ok: boolean
  promises: TriedPromise[]
  /** Refs of the check that the server did not let be deleted. */
  left: string[]
}
