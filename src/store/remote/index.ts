/** `forkpoint/remote`: sessions on a git server, without a disk. */
export type {
  AskForCredentials,
  Auth,
  CredentialQuestion,
  CredentialSource,
  Credentials,
} from '../../git/wire/credentials.ts'
export type { HttpOptions } from '../../git/wire/http.ts'
export type { ServerLimits } from '../../git/wire/server.ts'
export { FleetSessionStore, type FleetStoreOptions } from './fleet-session-store.ts'
export { RemoteSessionStore, type RemoteStoreOptions } from './remote-session-store.ts'
