/** Parses the options of save and append. Mistakes of the programmer are TypeErrors. */

import { identText } from '../../checkpoints/commits/author.ts'
import { isReservedTrailer } from '../../checkpoints/commits/message.ts'
import { cleanBody, oneLine } from '../../checkpoints/commits/text.ts'
import {
  type BranchName,
  type CommitId,
  isObjectId,
  parseBranchName,
  parseTagName,
  type TagName,
  trustedCommit,
} from '../../ids.ts'
import type { WorkspaceFiles } from '../../workspace/workspace-files.ts'
import type { Author, WriteOptions } from '../session-store.ts'

/** 1970 to 9999: the range that git, `fsck --strict` and ISO 8601 all accept. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const KINDS = ['save', 'step', 'import']
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?$/

/** Write options with checked types and cleaned texts. */
export interface WriteRequest {
  branch: BranchName | undefined
  /** One line; `undefined` when none was given. */
  subject: string | undefined
  /** `undefined` when none was given. */
  body: string | undefined
  author: Author | undefined
  /** Milliseconds since 1970, up to the year 9999. */
  at: number | undefined
  key: string | undefined
  tag: TagName | undefined
  expected: CommitId | 'any' | null | undefined
  allowEmpty: boolean
  kind: 'save' | 'step' | 'import'
  trailers: Readonly<Record<string, string>>
  files: WorkspaceFiles | undefined
}

/** Throws TypeError for an option of the wrong type, InvalidIdError for an invalid name. */
export function parseWriteOptions(options: WriteOptions = {}): WriteRequest {
  if (typeof options !== 'object' || options === null) throw new TypeError('Options have to be an object')
  const { branch, tag, author, at, kind = 'save', trailers = {} } = options
  const body = textOf(options, 'body')
  if (!KINDS.includes(kind)) throw new TypeError(`'kind' has to be one of ${KINDS.join(', ')}`)
  return {
    branch: branch === undefined ? undefined : parseBranchName(branch),
    subject: oneLine(textOf(options, 'subject') ?? '') || undefined,
    body: body === undefined ? undefined : cleanBody(body),
    author: author === undefined ? undefined : parseAuthor(author),
    at: at === undefined ? undefined : parseTime(at),
    key: parseKey(textOf(options, 'key')),
    tag: tag === undefined ? undefined : parseTagName(tag),
    expected: parseExpected(options.expected),
    allowEmpty: flagOf(options, 'allowEmpty') ?? false,
    kind,
    trailers: parseTrailers(trailers),
    files: options.files,
  }
}

/** Returns name and email on one line, without the characters that git reserves. */
export function parseAuthor(author: unknown): Author {
  const { name, email } = (author ?? {}) as Partial<Record<keyof Author, unknown>>
  if (typeof name !== 'string' || typeof email !== 'string') {
    throw new TypeError("'author' has to be { name, email }, both text")
  }
  const clean = { name: identText(name), email: identText(email) }
  if (clean.name === '') throw new TypeError("The author's name is empty")
  return clean
}

/**
 * Returns the milliseconds of a Date, of ISO 8601 text (a day, or a time with its zone) or of a number of milliseconds.
 */
export function parseTime(at: unknown): number {
  const time =
    at instanceof Date ? at.getTime() : typeof at === 'string' && ISO.test(at) ? Date.parse(at) : at
  if (typeof time !== 'number' || Number.isNaN(time)) {
    throw new TypeError("'at' has to be a Date, ISO 8601 text with its zone, or milliseconds")
  }
  if (time < 0 || time > LATEST) throw new TypeError("'at' has to be between the years 1970 and 9999")
  return Math.floor(time)
}

/** Returns a whole number of at least 0, or Infinity; `undefined` if none is given. */
export function parseCount(name: string, value: unknown): number | undefined {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return value as number | undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`'${name}' has to be a whole number of at least 0`)
  }
  return value
}

function textOf(options: object, name: string): string | undefined {
  const value = (options as Record<string, unknown>)[name]
  if (value === undefined || typeof value === 'string') return value
  throw new TypeError(`'${name}' has to be text`)
}

function flagOf(options: object, name: string): boolean | undefined {
  const value = (options as Record<string, unknown>)[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new TypeError(`'${name}' has to be true or false`)
}

function parseKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined
  if (key === '' || key.length > 1000 || !key.isWellFormed()) {
    throw new TypeError("'key' has to be well-formed text of 1 to 1,000 characters")
  }
  return key
}

function parseExpected(expected: unknown): WriteRequest['expected'] {
  if (expected === undefined || expected === null || expected === 'any') return expected
  if (typeof expected === 'string' && isObjectId(expected)) return trustedCommit(expected)
  throw new TypeError("'expected' has to be the id of a checkpoint, null, or 'any'")
}

function parseTrailers(trailers: unknown): Readonly<Record<string, string>> {
  if (typeof trailers !== 'object' || trailers === null) throw new TypeError("'trailers' has to be an object")
  for (const [name, value] of Object.entries(trailers)) {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name)) {
      throw new TypeError(`'${name}' cannot be a trailer: use letters, digits and '-', with a letter first`)
    }
    if (isReservedTrailer(name)) throw new TypeError(`'${name}' is a trailer that the store writes itself`)
    if (typeof value !== 'string') throw new TypeError(`Trailer '${name}' has to be text`)
  }
  return { ...trailers } as Record<string, string>
}
