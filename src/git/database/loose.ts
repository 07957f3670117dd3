/**
 * Loose objects: one file each, `objects/ab/cdef…`, a zlib stream of `type size\0` and the content
 * (gitrepository-layout(5)).
 */
import { CorruptError } from '../../errors.ts'
import { isObjectId, type ObjectId } from '../../ids.ts'
import type { FileReader, OpenFile } from '../disk/file-system.ts'
import { BrokenStreamError, checkClaim, inflateAt } from '../objects/inflate.ts'
import { BIG_OBJECT, type GitObject, type ObjectType } from '../objects/object.ts'
import { inflateStart, inflateStream } from '../objects/zlib-stream.ts'

export const looseFile = (objectsFolder: string, id: ObjectId): string =>
  `${objectsFolder}/${id.slice(0, 2)}/${id.slice(2)}`

/**
 * The object; `undefined` when there is no such loose object. The caller checks it against its id. Throws CorruptError,
 * which names the file, also for an object of more than `maxSize` bytes.
 */
export async function readLoose(
  fs: FileReader,
  objectsFolder: string,
  id: ObjectId,
  maxSize: number,
): Promise<GitObject | undefined> {
  const file = looseFile(objectsFolder, id)
  const open = fs.open(file, 'r')
  if (open === undefined) return undefined
  try {
    return await readFrom(open, maxSize)
  } catch (error) {
    if (!(error instanceof BrokenStreamError)) throw error
    throw brokenLoose(file, id, `is broken: ${error.message}`, error)
  } finally {
    open.close()
  }
}

/** Ids of the loose objects whose id starts with `prefix`. */
export function* looseIds(fs: FileReader, objectsFolder: string, prefix = ''): Generator<ObjectId> {
  const start = prefix.slice(0, 2)
  const folders =
    start.length === 2 ? [start] : fs.readDir(objectsFolder).filter((name) => /^[0-9a-f]{2}$/.test(name))
  for (const folder of folders) {
    if (!folder.startsWith(start)) continue
    for (const name of fs.readDir(`${objectsFolder}/${folder}`)) {
      const id = folder + name
      if (id.startsWith(prefix) && isObjectId(id)) yield id
    }
  }
}

async function readFrom(open: OpenFile, maxSize: number): Promise<GitObject> {
  const length = open.size()
  const first = Buffer.allocUnsafe(Math.min(length, BIG_OBJECT))
  const data = first.subarray(0, open.read(first, 0))
  const start = inflateStart(data)
  const [whole, type, digits] = HEADER.exec(start.toString('latin1', 0, 40)) ?? []
  if (whole === undefined) throw new BrokenStreamError('it does not start with type and size')
  const size = Number(digits)
  if (size > maxSize)
    throw new BrokenStreamError(`it claims ${size} bytes, more than the ${maxSize} that are read`)
  const total = whole.length + size
  checkClaim(length, total)
  const inflated =
    total <= BIG_OBJECT && length === data.length
      ? inflateAt(data, 0, total)
      : await inflateStream(pieces(open), total)
  return { type: type as ObjectType, data: inflated.subarray(whole.length) }
}

async function* pieces(open: OpenFile): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const piece = Buffer.allocUnsafe(BIG_OBJECT / 2)
    const length = await open.readAsync(piece, at)
    if (length === 0) return
    yield piece.subarray(0, length)
    at += length
  }
}

const HEADER = /^(blob|tree|commit|tag) (0|[1-9][0-9]{0,14})\0/

function brokenLoose(file: string, id: ObjectId, what: string, cause?: unknown): CorruptError {
  return new CorruptError(
    `Object file '${file}' ${what}. Restore it from a copy of the store, or run 'git fsck' to see what is lost.`,
    { file, object: id },
    { cause },
  )
}
