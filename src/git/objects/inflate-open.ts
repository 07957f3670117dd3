/** Inflates zlib streams (RFC 1950) that are followed by other bytes: their end is known only after inflating. */
import zlib from 'node:zlib'
import { BrokenStreamError, checkClaim } from './inflate.ts'

export interface OpenStream {
  data: Buffer
  /** Bytes of the stream. */
  length: number
}

/** The stream that `bytes` start with, of `size` bytes inflated. Throws BrokenStreamError. */
export function inflateOpen(bytes: Buffer, size: number): OpenStream {
  checkClaim(bytes.length, size)
  let inflated: Inflated
  try {
    const options = { info: true, maxOutputLength: size + 1, chunkSize: Math.max(64, size + 1) }
    inflated = zlib.inflateSync(bytes, options) as unknown as Inflated
  } catch (cause) {
    throw new BrokenStreamError((cause as Error).message, { cause })
  }
  if (inflated.buffer.length !== size) throw new BrokenStreamError(WRONG_SIZE)
  return { data: inflated.buffer, length: inflated.engine.bytesWritten }
}

/** `inflateOpen` in the thread pool, for a stream that is read in pieces; it ends before `available` bytes. */
export async function inflateOpenStream(
  read: (at: number, length: number) => Promise<Buffer>,
  available: number,
  size: number,
): Promise<OpenStream> {
  checkClaim(available, size)
  const out = Buffer.allocUnsafe(size)
  let length = 0
  let isOver = false
  const inflater = zlib.createInflate({ chunkSize: 256 * 1024 })
  const ended = new Promise<void>((resolve, reject) => {
    inflater.on('data', (piece: Buffer) => {
      if (length + piece.length > size) inflater.destroy(new Error(WRONG_SIZE))
      else length += piece.copy(out, length)
    })
    inflater.on('end', resolve)
    inflater.on('error', (error) => reject(new BrokenStreamError(error.message, { cause: error })))
  }).finally(() => {
    isOver = true
  })
  ended.catch(() => undefined) // It is awaited below, but may fail while a piece is being read.
  try {
    for (let at = 0; at < available && !isOver; at += PIECE) {
      const piece = Buffer.from(await read(at, Math.min(PIECE, available - at)))
      // zlib does not call back for the piece in which its stream ends.
      await Promise.race([ended, new Promise<void>((resolve) => inflater.write(piece, () => resolve()))])
    }
    if (!isOver) inflater.end()
    await ended
    if (length !== size) throw new BrokenStreamError(WRONG_SIZE)
    return { data: out, length: inflater.bytesWritten }
  } finally {
    inflater.destroy()
  }
}

const PIECE = 256 * 1024
const WRONG_SIZE = 'it has another size than it claims'

/** What zlib returns with `info: true`; the type declarations leave it out. */
interface Inflated {
  buffer: Buffer
  engine: { bytesWritten: number }
}
