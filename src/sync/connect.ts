/** A remote's address as something to talk to. */
import type { Repository } from '../git/repository.ts'
import { locationOf } from '../git/wire/location.ts'
import { NativeRemote } from '../git/wire/native/remote.ts'
import type { Remote } from '../git/wire/remote.ts'

/** Throws UnsupportedError for an address that forkpoint does not know how to reach. */
export function connect(repository: Repository, address: string): Remote {
  return new NativeRemote(repository, locationOf(address))
}
