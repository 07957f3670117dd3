/** The header of a bundle file: commits that a reader must have, and the refs of the bundle (gitformat-bundle(5)). */
import { Buffer } from 'node:buffer'
import { CorruptError, UnsupportedError } from '../../errors.ts'
import { isObjectId, type ObjectId } from '../../ids.ts'
import type { OpenFile } from '../disk/file-system.ts'
import { readPiece } from '../disk/read-fully.ts'
import { isWellFormedRef } from '../wire/refs-command.ts'

export interface BundleHeader {
  /** Commits that the pack needs and does not contain. */
  prerequisites: readonly ObjectId[]
  /** Values of refs by full name, without `HEAD`. */
  refs: ReadonlyMap<string, ObjectId>
}

const SIGNATURE = '# v2 git bundle\n'

/** Encodes the header. `head` is the value of HEAD, so that `git clone` of the file checks out a branch. */
export function encodeHeader({ prerequisites, refs }: BundleHeader, head?: ObjectId): Buffer {
  const lines = [
    ...prerequisites.map((id) => `-${id} `),
    ...(head === undefined ? [] : [`${head} HEAD`]),
    ...[...refs].map(([name, id]) => `${id} ${name}`),
  ]
  return Buffer.from(`${SIGNATURE}${lines.map((line) => `${line}\n`).join('')}\n`)
}

/** Returns whether a file that begins with these bytes is a git bundle. */
export const beginsBundle = (bytes: Buffer): boolean =>
  /^# v[23] git bundle\n/.test(bytes.toString('latin1', 0, SIGNATURE.length))

/**
 * Reads the header, and finds the start of the pack. Throws CorruptError, which names the file, for a file that is not
 * a bundle; UnsupportedError for a bundle that omits objects or whose ids are not SHA-1.
 */
export async function readHeader(
  file: OpenFile,
  path: string,
): Promise<BundleHeader & { packStart: number }> {
  const broken = (what: string): CorruptError =>
    new CorruptError(`'${path}' ${what}. Take the bundle from another copy.`, { file: path })
  if (!beginsBundle(await readPiece(file, 0, SIGNATURE.length))) throw broken('is not a bundle of git')
  const head = await beforePack(file)
  if (head === undefined) throw broken('is a bundle whose header is cut short or too long')
  const prerequisites: ObjectId[] = []
  const refs = new Map<string, ObjectId>()
  for (const line of head.toString('utf8').split('\n').slice(1, -2)) {
    if (line.startsWith('@')) {
      if (line === '@object-format=sha1') continue
      throw new UnsupportedError('this bundle', `'${path}' has '${line.slice(1)}', which cannot be read.`)
    }
    const isNeeded = line.startsWith('-')
    const [, id = '', name = ''] = /^-?([0-9a-f]{40})(?: (.*))?$/.exec(line) ?? []
    if (!isObjectId(id)) throw broken('is a bundle with a broken line in its header')
    if (isNeeded) prerequisites.push(id)
    else if (isWellFormedRef(name) && !refs.has(name)) refs.set(name, id)
    else if (name !== 'HEAD') throw broken('is a bundle that names a ref in a wrong way')
  }
  return { prerequisites, refs, packStart: head.length }
}

/** Returns all bytes up to and including the empty line; `undefined` if there is none in the first `MOST` bytes. */
async function beforePack(file: OpenFile): Promise<Buffer | undefined> {
  for (let length = PIECE; ; length *= 4) {
    const bytes = await readPiece(file, 0, Math.min(length, MOST))
    const end = bytes.indexOf('\n\n')
    if (end !== -1) return bytes.subarray(0, end + 2)
    if (bytes.length < length) return undefined
  }
}

const PIECE = 64 * 1024
/** Most bytes of a header that is read: enough for a million refs of the usual length. */
const MOST = 128 << 20
