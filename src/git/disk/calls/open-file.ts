/** A file that is open. */
import fs from 'node:fs'
import { StorageError } from '../../../errors.ts'
import { attempt, called, check, closeRead } from './system-call.ts'

export interface OpenFile {
  /** Reads up to `buffer.length` bytes at `position`; returns how many, 0 at the end. */
  read(buffer: Uint8Array, position: number): number
  readAsync(buffer: Uint8Array, position: number): Promise<number>
  /** Writes at `position`; returns how many bytes, which may be fewer than given. */
  write(data: Uint8Array, position: number): number
  writeAsync(data: Uint8Array, position: number): Promise<number>
  /** fdatasync(2): returns when what was written is on the disk. */
  sync(): Promise<void>
  size(): number
  /** Whether its path still leads to this file. */
  isInPlace(): boolean
  /**
   * Closes the descriptor, even when it throws StorageError (only for files that were written). Never call it twice:
   * the number may belong to another file by then.
   */
  close(): void
}

/** @param isWritten whether `close` reports errors */
export function openFile(path: string, fd: number, isWritten: boolean): OpenFile {
  let isOpen = true
  let self: fs.Stats | undefined
  const own = (): number => {
    if (isOpen) return fd
    throw new StorageError(`'${path}' was closed before. Open the store again.`, {
      file: path,
      errno: 'EBADF',
    })
  }
  return {
    read: (buffer, position) => check(path, () => fs.readSync(own(), buffer, 0, buffer.length, position)),
    readAsync: (buffer, position) =>
      called<number>(path, (done) => fs.read(own(), buffer, 0, buffer.length, position, done)),
    write: (data, position) => check(path, () => fs.writeSync(own(), data, 0, data.length, position)),
    writeAsync: (data, position) =>
      called<number>(path, (done) => fs.write(own(), data, 0, data.length, position, done)),
    sync: () => called(path, (done) => fs.fdatasync(own(), done)),
    size: () => check(path, () => fs.fstatSync(own()).size),
    isInPlace() {
      self ??= check(path, () => fs.fstatSync(own()))
      const there = attempt(path, ['ENOTDIR'], () => fs.lstatSync(path, { throwIfNoEntry: false }))
      return there !== undefined && there.dev === self.dev && there.ino === self.ino
    },
    close: () => {
      if (!isOpen) return
      isOpen = false
      if (isWritten) check(path, () => fs.closeSync(fd))
      else closeRead(fd)
    },
  }
}

/** Writes all of the bytes at `position`. */
export async function writeAll(file: OpenFile, data: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < data.length; ) at += await file.writeAsync(data.subarray(at), position + at)
}

/** Closes all of them, even if one fails; then throws that error. */
export function closeAll(files: Iterable<Pick<OpenFile, 'close'>>): void {
  const [file, ...rest] = files
  try {
    file?.close()
  } finally {
    if (rest.length > 0) closeAll(rest)
  }
}
