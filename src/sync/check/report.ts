/** The options and the report of a check. */
import type { RemoteOptions } from '../../git/wire/remote.ts'
import type { ConnectOptions } from '../connect.ts'

export interface CheckOptions extends ConnectOptions, RemoteOptions {
  /**
   * Whether the repository also holds code, so that branches are tried below `refs/forkpoint/heads/`. Default: decided
   * by its refs.
   */
  mapped?: boolean
  /** Size of the large push in bytes. Default 2 MiB. */
  size?: number
}

export interface TriedPromise {
  /** A short name, such as `atomic`. */
  name: string
  /** What the server does if the promise holds. */
  promise: string
  /** `undefined`: it was not tried. */
  holds: boolean | undefined
  /** Whether sharing sessions requires it. */
  needed: boolean
  /** How long it took; the median if it was tried several times. */
  milliseconds?: number
  /** The server's answer, and the consequences if the promise does not hold. */
  note?: string
}

export interface RemoteCheck {
  /** The address without a password. */
  url: string
  transport: 'http' | 'ssh' | 'folder'
  /** Whether all needed promises hold. */
  ok: boolean
  promises: TriedPromise[]
  /** Refs of the check that the server refused to delete. */
  left: string[]
}
