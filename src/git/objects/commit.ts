/**
 * Commits: header lines, an empty line, the message (`git cat-file commit HEAD` shows one whole). What we write
 * passes `git fsck --strict`; what others wrote is read as liberally as git reads it.
 */
import { CorruptError } from '../../errors.ts'
import { type CommitId, isObjectId, type ObjectId } from '../../ids.ts'
import { asBuffer } from './object.ts'

export interface Person {
  name: string
  email: string
  /** Milliseconds since 1970; git keeps whole seconds. */
  at: number
  /** Minutes east of UTC that the commit claims. What we write is always 0. */
  offset?: number
}

export interface Commit {
  tree: ObjectId
  parents: readonly ObjectId[]
  author: Person
  committer: Person
  /** Whole lines of other headers, such as `gpgsig` with its continuation lines. */
  headers?: string
  message: string
}

/** A commit that was read. Its parents have the type CommitId because the commit says that they are commits. */
export interface StoredCommit extends Commit {
  parents: readonly CommitId[]
}

/**
 * The last second that a commit may carry, in the year 2514: commit-graph files keep 34 bits of it, and
 * `git commit-graph verify` refuses a commit that is later than its file can say.
 */
export const LAST_SECOND = 2 ** 34 - 1

/**
 * The bytes of a commit. Names and emails lose what git would not keep (`<>`, control and bidirectional
 * characters, punctuation at both ends), dates become whole seconds from 0 to LAST_SECOND at +0000, NULs in the
 * message disappear.
 */
export function encodeCommit({ tree, parents, author, committer, headers = '', message }: Commit): Buffer {
  let text = `tree ${tree}\n`
  for (const parent of parents) text += `parent ${parent}\n`
  text += `author ${personText(author)}\ncommitter ${personText(committer)}\n${headers}\n`
  return Buffer.from(text + message.replaceAll('\0', ''), 'utf8')
}

/** Adds a signature of its bytes to the commit, as `git commit -S` stores it. */
export function withSignature(commit: Buffer, signature: string): Buffer {
  const end = commit.indexOf('\n\n', 0, 'latin1') + 1
  const header = `${SIGNATURE} ${signature.replaceAll('\n', '\n ')}\n`
  return Buffer.concat([commit.subarray(0, end), Buffer.from(header, 'latin1'), commit.subarray(end)])
}

/** A commit's signature and the bytes that it signs, separated as git does; `undefined` if there is none. */
export function splitSignature(data: Uint8Array): { signature: string; signed: Buffer } | undefined {
  const bytes = asBuffer(data)
  if (!bytes.includes(`\n${SIGNATURE} `)) return undefined
  const signed: Buffer[] = []
  let [signature, part] = ['', 'signed']
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at)
    const next = newline < 0 ? bytes.length : newline + 1
    const line = bytes.toString('latin1', at, next)
    if (!line.startsWith(' ')) {
      // A signature for SHA-256 repositories signs other bytes, and is not part of these.
      part = line.startsWith(`${SIGNATURE} `) ? 'ours' : line.startsWith(SIGNATURE) ? 'other' : 'signed'
    }
    if (part === 'ours') signature += line.slice(line.startsWith(' ') ? 1 : SIGNATURE.length + 1)
    else if (part === 'signed') signed.push(bytes.subarray(at, line === '\n' ? bytes.length : next))
    at = line === '\n' ? bytes.length : next
  }
  return signature === '' ? undefined : { signature, signed: Buffer.concat(signed) }
}

const SIGNATURE = 'gpgsig'

/**
 * Parses a commit. Signatures, merged tags and other header lines are kept as they are; a missing or damaged author or
 * committer is a Person without name at time 0. Throws CorruptError without a tree, or for a broken parent line.
 */
export function decodeCommit(data: Uint8Array, id?: ObjectId): StoredCommit {
  const bytes = asBuffer(data)
  const gap = bytes.indexOf('\n\n', 0, 'latin1')
  const headEnd = gap < 0 ? bytes.length : gap
  const headers = bytes.toString('latin1', 0, headEnd).split('\n')
  const tree = idAfter('tree ', headers[0])
  if (tree === undefined) throw brokenCommit('has no tree', id)
  const parents: CommitId[] = []
  let at = 1
  for (; headers[at]?.startsWith('parent '); at++) {
    const parent = idAfter<CommitId>('parent ', headers[at])
    if (parent === undefined) throw brokenCommit('has a broken parent line', id)
    parents.push(parent)
  }
  const others = headers.slice(at)
  const decode = decoder(others.find((line) => line.startsWith('encoding '))?.slice(9))
  const person = (key: string): Person => {
    const line = others.find((other) => other.startsWith(key))
    return parsePerson(line === undefined ? '' : decode(Buffer.from(line.slice(key.length), 'latin1')))
  }
  const more = others.length > 2 ? decode(Buffer.from(otherHeaders(others), 'latin1')) : ''
  return {
    tree,
    parents,
    author: person('author '),
    committer: person('committer '),
    ...(more !== '' && { headers: more }),
    message: gap < 0 ? '' : decode(bytes.subarray(gap + 2)),
  }
}

/**
 * Header lines other than persons and encoding, which are fields. A line that begins with a space continues the one
 * before.
 */
function otherHeaders(lines: readonly string[]): string {
  let text = ''
  let isOurs = false
  for (const line of lines) {
    if (!line.startsWith(' ')) isOurs = /^(?:author|committer|encoding) /.test(line)
    if (!isOurs && line !== '') text += `${line}\n`
  }
  return text
}

/** Parses only the parents of a commit. Throws CorruptError without a tree, or for a broken parent line. */
export function decodeParents(data: Uint8Array, id?: ObjectId): CommitId[] {
  const bytes = asBuffer(data)
  const line = <Id extends ObjectId>(at: number, key: string): Id | undefined => {
    const end = at + key.length + 40
    if (bytes.length > end && bytes[end] !== 0x0a) return undefined
    return idAfter<Id>(key, bytes.toString('latin1', at, end))
  }
  if (line(0, 'tree ') === undefined) throw brokenCommit('has no tree', id)
  const parents: CommitId[] = []
  for (let at = 46; bytes.toString('latin1', at, at + 7) === 'parent '; at += 48) {
    const parent = line<CommitId>(at, 'parent ')
    if (parent === undefined) throw brokenCommit('has a broken parent line', id)
    parents.push(parent)
  }
  return parents
}

function personText({ name, email, at }: Person): string {
  const cleanEmail = clean(email)
  const second = Number.isFinite(at) ? Math.min(Math.max(Math.floor(at / 1000), 0), LAST_SECOND) : 0
  return `${clean(name) || cleanEmail.split('@')[0] || 'unknown'} <${cleanEmail}> ${second} +0000`
}

/** Like git's `strbuf_addstr_without_crud` (ident.c); also drops what could control a terminal. */
const clean = (text: string): string => text.replace(INNER_CRUD, '').replace(OUTER_CRUD, '')

const INNER_CRUD = /[<>\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const OUTER_CRUD = /^[\s.,:;"\\']+|[\s.,:;"\\']+$/g

function parsePerson(text: string): Person {
  const parts = /^([^<]*)<([^>]*)>[^0-9+-]*(-?\d+)?(?:\s+([+-])(\d{2})(\d{2}))?/.exec(text)
  if (parts === null) return { name: text.trim(), email: '', at: 0, offset: 0 }
  const [, name = '', email = '', seconds = '0', sign, hours = '0', minutes = '0'] = parts
  // A time later than any Date is an error, for git too.
  const at = Math.abs(Number(seconds)) > 8.64e12 ? 0 : Number(seconds) * 1000
  const east = Number(hours) * 60 + Number(minutes)
  return { name: name.trim(), email: email.trim(), at, offset: sign === '-' && east > 0 ? -east : east }
}

/** `Id`: the type of the object that the line names. */
function idAfter<Id extends ObjectId>(key: string, line: string | undefined): Id | undefined {
  if (line === undefined || !line.startsWith(key)) return undefined
  const id = line.slice(key.length)
  return isObjectId(id) ? (id as Id) : undefined
}

function decoder(encoding: string | undefined): (bytes: Buffer) => string {
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return (bytes) => bytes.toString('utf8')
  try {
    const known = new TextDecoder(encoding)
    return (bytes) => known.decode(bytes)
  } catch {
    return (bytes) => bytes.toString('latin1') // The encoding is unknown: keep every byte.
  }
}

const brokenCommit = (what: string, id: ObjectId | undefined): CorruptError =>
  new CorruptError(`Commit ${id ?? ''} ${what}. Take the store from a trusted copy.`, { object: id })
