/** Makes the connection to a remote from its address. */
import { BundleRemote } from '../git/bundle/bundle-remote.ts'
import type { Repository } from '../git/repository.ts'
import type { Auth } from '../git/wire/credentials.ts'
import { gitCredential } from '../git/wire/git-credential.ts'
import { HttpRemote } from '../git/wire/http-remote.ts'
import { locationOf } from '../git/wire/native/location.ts'
import { NativeRemote } from '../git/wire/native/remote.ts'
import type { Remote } from '../git/wire/remote.ts'

export { withoutPassword } from '../git/wire/native/error.ts'

export interface ConnectOptions {
  /** Credentials for http and https. If there are none, the user's own git credential helpers are asked. */
  auth?: Auth | undefined
  /** Headers for each request over http and https. */
  headers?: Readonly<Record<string, string>> | undefined
}

/**
 * Returns the address to store: a relative path would mean another folder to a process that runs elsewhere.
 *
 * @throws UnsupportedError
 */
export function absoluteAddress(address: string): string {
  const { kind, url } = locationOf(address)
  return kind === 'folder' && !/^file:/i.test(address) ? url : address
}

/**
 * Returns the remote at an address. Throws UnsupportedError for an address that forkpoint cannot use, TypeError for a
 * wrong one.
 */
export function connect(
  repository: Repository,
  address: string,
  { auth, headers }: ConnectOptions = {},
): Remote {
  const location = locationOf(address)
  if (location.kind === 'folder' && repository.fs.stat(location.url)?.kind === 'file')
    return new BundleRemote(repository, location.url)
  if (location.kind !== 'http') return new NativeRemote(repository, location)
  return new HttpRemote(repository, location.url, {
    auth,
    gitCredential: gitCredential(),
    ...(headers && { headers }),
  })
}
