/** Reads the objects of a pack without an index, such as one in a journal. Source: gitformat-pack(5). */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { BrokenStreamError } from '../objects/inflate.ts'
import { inflateOpen } from '../objects/inflate-open.ts'
import { type NewObject, newObject } from '../objects/object.ts'
import { readEntryHeader } from './entry.ts'
import { CHECKSUM_BYTES, type PackSpan } from './writer.ts'

export interface ScannedObject {
  /** Position of its entry, as in an index. */
  span: PackSpan
  object: NewObject
}

/**
 * Yields every object in order. Throws BrokenStreamError when the pack is cut short, claims more than it has, or holds
 * deltas, which our packs never do.
 */
export function* scanPack(pack: Buffer): Generator<ScannedObject> {
  const end = pack.length - CHECKSUM_BYTES
  if (end < 12 || pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2)
    throw new BrokenStreamError('it is no pack')
  if (!createHash('sha1').update(pack.subarray(0, end)).digest().equals(pack.subarray(end)))
    throw new BrokenStreamError('its checksum is wrong')
  let at = 12
  for (let count = pack.readUInt32BE(8); count > 0; count--) {
    const offset = at
    const header = readEntryHeader(pack.subarray(at, end))
    const type = header?.type
    if (header === undefined || type === undefined || !(at + header.length < end))
      throw new BrokenStreamError('it has an entry that forkpoint does not write')
    at += header.length
    const { data, length } = inflateOpen(pack.subarray(at, end), header.size)
    at += length
    const object = newObject(type, data)
    const crc = crc32(pack.subarray(offset, at))
    yield { object, span: { id: object.id, offset, crc, end: at } }
  }
  if (at !== end) throw new BrokenStreamError('it continues after its last entry')
}
