/** The options of a git store, and the options and results of methods that only a git store has. */
import type { SignOptions } from '../../checkpoints/signing.ts'
import type { CheckpointSignature } from '../../git/signing/commit-signature.ts'
import type { SecretOptions } from '../../redaction/secrets.ts'
import type { Session } from '../../state/index.ts'
import type { RetentionPolicy } from '../retention/policy.ts'
import type { CleanMemory } from '../scan/scan.ts'
import type {
  Checkpoint,
  ListOptions,
  LogOptions,
  MaintainOptions,
  StoredDocument,
  StoreOptions,
  VerifyReport,
} from '../session-store.ts'
import type { RemoteSettings } from './sharing/shared-store.ts'
import type { SignatureOptions, SignatureReport } from './signatures.ts'

export interface GitStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long to wait for the lock of another process, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /**
   * Whether each turn gets a page: Markdown for people who read `git log -p` or a git host. Default: true. Existing
   * pages stay.
   */
  pages?: boolean
  /**
   * Signs every checkpoint, so that `git verify-commit` and `forkpoint verify --signatures` tell who made it.
   *
   *     new GitSessionStore('./sessions', { sign: { key: '/home/ann/.ssh/id_ed25519' } })
   */
  sign?: SignOptions
  /** Which sessions `maintain` keeps. Default: the policy in the store's `config` (`docs/retention.md`), else all. */
  retention?: RetentionPolicy
  /**
   * A git server to share sessions with. The store also knows the remotes in the repository's configuration (`forkpoint
   * remote add`).
   *
   *     new GitSessionStore('./sessions', { remote: { url: 'ssh://git@host/team/sessions.git' } })
   */
  remote?: RemoteSettings
  /**
   * When saves, forks, tags and deletions, including those of adapters, are pushed to `remote`. `later`: in batches at
   * least ten seconds apart, and when the store is closed; a save never waits. `now`: before the call resolves; it
   * throws ReplicationError if the remote does not accept the push. `false`: only when `push` or `sync` is called.
   * Default: `later` if `remote` is given.
   */
  replicate?: 'later' | 'now' | false
  /**
   * The name of this machine, used when a branch of this store is renamed because the remote's branch of that name has
   * gone on differently. Default: `forkpoint.writer` in the repository's configuration, else the host name.
   */
  writer?: string
}

export interface GitVerifyOptions {
  /** Also check who signed each checkpoint. */
  signatures?: SignatureOptions | undefined
  onProgress?: MaintainOptions['onProgress']
}

export interface GitVerifyReport extends VerifyReport {
  /** Who signed the checkpoints; only with `signatures`. */
  signatures?: SignatureReport
}

export interface GitListOptions extends ListOptions {
  /** List the archived sessions instead of the others. */
  archived?: boolean | undefined
}

export interface GitLogOptions extends LogOptions {
  /** Also tell who signed each checkpoint. */
  signatures?: SignatureOptions | undefined
}

/** Which secrets to look for, and a memory of content without secrets. */
export interface ScanOptions extends Pick<SecretOptions, 'rules' | 'only' | 'off' | 'allow' | 'preset'> {
  /** Returns the memory of content that has no secret by the rules with this id. */
  memory?: (rules: string) => CleanMemory | undefined
  /** Called with the number of checkpoints scanned so far. */
  onProgress?: (checkpoints: number) => void
}

export interface SignedCheckpoint extends Checkpoint {
  /** Absent if the checkpoint is not signed, or without `signatures`. */
  signature?: CheckpointSignature
}
