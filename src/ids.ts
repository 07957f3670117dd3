/** Names, which are parsed once when they come in, and their refs (`docs/format.md`, "Names" and "Refs"). */
import { InvalidIdError } from './errors.ts'
import { decodeName, encodeName } from './ref-part.ts'

declare const brand: unique symbol
declare const commit: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** The id of any git object: 40 lower-case hex digits. */
export type ObjectId = Branded<'ObjectId'>
/** The object id of a commit, which is the id of a checkpoint. */
export type CommitId = ObjectId & { readonly [commit]: true }
/** A session's id, as its owner wrote it. */
export type SessionId = Branded<'SessionId'>
/** A branch's name, as its owner wrote it. */
export type BranchName = Branded<'BranchName'>
/** A tag's name, as its owner wrote it. */
export type TagName = Branded<'TagName'>
/**
 * A full ref name such as `refs/heads/demo/main`. A template type instead of a brand, so that literals need no cast.
 */
export type RefName = `refs/${string}` | 'HEAD'
/** A folder of refs. */
export type RefFolder = 'refs/' | `refs/${string}/`
/** A ref, or another file of a store that is locked like a ref. */
export type LockName = RefName | `forkpoint/${string}` | 'packed-refs' | 'shallow'

export const MAIN = 'main' as BranchName

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

export const isObjectId = (text: string): text is ObjectId => /^[0-9a-f]{40}$/.test(text)

/** Whether a text from outside is a ref's full name. Source: git-check-ref-format(1). */
export const isRefName = (text: string): text is RefName =>
  (text === 'HEAD' || text.startsWith('refs/')) && isPathOfRef(text)

/** Whether a text from outside names a ref, or another file that is locked like a ref. */
export const isLockName = (text: string): text is LockName =>
  /^(?:HEAD$|packed-refs$|refs\/|forkpoint\/)/.test(text) && isPathOfRef(text)

/** Casts hex digits from a trusted source, such as a hash, a tree or the index of a pack. */
export const trustedId = (hex: string): ObjectId => hex as ObjectId

/** As `trustedId`, from a source that only has ids of commits: a branch, a parent, a checkpoint of forkpoint. */
export const trustedCommit = (hex: string): CommitId => hex as CommitId

/** Returns `id` as a session id. Throws InvalidIdError unless it is a non-empty string without control characters. */
export function parseSessionId(id: unknown): SessionId {
  check('session', id)
  return id as SessionId
}

/** Returns `name` as a branch name. Throws InvalidIdError if it cannot be one. */
export function parseBranchName(name: unknown): BranchName {
  check('branch', name)
  return name as BranchName
}

/** Returns `name` as a tag name. Throws InvalidIdError if it cannot be one. */
export function parseTagName(name: unknown): TagName {
  check('tag', name)
  return name as TagName
}

export const branchRef = (session: SessionId, branch: BranchName): RefName =>
  `refs/heads/${encodeName(session)}/${encodeName(branch)}`

/** Returns the ref of a reserved line of a session, which branches, log and list do not show. */
export const reservedRef = (session: SessionId, name: string): RefName =>
  `refs/heads/${encodeName(session)}/_${encodeName(name)}`

/**
 * Returns the name of the reserved line with the workspace files of a branch. A branch name that is too long for a ref
 * and its short form give the same line. The name of the branch cannot be derived from the line.
 */
export const filesLine = (branch: BranchName): string =>
  `workspace.${decodeName(encodeName(branch)) ?? branch}`

export const filesRef = (session: SessionId, branch: BranchName): RefName =>
  reservedRef(session, filesLine(branch))

/** Whether a reserved line is one of workspace files. */
export const isFilesLine = (line: string): boolean => line.startsWith('workspace.')

export const tagRef = (session: SessionId, tag: TagName): RefName =>
  `refs/tags/${encodeName(session)}/${encodeName(tag)}`

export const activeRef = (session: SessionId): RefName => `refs/forkpoint/active/${encodeName(session)}`

/** Returns the ref of a session's map from rewritten checkpoints to their replacements, for every machine. */
export const rewrittenRef = (session: SessionId): RefName => `${REWRITTEN}${encodeName(session)}`

export const REWRITTEN = 'refs/forkpoint/rewritten/' as const

/** Returns the ref of a session's tombstone. */
export const goneRef = (session: SessionId): RefName => `${GONE}${encodeName(session)}` as RefName

export const GONE = 'refs/forkpoint/gone/'

/** The ref of folded tombstones. No session's id is encoded as `_old`. */
export const FOLDED = 'refs/forkpoint/gone/_old' as const

/** Folder of the refs of archives. */
export const ARCHIVE = 'refs/forkpoint/archive/' as const

/**
 * Folder of the last-seen refs of each remote: `<remote>/{heads,tags}/<session>/<name>` and
 * `<remote>/{gone,rewritten}/<session>`.
 */
export const LAST_SEEN = 'refs/forkpoint/remote/' as const

/** What a ref of forkpoint names. For `active`, the name is that of the session. */
export type ParsedRef = { session: SessionId } & (
  | { kind: 'branch'; name: BranchName }
  | { kind: 'tag'; name: TagName }
  | { kind: 'reserved'; name: string }
  | { kind: 'active'; name: SessionId }
)

/** Parses the ref of a branch, tag, reserved line or active branch; `undefined` for all other refs. */
export function parseRef(ref: string): ParsedRef | undefined {
  const parts = ref.split('/')
  if (parts[0] !== 'refs' || parts.length !== 4) return undefined
  const [, space, first, second] = parts as [string, string, string, string]
  if (space === 'forkpoint') {
    const session = first === 'active' ? validName<SessionId>('session', second) : undefined
    return session === undefined ? undefined : { kind: 'active', session, name: session }
  }
  if (space !== 'heads' && space !== 'tags') return undefined
  const session = validName<SessionId>('session', first)
  if (session === undefined) return undefined
  if (space === 'heads' && second === MAIN) return { kind: 'branch', session, name: MAIN }
  if (space === 'heads' && second.startsWith('_')) {
    const name = decodeName(second.slice(1))
    return name === undefined ? undefined : { kind: 'reserved', session, name }
  }
  if (space === 'heads') {
    const name = validName<BranchName>('branch', second)
    return name && { kind: 'branch', session, name }
  }
  const name = validName<TagName>('tag', second)
  return name && { kind: 'tag', session, name }
}

function isPathOfRef(text: string): boolean {
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\.$/.test(text)) return false
  return text.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
}

function validName<Name extends SessionId | BranchName | TagName>(
  kind: 'session' | 'branch' | 'tag',
  part: string,
): Name | undefined {
  const name = decodeName(part)
  if (name === undefined || nameProblem(kind, name) !== undefined) return undefined
  return name as Name
}

function check(kind: 'session' | 'branch' | 'tag', name: unknown): void {
  const problem = nameProblem(kind, name)
  if (problem !== undefined) throw new InvalidIdError(kind, name, problem)
}

function nameProblem(kind: 'session' | 'branch' | 'tag', name: unknown): string | undefined {
  if (typeof name !== 'string') return 'it has to be a string'
  if (name === '') return 'it is empty'
  if (CONTROL.test(name)) return 'it has a control character'
  if (!name.isWellFormed()) return 'it has an unpaired surrogate'
  if (name.length > 4096) return 'it has more than 4,096 characters'
  if (kind === 'session') return undefined
  if (/[~^:]|@\{/.test(name)) return 'it may not contain any of ~ ^ : @{'
  if (isObjectId(name)) return 'it looks like the id of a checkpoint'
  return undefined
}
