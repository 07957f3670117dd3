/** What a git store, and its calls that other stores do not have, are asked for and answer. */
import type { SignOptions } from '../../checkpoints/signing.ts'
import type { CheckpointSignature } from '../../git/signing/commit-signature.ts'
import type { SecretOptions } from '../../redaction/secrets.ts'
import type { Session } from '../../state/index.ts'
import type { RetentionPolicy } from '../retention/policy.ts'
import type { CleanMemory } from '../scan/scan.ts'
import type {
  Checkpoint,
  LogOptions,
  MaintainOptions,
  StoredDocument,
  StoreOptions,
  VerifyReport,
} from '../session-store.ts'
import type { RemoteSettings } from './sharing/shared-store.ts'
import type { SignatureOptions, SignatureReport } from './signatures.ts'

export interface GitStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long another process's lock is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /**
   * Whether each turn gets a page, the Markdown that people read in `git log -p` and on a git host. Default: true. Pages
   * that are there already stay.
   */
  pages?: boolean
  /**
   * Signs every checkpoint, so that `git verify-commit` and `forkpoint verify --signatures` say by whom it was made.
   *
   *     new GitSessionStore('./sessions', { sign: { key: '/home/ann/.ssh/id_ed25519' } })
   */
  sign?: SignOptions
  /** Which sessions `maintain` keeps. Default: what the store's `config` says (`docs/retention.md`), else all. */
  retention?: RetentionPolicy
  /**
   * A git server to share sessions with. The remotes of the repository's own configuration (`forkpoint remote add`) are
   * there as well.
   *
   *     new GitSessionStore('./sessions', { remote: { url: 'ssh://git@host/team/sessions.git' } })
   */
  remote?: RemoteSettings
  /**
   * When saves, forks, tags and deletions, also those of adapters, go to `remote`: `later`, in batches at least ten seconds apart and when the store is
   * closed, while a save never waits; `now`, before the call resolves, which throws ReplicationError where the remote does
   * not take it; `false`: only when `push` or `sync` is called. Default: `later` if `remote` is given.
   */
  replicate?: 'later' | 'now' | false
  /**
   * What this machine is called in names of branches that made room for those of others. Default: `forkpoint.writer` of the
   * repository's configuration, else the name of the machine.
   */
  writer?: string
}

export interface GitVerifyOptions {
  /** Also check who signed each checkpoint. */
  signatures?: SignatureOptions | undefined
  onProgress?: MaintainOptions['onProgress']
}

export interface GitVerifyReport extends VerifyReport {
  /** By whom checkpoints are signed, where that was asked for. */
  signatures?: SignatureReport
}

export interface GitLogOptions extends LogOptions {
  /** Also say who signed each checkpoint. */
  signatures?: SignatureOptions | undefined
}

/** What is looked for, and what is known to hold nothing. */
export interface ScanOptions extends Pick<SecretOptions, 'rules' | 'only' | 'off' | 'allow' | 'preset'> {
  /** What holds no secret by rules of this id. */
  memory?: (rules: string) => CleanMemory | undefined
  /** Is told how many checkpoints have been looked at. */
  onProgress?: (checkpoints: number) => void
}

export interface SignedCheckpoint extends Checkpoint {
  /** Absent where nobody signed it, and where it was not asked for. */
  signature?: CheckpointSignature
}
