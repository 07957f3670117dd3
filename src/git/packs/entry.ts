/** The header before the zlib stream of an entry in a pack (gitformat-pack(5)). */
import { type ObjectId, trustedId } from '../../ids.ts'
import type { ObjectType } from '../objects/object.ts'

export interface EntryHeader {
  /** Bytes of the header. */
  length: number
  /** Inflated; of a delta, the size of the delta. */
  size: number
  /** For a whole object; a delta has one of the other two. */
  type: ObjectType | undefined
  /** Distance back to the start of the base's entry, in bytes. */
  baseDistance: number | undefined
  baseId: ObjectId | undefined
}

/** Type and size, and the base's id or distance. */
export const LONGEST_ENTRY_HEADER = 32

/** The header that `bytes` start with; `undefined` when it is cut short, of an unknown type or of an impossible size. */
export function readEntryHeader(bytes: Buffer): EntryHeader | undefined {
  let at = 0
  let byte = bytes[at++]
  if (byte === undefined) return undefined
  const kind = (byte >> 4) & 7
  let size = byte & 15
  // Sizes can pass 32 bits: multiplication, not a shift.
  for (let scale = 16; byte & 0x80; scale *= 128) {
    byte = bytes[at++]
    if (byte === undefined || scale > MOST_SCALE) return undefined
    size += (byte & 0x7f) * scale
  }
  const header = { size, type: TYPES[kind], baseDistance: undefined, baseId: undefined }
  if (kind === OFS_DELTA) {
    byte = bytes[at++]
    if (byte === undefined) return undefined
    let baseDistance = byte & 0x7f
    while (byte & 0x80) {
      byte = bytes[at++]
      if (byte === undefined || baseDistance > MOST_SCALE) return undefined
      baseDistance = (baseDistance + 1) * 128 + (byte & 0x7f)
    }
    return { ...header, length: at, baseDistance }
  }
  if (kind === REF_DELTA) {
    if (bytes.length < at + 20) return undefined
    return { ...header, length: at + 20, baseId: trustedId(bytes.toString('hex', at, at + 20)) }
  }
  return header.type === undefined ? undefined : { ...header, length: at }
}

const TYPES: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag']
const OFS_DELTA = 6
const REF_DELTA = 7
/** Below it a size is exact. */
const MOST_SCALE = 2 ** 45
