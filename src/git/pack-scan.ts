/** The objects of a pack that has no index: one that a journal carries. Source: gitformat-pack(5). */
import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { type NewObject, newObject, type ObjectType } from './object.ts'
import { CHECKSUM_BYTES } from './pack-writer.ts'

const TYPES: Record<number, ObjectType> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' }

/** Every object, in order; `undefined` when the pack is not whole or has deltas, so is none that we wrote. */
export function scanPack(pack: Buffer): NewObject[] | undefined {
  const end = pack.length - CHECKSUM_BYTES
  if (end < 12 || pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2) return undefined
  if (!createHash('sha1').update(pack.subarray(0, end)).digest().equals(pack.subarray(end))) return undefined
  const objects: NewObject[] = []
  let at = 12
  for (let count = pack.readUInt32BE(8); count > 0; count--) {
    let byte = pack[at++]!
    const type = TYPES[(byte >> 4) & 7]
    while (byte & 0x80) byte = pack[at++]!
    if (type === undefined) return undefined
    const { buffer, engine } = zlib.inflateSync(pack.subarray(at, end), { info: true }) as unknown as Inflated
    objects.push(newObject(type, buffer))
    at += engine.bytesWritten
  }
  return at === end ? objects : undefined
}

/** What zlib returns with `info: true`; the type declarations leave it out. */
interface Inflated {
  buffer: Buffer
  engine: { bytesWritten: number }
}
