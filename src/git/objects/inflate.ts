/**
 * Inflates small zlib streams (RFC 1950, 1951) at once. `zlib.inflateSync` makes a stream object and a native
 * handle a call, which costs more than all the rest of reading a message, and leaves them to the garbage
 * collector: a third of the time in which a session is resumed. So one handle is kept and reset. That is no
 * public part of Node (minizlib, which npm unpacks with, reaches for it too), so it is done only in releases that
 * were looked at; elsewhere, and for whatever fails, `zlib.inflateSync` is asked.
 */
import zlib from 'node:zlib'

/** What is wrong with a stream; callers name the file. */
export class BrokenStreamError extends Error {}

/**
 * The `size` bytes of the stream that starts at `start` of `data`; what follows it is left alone. Throws
 * BrokenStreamError when it is no stream, is cut short, or holds more or less.
 */
export function inflateAt(data: Buffer, start: number, size: number): Buffer {
  if (start >= data.length) throw new BrokenStreamError('it is cut short')
  checkClaim(data.length - start, size)
  return readStored(data, start, size) ?? inflateKept(data, start, size) ?? inflateOnce(data, start, size)
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
    // So many bytes keep both sums below 2^31, where the engine counts fastest.
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
function readStored(data: Buffer, start: number, size: number): Buffer | undefined {
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
  return to === size && data.readUInt32BE(from) === adler32(out) ? out : undefined
}

/** What this uses of a zlib stream's inside. */
interface Inside {
  _handle: {
    writeSync(
      flush: number,
      input: Buffer,
      from: number,
      length: number,
      out: Buffer,
      to: number,
      room: number,
    ): void
    reset(): void
  }
  /** Room left in the output, input left over. */
  _writeState: Uint32Array
}

/** Node itself, not what claims to be like it; a call that a release does not expect would end the process. */
const IS_KNOWN =
  /^(20|22|24)\./.test(process.versions.node) && !('bun' in process.versions) && !('deno' in process.versions)
/** Above this the cost of a call matters no more. */
const KEPT_SIZE = 64 * 1024
let kept: (zlib.Inflate & Inside) | undefined
let scratch: Buffer | undefined

function inflateKept(data: Buffer, start: number, size: number): Buffer | undefined {
  if (!IS_KNOWN || size > KEPT_SIZE) return undefined
  if (kept === undefined) {
    kept = zlib.createInflate() as zlib.Inflate & Inside
    kept.on('error', () => {}) // What is wrong is said by `inflateOnce`.
  }
  scratch ??= Buffer.allocUnsafeSlow(KEPT_SIZE + 1)
  const { _handle: handle, _writeState: state } = kept
  handle.writeSync(zlib.constants.Z_FINISH, data, start, data.length - start, scratch, 0, size + 1)
  // The room for one byte more is left only when the stream has ended; an error has destroyed it.
  if (kept.destroyed || state[0] !== 1) {
    kept.destroy()
    kept = undefined
    return undefined
  }
  handle.reset()
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
