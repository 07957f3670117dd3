/** The objects of a pack that has no index: one that a journal carries. Source: gitformat-pack(5). */
import { createHash } from 'node:crypto'
import zlib, { crc32 } from 'node:zlib'
import { BrokenStreamError, checkClaim } from '../objects/inflate.ts'
import { type NewObject, newObject, type ObjectType } from '../objects/object.ts'
import type { PackSpan } from './combine.ts'
import { CHECKSUM_BYTES } from './writer.ts'

export interface ScannedObject {
  /** Where its entry is, as an index would say. */
  span: PackSpan
  object: NewObject
}

const TYPES: Record<number, ObjectType> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' }

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
    let byte = pack[at++]!
    const type = TYPES[(byte >> 4) & 7]
    let size = byte & 15
    // Sizes can pass 32 bits: multiplication, not a shift.
    for (let scale = 16; byte & 0x80; scale *= 128) {
      byte = pack[at++]!
      size += (byte & 0x7f) * scale
    }
    if (type === undefined || !(at < end))
      throw new BrokenStreamError('it has an entry that forkpoint does not write')
    const { data, length } = inflate(pack.subarray(at, end), size)
    at += length
    const object = newObject(type, data)
    const crc = crc32(pack.subarray(offset, at))
    yield { object, span: { id: object.id, offset, crc, end: at } }
  }
  if (at !== end) throw new BrokenStreamError('it continues after its last entry')
}

function inflate(bytes: Buffer, size: number): { data: Buffer; length: number } {
  checkClaim(bytes.length, size)
  try {
    const options = { info: true, maxOutputLength: size + 1 }
    const { buffer, engine } = zlib.inflateSync(bytes, options) as unknown as Inflated
    if (buffer.length === size) return { data: buffer, length: engine.bytesWritten }
  } catch (cause) {
    throw new BrokenStreamError((cause as Error).message, { cause })
  }
  throw new BrokenStreamError('an object has another size than it claims')
}

/** What zlib returns with `info: true`; the type declarations leave it out. */
interface Inflated {
  buffer: Buffer
  engine: { bytesWritten: number }
}
