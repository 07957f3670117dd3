/** Sessions on a git server, without a disk. */
import { randomUUID } from 'node:crypto'
import { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { HostedRepository } from '../../git/hosted/repository.ts'
import { type Auth, credentialSource } from '../../git/wire/credentials.ts'
import { Http, type HttpOptions } from '../../git/wire/http.ts'
import { GitServer, type ServerLimits } from '../../git/wire/server.ts'
import type { Session } from '../../state/index.ts'
import { documentRules } from '../document.ts'
import { StoreFront } from '../front.ts'
import type { StoredDocument, StoreOptions } from '../session-store.ts'
import { RemoteBackend } from './backend.ts'

export interface RemoteStoreOptions<S extends StoredDocument = Session>
  extends StoreOptions<S>,
    Pick<HttpOptions, 'fetch' | 'timeout' | 'retries' | 'headers'>,
    ServerLimits {
  /** Credentials, or a function that returns them. */
  auth?: Auth
  /** Bytes of objects to keep in memory. Default 64 MiB. */
  memory?: number
  /** Whether each turn gets a page that people can read. Default: true. */
  pages?: boolean
}

/**
 * Keeps sessions on a git server and nothing on a disk. A load takes two requests; an append to a loaded session takes
 * one. It needs `fetch`, but no file system. `switch` changes the active branch only for this store object.
 *
 *     const store = new RemoteSessionStore('https://host/team/sessions.git', { auth: { token } })
 *     await store.save(state)
 */
export class RemoteSessionStore<S extends StoredDocument = Session> extends StoreFront<S> {
  /** The address, without user name and password. */
  readonly url: string

  /** Sends nothing before the first call. Throws TypeError unless `url` is an http or https address. */
  constructor(url: string, options: RemoteStoreOptions<S> = {}) {
    const rules = documentRules(options)
    const {
      auth,
      memory = 64 << 20,
      fetch,
      timeout,
      retries,
      headers,
      maxRefs,
      maxPackSize = 256 << 20,
    } = options
    const http = new Http(url, { credentials: credentialSource(auth), fetch, timeout, retries, headers })
    const repository = new HostedRepository(new GitServer(http, { maxRefs, maxPackSize }), memory)
    // The nonce makes the ids differ if two workers save the same state on the same checkpoint, so that only one save
    // wins.
    const checkpoints = new Checkpoints(repository, { ...rules, nonce: randomUUID })
    super(new RemoteBackend(repository, checkpoints, rules), rules, checkpoints.lifetime)
    this.url = http.url
  }
}
