/**
 * Inflates small zlib streams (RFC 1950, 1951) synchronously, with one kept handle; where there is none, and after any
 * failure, with `zlib.inflateSync`.
 */
import zlib from 'node:zlib'
import { KeptZlib } from './kept-zlib.ts'

/** What is wrong with a stream; callers name the file. */
export class BrokenStreamError extends Error {}

/**
 * The `size` bytes of the stream that starts at `start` of `data`; what follows it is left alone. Throws
 * BrokenStreamError when it is not a stream, is cut short, or holds more or fewer bytes.
 *
 * @param isHashed whether the caller compares the content with its id; the checksum of a stored stream, which would
 * take longer than that, is then not looked at
 */
export function inflateAt(data: Buffer, start: number, size: number, isHashed = false): Buffer {
  if (start >= data.length) throw new BrokenStreamError('it is cut short')
  checkClaim(data.length - start, size)
  return (
    readStored(data, start, size, isHashed) ??
    inflateKept(data, start, size) ??
    inflateOnce(data, start, size)
  )
}

/** No deflate stream grows to more than 1,032 times its length: a larger claim is refused before memory is taken. */
export function checkClaim(available: number, size: number): void {
  if (size > available * 1032)
    throw new BrokenStreamError(`${available} bytes cannot hold the ${size} it claims`)
}

/** The checksum that ends a zlib stream. */
export function adler32(data: Uint8Array): number {
  let a = 1
  let b = 0
  for (let from = 0; from < data.length; ) {
    // With this many bytes at a time both sums stay below 2^31, where the engine is fastest.
    for (const stop = Math.min(from + 3800, data.length); from < stop; from++) {
      a += data[from]!
      b += a
    }
    a %= 65521
    b %= 65521
  }
  return b * 65536 + a
}

/** The content of a stream that has stored blocks only; `undefined` for all others, whole or not. */
function readStored(data: Buffer, start: number, size: number, isHashed: boolean): Buffer | undefined {
  let from = start + 2
  if (data[from]! > 1 || data[start] !== 0x78 || data.length < from + 5 + size + 4) return undefined
  const out = Buffer.allocUnsafe(size)
  let to = 0
  for (let isLast = false; !isLast; ) {
    const kind = data[from]!
    if (kind > 1 || from + 9 > data.length) return undefined
    const length = data.readUInt16LE(from + 1)
    const end = from + 5 + length
    if ((data.readUInt16LE(from + 3) ^ 0xffff) !== length || to + length > size || end + 4 > data.length) {
      return undefined
    }
    data.copy(out, to, from + 5, end)
    to += length
    from = end
    isLast = kind === 1
  }
  return to === size && (isHashed || data.readUInt32BE(from) === adler32(out)) ? out : undefined
}

/** Above this size the cost of a call does not matter. */
const KEPT_SIZE = 64 * 1024
const kept = new KeptZlib(() => zlib.createInflate())
let scratch: Buffer | undefined

function inflateKept(data: Buffer, start: number, size: number): Buffer | undefined {
  if (size > KEPT_SIZE) return undefined
  scratch ??= Buffer.allocUnsafeSlow(KEPT_SIZE + 1)
  // One byte more than needed stays free, which shows that the stream has ended.
  if (kept.run(data, start, scratch, size + 1) !== size) return undefined
  const out = Buffer.allocUnsafe(size)
  scratch.copy(out, 0, 0, size)
  return out
}

function inflateOnce(data: Buffer, start: number, size: number): Buffer {
  let out: Buffer
  try {
    // One byte more than needed, so that zlib sees the end without asking for another buffer.
    out = zlib.inflateSync(data.subarray(start), {
      maxOutputLength: Math.max(1, size),
      chunkSize: Math.max(64, size + 1),
    })
  } catch (error) {
    throw new BrokenStreamError((error as Error).message, { cause: error })
  }
  if (out.length !== size) throw new BrokenStreamError(`it holds ${out.length} bytes instead of ${size}`)
  return out
}
