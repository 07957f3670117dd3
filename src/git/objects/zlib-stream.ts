/**
 * Zlib streams (RFC 1950, 1951) as git objects need them. A call into zlib costs 8 to 30 µs at any size. So small
 * objects, and ids, which do not compress, are written as stored blocks without zlib, and compressed when packs are
 * merged.
 */
import zlib from 'node:zlib'
import { adler32, BrokenStreamError } from './inflate.ts'
import { KeptZlib } from './kept-zlib.ts'
import { asBuffer } from './object.ts'

/** Length of `data` as a stream of stored blocks. */
export const storedLength = (size: number): number =>
  2 + Math.max(1, Math.ceil(size / MAX_STORED)) * 5 + size + 4

/** Writes `data` as a stream of stored blocks; returns where it ends. */
export function writeStored(target: Buffer, at: number, data: Uint8Array): number {
  let to = at
  target[to++] = 0x78
  target[to++] = 0x01
  let from = 0
  do {
    const length = Math.min(MAX_STORED, data.length - from)
    target[to] = from + length === data.length ? 1 : 0
    target.writeUInt16LE(length, to + 1)
    target.writeUInt16LE(length ^ 0xffff, to + 3)
    target.set(length === data.length ? data : data.subarray(from, from + length), to + 5)
    to += 5 + length
    from += length
  } while (from < data.length)
  target.writeUInt32BE(adler32(data), to)
  return to + 4
}

/** The data of a stream that is one stored block; `undefined` for any other. */
export function storedData(stream: Uint8Array): Uint8Array | undefined {
  if (stream.length < 11 || stream[0] !== 0x78 || stream[1] !== 0x01 || stream[2] !== 1) return undefined
  const length = stream[3]! | (stream[4]! << 8)
  return stream.length === length + 11 ? stream.subarray(7, 7 + length) : undefined
}

/** Level 1: git compresses the objects better later, when it merges packs. */
export function deflate(data: Uint8Array): Buffer {
  // To get and to clear room that nothing needs takes longer than to deflate a few KB.
  const chunkSize = Math.min(LARGE.chunkSize, data.length + (data.length >> 8) + 64)
  return zlib.deflateSync(data, { ...LARGE, chunkSize })
}

/**
 * `deflate` in the thread pool. The stream comes in pieces, because joining 50 MB would stall the event loop for too
 * long.
 */
export async function deflateAside(data: Uint8Array): Promise<Buffer[]> {
  const stream = zlib.createDeflate(LARGE)
  stream.end(data)
  return stream.toArray()
}

/**
 * `deflate` for at most 64 KB; `undefined` if the stream would not be shorter than `limit` bytes. In the thread pool it
 * would cost the main thread almost as much, and all threads together three times as much.
 */
export function deflateSmall(data: Uint8Array, limit: number): Buffer | undefined {
  if (data.length > MAX_STORED) throw new RangeError(`${data.length} bytes are too many`)
  scratch ??= Buffer.allocUnsafeSlow(MAX_STORED)
  const length = kept.run(asBuffer(data), 0, scratch, Math.min(limit, scratch.length))
  if (length !== undefined) return Buffer.from(scratch.subarray(0, length))
  const deflated = zlib.deflateSync(data, SMALL)
  return deflated.length < limit ? deflated : undefined
}

/** `deflate` for up to some 100 KB, in the thread pool. */
export function deflateSmallAside(data: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zlib.deflate(data, SMALL, (error, result) => (error === null ? resolve(result) : reject(error)))
  })
}

/** What a stream starts with: 500 KB at most. Throws BrokenStreamError. */
export function inflateStart(data: Buffer): Buffer {
  try {
    // The tables of a block's codes alone may take 300 bytes.
    return zlib.inflateSync(data.subarray(0, 512), { finishFlush: zlib.constants.Z_SYNC_FLUSH })
  } catch (error) {
    throw new BrokenStreamError((error as Error).message, { cause: error })
  }
}

/** `inflate` for a stream that comes in pieces, in the thread pool. Takes no piece after the stream's end. */
export async function inflateStream(pieces: AsyncIterable<Buffer>, size: number): Promise<Buffer> {
  const out = Buffer.allocUnsafe(size)
  let length = 0
  let ended = false
  const stream = zlib.createInflate({ chunkSize: 256 * 1024 })
  const finished = new Promise<void>((resolve, reject) => {
    stream.on('data', (piece: Buffer) => {
      if (length + piece.length > size) stream.destroy(new Error(`it holds more than ${size} bytes`))
      else length += piece.copy(out, length)
    })
    stream.on('end', resolve)
    stream.on('error', (error) => reject(new BrokenStreamError(error.message, { cause: error })))
  }).finally(() => {
    ended = true
  })
  finished.catch(() => {}) // It is awaited below, but may fail while a piece is being read.
  try {
    for await (const piece of pieces) {
      if (ended) break
      // zlib does not call back for the piece in which its stream ends.
      await Promise.race([finished, new Promise<void>((resolve) => stream.write(piece, () => resolve()))])
    }
    stream.end()
    await finished
  } finally {
    stream.destroy()
  }
  if (length !== size) throw new BrokenStreamError(`it holds ${length} bytes instead of ${size}`)
  return out
}

const MAX_STORED = 0xffff
const kept = new KeptZlib(() => zlib.createDeflate(SMALL))
let scratch: Buffer | undefined
const SMALL = { level: 1, windowBits: 12, memLevel: 5 }
const LARGE = { level: 1, chunkSize: 64 * 1024 }
