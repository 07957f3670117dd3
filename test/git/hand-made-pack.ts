/** Packs made entry by entry, right or wrong in any way. */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { buildIndex, packHeader } from '../../src/git/packs/writer.ts'
import type { ObjectId } from '../../src/ids.ts'

export interface HandMadeEntry {
  /** Under which id the index has it. */
  id: ObjectId
  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 delta by distance, 7 delta by id. */
  type: number
  /** Index of the base among the entries before (type 6), its id (type 7), or bytes as they are. */
  base?: number | string | Buffer
  data: Buffer
  /** What the header claims. Default: the length of `data`. */
  size?: number
  /** The compressed stream. Default: `data` deflated. */
  stream?: Buffer
}

/** Writes pack and index into the objects folder; returns the pack's file. */
export function placePack(objectsFolder: string, entries: readonly HandMadeEntry[]): string {
  const parts: Buffer[] = [packHeader(entries.length)]
  const offsets: number[] = []
  let at = 12
  for (const { type, base, data, size = data.length, stream = zlib.deflateSync(data) } of entries) {
    offsets.push(at)
    const before = [entryHeader(type, size)]
    if (Buffer.isBuffer(base)) before.push(base)
    else if (typeof base === 'string') before.push(Buffer.from(base, 'hex'))
    else if (typeof base === 'number') before.push(distance(at - offsets[base]!))
    const entry = Buffer.concat([...before, stream])
    parts.push(entry)
    at += entry.length
  }
  const body = Buffer.concat(parts)
  const checksum = createHash('sha1').update(body).digest()
  const name = checksum.toString('hex')
  const index = buildIndex(
    entries.map(({ id }, n) => ({ id, offset: offsets[n]!, crc: 0 })),
    checksum,
  )
  const folder = path.join(objectsFolder, 'pack')
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, `pack-${name}.idx`), index)
  fs.writeFileSync(path.join(folder, `pack-${name}.pack`), Buffer.concat([body, checksum]))
  return path.join(folder, `pack-${name}.pack`)
}

export function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = []
  let byte = (type << 4) | (size % 16)
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80)
    byte = rest % 128
  }
  return Buffer.from([...bytes, byte])
}

export function distance(back: number): Buffer {
  const bytes = [back & 0x7f]
  for (let rest = back >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (--rest & 0x7f))
  return Buffer.from(bytes)
}

/** A size at the start of a delta. */
export function deltaSize(size: number): Buffer {
  const bytes: number[] = []
  let rest = size
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** A delta that makes `text` of any base of that size, by inserting it whole. */
export const insertDelta = (baseSize: number, text: string): Buffer =>
  Buffer.concat([deltaSize(baseSize), deltaSize(text.length), Buffer.from([text.length]), Buffer.from(text)])
