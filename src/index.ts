/**
 * forkpoint: agent sessions in git. `import … from 'forkpoint'` gives the stores, their types and errors, and an
 * `Agent`. The types of an agent's events, errors and settings are in `forkpoint/agent`.
 */

export {
  Agent,
  type AgentOptions,
  type AgentSession,
  type PermissionPolicy,
  type ResumeOptions,
  type SessionOptions,
  type TurnResult,
} from './agent/index.ts'
export type { SignOptions, UnsignedCheckpoint } from './checkpoints/signing.ts'
export {
  AlreadyExistsError,
  AmbiguousRevisionError,
  AmbiguousSessionError,
  type ConflictData,
  ConflictError,
  CorruptError,
  ForkpointError,
  InvalidIdError,
  InvalidStateError,
  LockedError,
  NotFoundError,
  type NotFoundKind,
  RemoteError,
  type RemoteErrorData,
  type RemoteFailure,
  SessionBusyError,
  SessionClosedError,
  SigningError,
  type StateIssue,
  StorageError,
  StoreMovedError,
  UnsupportedError,
} from './errors.ts'
export { AllowedSignersError } from './git/signing/allowed-signers.ts'
export type { CheckpointSignature } from './git/signing/commit-signature.ts'
export { NativeGitError } from './git/upkeep/native/error.ts'
export type { AskForCredentials, Auth, CredentialQuestion, Credentials } from './git/wire/credentials.ts'
export type { RemoteOptions } from './git/wire/remote.ts'
export {
  checkSession,
  eventSchema,
  type Message,
  type MessagePart,
  messageSchema,
  migrate,
  newMessage,
  newRun,
  newSession,
  partSchema,
  type Role,
  type Run,
  type RunEvent,
  runSchema,
  SCHEMA_VERSION,
  type Session,
  sessionSchema,
  textOfParts,
  type Usage,
  usageSchema,
} from './state/index.ts'
export { FileSessionStore, type FileStoreOptions } from './store/file/file-session-store.ts'
export { GitSessionStore } from './store/git/git-session-store.ts'
export type { GitMaintainReport, GitStoreStats } from './store/git/maintain.ts'
export type {
  GitListOptions,
  GitLogOptions,
  GitStoreOptions,
  GitVerifyOptions,
  GitVerifyReport,
  ScanOptions,
  SignedCheckpoint,
} from './store/git/options.ts'
export type { ContinueReport, RewriteOptions, RewriteReport } from './store/git/rewriting/rewrite.ts'
export type { ThinOptions, ThinReport } from './store/git/rewriting/thin.ts'
export type {
  BundleOptions,
  FetchOptions,
  PushOptions,
  RemoteSettings,
  ShareOptions,
} from './store/git/sharing/shared-store.ts'
export type { RemoteEvent, SharingStore, UnbundleReport } from './store/git/sharing/sharing-store.ts'
export type { SignatureOptions, SignatureReport } from './store/git/signatures.ts'
export { MemorySessionStore, type MemoryStoreOptions } from './store/memory/memory-session-store.ts'
export type { ArchivableSession, ArchiveOptions, ArchiveReport } from './store/retention/archive.ts'
export type { Protection, Removal, RetentionPlan } from './store/retention/plan.ts'
export type { Bytes, Duration, RetentionPolicy, RetentionRule } from './store/retention/policy.ts'
export type { PruneOptions, PruneReport } from './store/retention/prune.ts'
export type { DiscardedSession, Retention } from './store/retention/retention.ts'
export type { SessionStats, SessionStatsOptions } from './store/retention/stats.ts'
export type { SessionBytes } from './store/retention/usage.ts'
export type { CleanMemory, FoundSecret } from './store/scan/scan.ts'
export type { FoundLine } from './store/search/lines.ts'
export type { SearchMatch, SearchOptions } from './store/search/search.ts'
export type {
  Addition,
  Author,
  Branch,
  Checkpoint,
  CheckpointKind,
  CollectionDiff,
  FieldChange,
  ForkOptions,
  ItemChange,
  ListOptions,
  LoadOptions,
  LogOptions,
  MaintainOptions,
  MaintainReport,
  NextAddition,
  Place,
  Problem,
  Redact,
  SessionHandle,
  SessionStore,
  SessionSummary,
  StateDiff,
  StoredDocument,
  StoreOptions,
  StoreStats,
  Supports,
  Tag,
  VerifyReport,
  WriteOptions,
} from './store/session-store.ts'
export type { BundleReport } from './sync/bundle/bundle.ts'
export { checkRemote } from './sync/check/remote-check.ts'
export type { CheckOptions, RemoteCheck, TriedPromise } from './sync/check/report.ts'
export type { ConnectOptions } from './sync/connect.ts'
export { NotSharedError, ReplicationError, RewrittenError } from './sync/error.ts'
export type { NamedRemote } from './sync/remotes.ts'
export type {
  FetchReport,
  PushReport,
  RefusedSession,
  RemoteStatus,
  SessionStatus,
  SyncReport,
} from './sync/report.ts'
export type { Block, CallBlock, FileBlock, ResultBlock } from './view/block.ts'
export type { ModelPrice, Prices } from './view/cost.ts'
export { RestoreError, WorkspaceLimitError } from './workspace/errors.ts'
export type { LeftOut, LeftOutReason } from './workspace/left-out.ts'
export type { SnapshotLimits } from './workspace/limits.ts'
export { plainRemote, projectAt } from './workspace/project/project.ts'
export type { Project, ProjectQuery } from './workspace/project/query.ts'
export type { KeptFile, KeptReason, RestorePlan } from './workspace/restore-plan.ts'
export type { FileChanges, StoredFile, StoredSnapshot } from './workspace/stored-files.ts'
export type {
  KeptSnapshot,
  RestoreOptions,
  RestoreReport,
  WorkspaceFiles,
  WorkspaceOptions,
  WorkspaceState,
} from './workspace/workspace-files.ts'
