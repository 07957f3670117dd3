import type { OpenFile } from './file-system.ts'

/** Reads from `position` on until the buffer is full or the file ends; returns how many bytes. */
export function readFully(open: OpenFile, buffer: Buffer, position: number): number {
  let done = 0
  while (done < buffer.length) {
    const read = open.read(done === 0 ? buffer : buffer.subarray(done), position + done)
    if (read === 0) break
    done += read
  }
  return done
}

/** The same, without holding up the event loop. Returns what was read: fewer bytes than asked for at the file's end. */
export async function readPiece(open: OpenFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const read = await open.readAsync(done === 0 ? bytes : bytes.subarray(done), position + done)
    if (read === 0) break
    done += read
  }
  return bytes.subarray(0, done)
}
