/**
 * The base class of all errors that forkpoint throws on purpose. Each has a stable `code`, the data that a program
 * needs to act on it, and a message that says what to do next. Match on `instanceof` or `code`, never on the message.
 *
 * Programmer mistakes (a missing argument, an option of the wrong type) are plain `TypeError`s.
 */
export class ForkpointError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

const short = (id: string | null | undefined): string => (id ? `${id.slice(0, 10)}…` : 'nothing')

export interface ConflictData {
  session: string
  branch: string
  /** The checkpoint that the caller built on; `null`: the branch was expected not to exist; `undefined`: unknown. */
  expected?: string | null | undefined
  /** The current tip of the branch; `null` if there is no such branch. */
  actual: string | null
}

/** Someone else moved the branch after the caller last read it. Nothing was written. */
export class ConflictError extends ForkpointError {
  readonly session: string
  readonly branch: string
  readonly expected: string | null | undefined
  readonly actual: string | null

  constructor(data: ConflictData, message?: string, options?: { cause?: unknown }) {
    super('CONFLICT', message ?? conflictMessage(data), options)
    this.session = data.session
    this.branch = data.branch
    this.expected = data.expected
    this.actual = data.actual
  }
}

function conflictMessage({ session, branch, expected, actual }: ConflictData): string {
  const where = `Session '${session}'`
  if (expected === undefined) {
    return `${where} already has a branch ${branch} (at ${short(actual)}), but this store object has not loaded or saved this state. Pass 'expected', or open the session first.`
  }
  if (expected === null) {
    return `${where} already has a branch ${branch} (at ${short(actual)}), but the caller expected no such branch. Load it first, or save to another branch.`
  }
  if (actual === null) {
    return `${where} no longer has a branch ${branch} (you have ${short(expected)}). Fork it again, or save to another branch.`
  }
  return `${where} has moved on ${branch} since you loaded it (you have ${short(expected)}, it is at ${short(actual)}). Load it again, or save to another branch.`
}

export type NotFoundKind =
  | 'session'
  | 'checkpoint'
  | 'branch'
  | 'tag'
  | 'revision'
  | 'run'
  | 'message'
  | 'remote'
  | 'store'
  /** Workspace files at a checkpoint. */
  | 'snapshot'
  /** An input file, outside any store. */
  | 'file'

/** The named thing does not exist. */
export class NotFoundError extends ForkpointError {
  readonly kind: NotFoundKind
  /** The name as it was given. */
  readonly id: string
  readonly session: string | undefined

  constructor(data: { kind: NotFoundKind; id: string; session?: string }, message?: string) {
    const inside =
      data.session !== undefined && data.kind !== 'session' ? ` in session '${data.session}'` : ''
    super('NOT_FOUND', message ?? `There is no ${data.kind} '${data.id}'${inside}.`)
    this.kind = data.kind
    this.id = data.id
    this.session = data.session
  }
}

/** A session, branch, tag, remote or file of this name already exists. Nothing was written. */
export class AlreadyExistsError extends ForkpointError {
  readonly kind: 'session' | 'branch' | 'tag' | 'remote' | 'file'
  readonly id: string
  readonly session: string | undefined

  constructor(data: { kind: AlreadyExistsError['kind']; id: string; session?: string }, message?: string) {
    const inside =
      data.session !== undefined && data.kind !== 'session' ? ` in session '${data.session}'` : ''
    super(
      'ALREADY_EXISTS',
      message ??
        `There is already a ${data.kind} '${data.id}'${inside}. Choose another name, or delete it first.`,
    )
    this.kind = data.kind
    this.id = data.id
    this.session = data.session
  }
}

/** The prefix of a checkpoint id matches more than one checkpoint. */
export class AmbiguousRevisionError extends ForkpointError {
  readonly revision: string
  /** Up to ten of the matching checkpoints. */
  readonly candidates: readonly string[]

  constructor(revision: string, candidates: readonly string[]) {
    const some = candidates.slice(0, 10)
    super(
      'AMBIGUOUS_REVISION',
      `'${revision}' matches more than one checkpoint: ${some.join(', ')}. Give more characters.`,
    )
    this.revision = revision
    this.candidates = some
  }
}

/** The beginning of a session id matches more than one session. */
export class AmbiguousSessionError extends ForkpointError {
  readonly session: string
  /** Up to ten of the matching sessions. */
  readonly candidates: readonly string[]

  constructor(session: string, candidates: readonly string[]) {
    const some = candidates.slice(0, 10)
    super(
      'AMBIGUOUS_SESSION',
      `'${session}' is the beginning of more than one session: ${some.join(', ')}${candidates.length > some.length ? ', …' : ''}. Give more characters.`,
    )
    this.session = session
    this.candidates = some
  }
}

/** The name cannot be that of a session, branch or tag. */
export class InvalidIdError extends ForkpointError {
  readonly kind: string
  readonly id: unknown

  constructor(kind: string, id: unknown, reason: string) {
    super('INVALID_ID', `${JSON.stringify(id) ?? String(id)} is not a valid ${kind} name: ${reason}.`)
    this.kind = kind
    this.id = id
  }
}

/** One problem of a state. `path` leads from the document to the value. */
export interface StateIssue {
  path: readonly (string | number)[]
  message: string
}

/** The state does not fit its schema, or the format cannot store it. Nothing was written. */
export class InvalidStateError extends ForkpointError {
  readonly issues: readonly StateIssue[]

  constructor(issues: readonly StateIssue[], message?: string, options?: { cause?: unknown }) {
    super(
      'INVALID_STATE',
      message ?? `The state is not valid. ${issues.slice(0, 5).map(issueText).join(' ')}`,
      options,
    )
    this.issues = issues
  }
}

const issueText = ({ path, message }: StateIssue): string =>
  `At ${
    path.length === 0
      ? 'the top'
      : path
          .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
          .join('')
          .replace(/^\./, '')
  }: ${message}${/[.!?]$/.test(message) ? '' : '.'}`

/** Data on the disk is damaged. The message names the file or object and, if there is one, the remedy. */
export class CorruptError extends ForkpointError {
  /** The damaged file, if it is one file. */
  readonly file: string | undefined
  /** The id of the damaged object, if it is one object. */
  readonly object: string | undefined

  constructor(message: string, data: { file?: string; object?: string } = {}, options?: { cause?: unknown }) {
    super('CORRUPT', message, options)
    this.file = data.file
    this.object = data.object
  }
}

/** A lock was held for longer than the store waits. */
export class LockedError extends ForkpointError {
  readonly file: string

  constructor(file: string, message?: string, options?: { cause?: unknown }) {
    super(
      'LOCKED',
      message ?? `'${file}' stayed locked. If no process is using the store, remove that file and try again.`,
      options,
    )
    this.file = file
  }
}

/** The disk refused an operation: full, read-only, no permission. Earlier saves are untouched. */
export class StorageError extends ForkpointError {
  readonly file: string | undefined
  /** The operating system's own code, such as `ENOSPC`. */
  readonly errno: string | undefined

  constructor(message: string, data: { file?: string; errno?: string }, options?: { cause?: unknown }) {
    super('STORAGE', message, options)
    this.file = data.file
    this.errno = data.errno
  }
}

/** The store's folder was renamed, removed or replaced after the store was opened. Nothing was saved. */
export class StoreMovedError extends ForkpointError {
  /** The path at which the store was opened. */
  readonly folder: string

  constructor(folder: string, options?: { cause?: unknown }) {
    super(
      'STORE_MOVED',
      `The store's folder '${folder}' was moved, removed or replaced while it was open. Close this store, and open it again where its folder is now.`,
      options,
    )
    this.folder = folder
  }
}

/** A checkpoint could not be signed. Where the store's `sign` requires a signature, nothing was written. */
export class SigningError extends ForkpointError {
  /** The file of the key; `undefined` if the key was given as text. */
  readonly key: string | undefined
  /** The reason, without a full stop. */
  readonly reason: string

  constructor(data: { key?: string | undefined }, reason: string, options?: { cause?: unknown }) {
    const key = data.key === undefined ? 'the key that was given' : `the key '${data.key}'`
    const why = reason.trim().replace(/\.$/, '')
    super(
      'SIGNING',
      `Signing with ${key} failed: ${why}. Where a signature is required, nothing was saved.`,
      options,
    )
    this.key = data.key
    this.reason = why
  }
}

/** Why a request to a git server failed. */
export type RemoteFailure =
  /** No connection, a lost connection, or a timeout. */
  | 'unreachable'
  /** The server does not accept the credentials, or they do not allow this. */
  | 'denied'
  /** There is no repository at this address. */
  | 'missing'
  /** Too many requests, or the server is temporarily down. Retries failed too. */
  | 'busy'
  /** The server redirects to an address that is not followed. */
  | 'redirected'
  /** The answer is not one of a git server. */
  | 'invalid'
  /** The answer is larger than the limits allow. */
  | 'too-large'
  /** Git on the server refused, for the reason in `said`. */
  | 'refused'

export interface RemoteErrorData {
  url: string
  failure: RemoteFailure
  status?: number | undefined
  said?: string | undefined
}

/** A git server could not be reached, refused, or gave an answer that is not git's. Nothing local was changed. */
export class RemoteError extends ForkpointError {
  /** The address, without user name and password. */
  readonly url: string
  readonly failure: RemoteFailure
  /** The HTTP status of the answer, if there was one. */
  readonly status: number | undefined
  /** What the server said: plain text of at most 2,000 characters, without control characters. */
  readonly said: string | undefined

  constructor(data: RemoteErrorData, message: string, options?: { cause?: unknown }) {
    const words = data.said === undefined ? '' : ` The server said: ${data.said}`
    super('REMOTE', `${message}${words}`, options)
    this.url = data.url
    this.failure = data.failure
    this.status = data.status
    this.said = data.said
  }
}

/** This store or repository does not support the operation. `store.supports` says so beforehand. */
export class UnsupportedError extends ForkpointError {
  readonly feature: string

  constructor(feature: string, message?: string) {
    super('UNSUPPORTED', message ?? `This store does not support ${feature}.`)
    this.feature = feature
  }
}

/** Another operation is running on this session object, which runs one at a time. */
export class SessionBusyError extends ForkpointError {
  readonly session: string

  constructor(session: string, message?: string) {
    super(
      'SESSION_BUSY',
      message ?? `Session '${session}' is busy with another operation. Await it, or cancel it, first.`,
    )
    this.session = session
  }
}

/** The store or session object was closed. */
export class SessionClosedError extends ForkpointError {
  constructor(what = 'session') {
    super('SESSION_CLOSED', `This ${what} is closed. Open a new one.`)
  }
}
