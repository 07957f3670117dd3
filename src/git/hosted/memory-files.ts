/** Files in memory, with the interface for reading files of a disk. */
import type { Buffer } from 'node:buffer'
import { StorageError } from '../../errors.ts'
import type { FileReader, FileStat, OpenFile } from '../disk/file-system.ts'

export class MemoryFiles implements FileReader {
  readonly #files = new Map<string, Buffer>()
  #changedAt = 0

  write(path: string, data: Buffer): void {
    this.#files.set(path, data)
    this.#changedAt = Date.now()
  }

  remove(path: string): void {
    this.#files.delete(path)
    this.#changedAt = Date.now()
  }

  readFile(path: string): Buffer | undefined {
    return this.#files.get(path)
  }

  readDir(path: string): string[] {
    const names = new Set<string>()
    for (const file of this.#files.keys())
      if (file.startsWith(`${path}/`)) names.add(file.slice(path.length + 1).split('/')[0]!)
    return [...names].sort()
  }

  stat(path: string): FileStat | undefined {
    const file = this.#files.get(path)
    if (file === undefined && this.readDir(path).length === 0) return undefined
    const kind = file === undefined ? 'folder' : 'file'
    return { kind, size: file?.length ?? 0, mtimeMs: this.#changedAt, dev: 0, ino: 0, uid: 0, links: 1 }
  }

  open(path: string): OpenFile | undefined {
    const data = this.#files.get(path)
    if (data === undefined) return undefined
    const read = (buffer: Uint8Array, position: number): number => data.copy(buffer, 0, position)
    const refuse = (): never => {
      throw new StorageError(`'${path}' is only read.`, { file: path })
    }
    return {
      read,
      readAsync: async (buffer, position) => read(buffer, position),
      write: refuse,
      writeAsync: async () => refuse(),
      sync: async () => undefined,
      size: () => data.length,
      isInPlace: () => true,
      close: () => undefined,
    }
  }
}
