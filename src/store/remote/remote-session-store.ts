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
  /** Who asks: credentials, or a function that gives them. */
  auth?: Auth
  /** Bytes of objects that are kept in memory. Default 64 MiB. */
  memory?: number
  /** Whether each turn gets a page that people can read. Default: true. */
  pages?: boolean
}

/**
 * Keeps sessions on a git server and nothing on a disk: loading one is two requests, appending to it is one. It runs where
 * there is `fetch` and no file system. The active branch of `switch` is this object's own.
 *
 *     const store = new RemoteSessionStore('https://host/team/sessions.git', { auth: { token } })
 *     await store.save(state)
 */
export class RemoteSessionStore<S extends StoredDocument = Session> extends StoreFront<S> {
  /** Without user name and password. */
  readonly url: string

  /** Nothing is sent before the first call. Throws TypeError unless `url` is an address of http or https. */
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
    // Two workers that save the same on top of the same make two checkpoints: only one of them is the server's.
    const checkpoints = new Checkpoints(repository, { ...rules, nonce: randomUUID })
    super(new RemoteBackend(repository, checkpoints, rules), rules, checkpoints.lifetime)
    this.url = http.url
  }
}
