/** The objects of a pack that has no index: one that a journal carries. Source: gitformat-pack(5). */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { BrokenStreamError } from '../objects/inflate.ts'
import { inflateOpen } from '../objects/inflate-open.ts'
import { type NewObject, newObject } from '../objects/object.ts'
import type { PackSpan } from './combine.ts'
import { readEntryHeader } from './entry.ts'
import { CHECKSUM_BYTES } from './writer.ts'

export interface ScannedObject {
  /** Where its entry is, as an index would say. */
  span: PackSpan
  object: NewObject
}

/**
 * Every object, in order, one at a time. Throws BrokenStreamError when the pack is not whole, claims more than it
 * has, or holds deltas, and so is none that we wrote.
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
