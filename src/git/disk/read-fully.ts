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
