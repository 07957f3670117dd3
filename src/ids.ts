/**
 * Names, parsed once at the door. A session, branch or tag name becomes exactly one path part of a git ref
 * (`docs/format.md`, "Names"), so that no two names ever share a file on any file system.
 */
import { createHash } from 'node:crypto'
import { InvalidIdError } from './errors.ts'

declare const brand: unique symbol
declare const commit: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** 40 lower-case hex digits of any git object. */
export type ObjectId = Branded<'ObjectId'>
/** The object id of a commit, which is the id of a checkpoint. */
export type CommitId = ObjectId & { readonly [commit]: true }
/** A session's id, as its owner wrote it. */
export type SessionId = Branded<'SessionId'>
/** A branch's name, as its owner wrote it. */
export type BranchName = Branded<'BranchName'>
/** A tag's name, as its owner wrote it. */
export type TagName = Branded<'TagName'>
/** A full ref name such as `refs/heads/demo/main`. */
export type RefName = Branded<'RefName'>

export const MAIN = 'main' as BranchName

const MAX_PART = 200
const HASHED = /^(?![._-])(?!.*\.\.)(?:[a-z0-9_.-]|%[0-9a-f]{2})*%-[0-9a-f]{40}$/
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/

export const isObjectId = (text: string): text is ObjectId => /^[0-9a-f]{40}$/.test(text)

/** 40 hex digits from where nothing else can stand: a hash, a tree, the index of a pack. */
export const trustedId = (hex: string): ObjectId => hex as ObjectId

/** Throws InvalidIdError unless `id` can name a session: a non-empty string without control characters. */
export function parseSessionId(id: unknown): SessionId {
  check('session', id)
  return id as SessionId
}

/** Throws InvalidIdError unless `name` can name a branch. */
export function parseBranchName(name: unknown): BranchName {
  check('branch', name)
  return name as BranchName
}

/** Throws InvalidIdError unless `name` can name a tag. */
export function parseTagName(name: unknown): TagName {
  check('tag', name)
  return name as TagName
}

export const branchRef = (session: SessionId, branch: BranchName): RefName =>
  `refs/heads/${encodeName(session)}/${encodeName(branch)}` as RefName

/** The ref of a line that an adapter keeps beside a session; hidden from branches, log and list. */
export const reservedRef = (session: SessionId, name: string): RefName =>
  `refs/heads/${encodeName(session)}/_${encodeName(name)}` as RefName

export const tagRef = (session: SessionId, tag: TagName): RefName =>
  `refs/tags/${encodeName(session)}/${encodeName(tag)}` as RefName

export const activeRef = (session: SessionId): RefName =>
  `refs/forkpoint/active/${encodeName(session)}` as RefName

/**
 * The one path part that stands for `name`. `[a-z0-9_-]` and an inner `.` stay, everything else becomes `%xx`
 * of its UTF-8 bytes; so does the first character of what some file system or git reserves. Over 200
 * characters: a readable prefix, `%-` and the SHA-1 of the name. A name that already is such a hashed part
 * stands for itself, so that what a listing shows can be typed back.
 */
export function encodeName(name: string): string {
  if (isHashed(name)) return name
  let out = ''
  for (const byte of Buffer.from(name, 'utf8')) {
    const char = String.fromCharCode(byte)
    out += /[a-z0-9_.-]/.test(char) ? char : hex(byte)
  }
  // A dot stays only between two characters that are no dots: never first, last or in a row.
  out = out.replace(/^\.|\.$|\.(?=\.)/g, '%2e')
  if (out.endsWith('.lock')) out = `${out.slice(0, -5)}%2elock`
  if (/^[_-]/.test(out) || DEVICE.test(out)) out = hex(out.charCodeAt(0)) + out.slice(1)
  if (out.length <= MAX_PART) return out
  const digest = createHash('sha1').update(name, 'utf8').digest('hex')
  const prefix = out
    .slice(0, 100)
    .replace(/%[0-9a-f]?$/, '')
    .replace(/\.$/, '')
  return `${prefix}%-${digest}`
}

/** Whether two names are one: a name that is too long for a ref, and the short form of it that a ref has. */
export const isSameName = (a: string, b: string): boolean =>
  a === b || ((isHashed(a) || isHashed(b)) && encodeName(a) === encodeName(b))

/** Whether the name may be the short form of a longer one. */
export const isShortName = (name: string): boolean => isHashed(name)

/**
 * The name that `part` stands for; a hashed part stands for itself. `undefined` when `part` is not in the
 * canonical form that `encodeName` writes: then the ref is not ours.
 */
export function decodeName(part: string): string | undefined {
  if (isHashed(part)) return part
  if (!/^(?:[a-z0-9_.-]|%[0-9a-f]{2})+$/.test(part)) return undefined
  const bytes: number[] = []
  for (let i = 0; i < part.length; i++) {
    if (part[i] === '%') {
      bytes.push(Number.parseInt(part.slice(i + 1, i + 3), 16))
      i += 2
    } else bytes.push(part.charCodeAt(i))
  }
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
  } catch {
    return undefined
  }
  return encodeName(name) === part ? name : undefined
}

/** What a ref of ours names; the session again for `active`. */
export type ParsedRef = { session: SessionId } & (
  | { kind: 'branch'; name: BranchName }
  | { kind: 'tag'; name: TagName }
  | { kind: 'reserved'; name: string }
  | { kind: 'active'; name: SessionId }
)

/** What a ref of ours means; `undefined` for refs that are not ours. */
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

const isHashed = (part: string): boolean => part.length <= MAX_PART && HASHED.test(part) && !DEVICE.test(part)

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

const hex = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`
