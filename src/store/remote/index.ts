/** `forkpoint/remote`: sessions on a git server, without a disk. */
export type { AskForCredentials, Auth, CredentialQuestion, Credentials } from '../../git/wire/credentials.ts'
export { RemoteSessionStore, type RemoteStoreOptions } from './remote-session-store.ts'
