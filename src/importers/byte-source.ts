/** The bytes of a transcript: read in full from front to back, and then again in ranges. */
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { StorageError } from '../errors.ts'
import type { Frame } from './core/documents/frame.ts'
import { type RawLine, readLines } from './jsonl.ts'

/** A transcript in memory. */
export interface NamedLines {
  /** File name, such as `3f2a….jsonl`. It gives the session id if the entries give none. */
  name: string
  /** The entries, each as JSON text without a line end. */
  lines: readonly string[]
}

export interface ByteSource {
  readonly name: string
  /** Size in bytes when the source was opened. Bytes appended later are not read. */
  readonly size: number
  /** Time of the last change in milliseconds; `undefined` for a transcript in memory. */
  readonly modified: number | undefined
  /** Path of the file or folder; absent for a transcript in memory. */
  readonly path?: string
  /** Number of the file's inode; absent for a transcript in memory. */
  readonly inode?: number
  /** Only for a JSON document, whose entries are the lines here: the rest of the document. */
  readonly frame?: Frame
  chunks(): AsyncIterable<Buffer>
  /** Yields the lines; absent if `chunks` is all there is. Use `linesOf`. */
  lines?(): AsyncIterable<RawLine>
  /** Reads the bytes from `start` up to `end` (exclusive). */
  read(start: number, end: number): Promise<Buffer>
}

/** Opens a transcript. Throws StorageError if the file does not exist or cannot be read. */
export async function openSource(source: string | NamedLines | ByteSource): Promise<ByteSource> {
  if (typeof source === 'string') return openFile(source)
  return 'chunks' in source ? source : inMemory(source)
}

/** Yields the lines of a source. */
export const linesOf = (source: ByteSource): AsyncIterable<RawLine> =>
  source.lines?.() ?? readLines(source.chunks())

/** Yields ascending ranges with their bytes. Several small ranges are read at once. */
export async function* readRanges<Range extends { start: number; end: number }>(
  source: ByteSource,
  ranges: readonly Range[],
): AsyncGenerator<[Range, Buffer]> {
  for (let first = 0; first < ranges.length; ) {
    const { start } = ranges[first] as Range
    let next = first + 1
    while (next < ranges.length && (ranges[next] as Range).end - start <= BATCH) next++
    const bytes = await source.read(start, (ranges[next - 1] as Range).end)
    for (const range of ranges.slice(first, next)) {
      yield [range, bytes.subarray(range.start - start, range.end - start)]
    }
    first = next
  }
}

const BATCH = 1 << 20

const inMemory = ({ name, lines }: NamedLines): ByteSource =>
  ofBytes(name, Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`, 'utf8'))

/** Reads a pipe into memory, because a pipe has no size and can be read only once. */
async function openStream(path: string): Promise<ByteSource> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer)
  } catch (cause) {
    throw unreadable(path, cause)
  }
  if (chunks.length === 0) throw new StorageError(`'${path}' gave no data.`, { file: path })
  return ofBytes(basename(path), Buffer.concat(chunks))
}

/** Bytes in memory. */
export function ofBytes(name: string, bytes: Buffer): ByteSource {
  return {
    name,
    size: bytes.length,
    modified: undefined,
    async *chunks() {
      yield bytes
    },
    read: async (start, end) => bytes.subarray(start, end),
  }
}

/** The first `size` bytes of a source. */
export function partOf(source: ByteSource, size: number): ByteSource {
  if (source.size === size) return source
  return {
    ...source,
    size,
    async *chunks() {
      let left = size
      for await (const chunk of source.chunks()) {
        yield chunk.subarray(0, left)
        left -= chunk.length
        if (left <= 0) return
      }
    },
  }
}

async function openFile(path: string): Promise<ByteSource> {
  const found = await guard(path, stat(path))
  if (!found.isFile() && !found.isDirectory()) return openStream(path)
  const { size, mtimeMs, ino } = found
  return {
    name: basename(path),
    path,
    ...(found.isFile() ? { inode: ino } : {}),
    size,
    modified: mtimeMs,
    async *chunks() {
      if (size === 0) return
      const file = await guard(path, open(path, 'r'))
      let left = size
      try {
        if ((await guard(path, file.stat())).ino !== ino) throw replaced(path)
        const stream = file.createReadStream({ end: size - 1, highWaterMark: BATCH, autoClose: false })
        const bytes = stream[Symbol.asyncIterator]()
        for (;;) {
          const { value: chunk, done } = await guard(path, bytes.next())
          if (done) break
          left -= (chunk as Buffer).length
          yield chunk as Buffer
        }
        // Otherwise a line that is cut in two looks like the last one.
        if (left > 0) throw replaced(path)
      } finally {
        await file.close()
      }
    },
    // The file is opened for each read, because a session may have hundreds of sub-agents.
    async read(start, end) {
      const file = await guard(path, open(path, 'r'))
      try {
        const buffer = Buffer.allocUnsafe(end - start)
        const filled = await guard(path, readFully(file, buffer, start))
        if (filled === buffer.length && (await guard(path, file.stat())).ino === ino) return buffer
        throw replaced(path)
      } finally {
        await file.close()
      }
    },
  }
}

async function readFully(file: FileHandle, buffer: Buffer, start: number): Promise<number> {
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

async function guard<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** The error of a file that is not the one that was opened, or is shorter. */
export const replaced = (path: string): StorageError =>
  new StorageError(`'${path}' was replaced while it was read. Import it again.`, { file: path })

function unreadable(path: string, cause: unknown): StorageError {
  const { code, message } = cause as NodeJS.ErrnoException
  const text = code === 'ENOENT' ? `There is no file '${path}'.` : `'${path}' cannot be read: ${message}`
  return new StorageError(text, code === undefined ? { file: path } : { file: path, errno: code }, { cause })
}
