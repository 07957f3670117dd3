/**
 * One journal file: what makes a group of saves durable with a single sync.
 *
 * A header names the owner and carries a random salt; records follow, each with length, sequence, the salt and a
 * checksum. A restart writes a new salt and begins at the front of the file again: bytes after the last record with the
 * new salt do not count. So the file keeps its blocks, and a sync does not have to record a new size. The layout is
 * described in `docs/format.md`, "The journal".
 */
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { StorageError } from '../../errors.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { FileSystem, OpenFile } from '../disk/file-system.ts'
import { type Owner, ownerText, parseOwner } from '../disk/identity.ts'
import { readFully } from '../disk/read-fully.ts'
import { type JournalEntry, parseEntry } from './entry.ts'

export interface JournalRecord {
  sequence: number
  entry: JournalEntry
  /** Bytes of a pack; empty when the record has none. */
  pack: Uint8Array
}

const HEADER = 1024
const RECORD = 24
const MAGIC = 0x46505231 // "FPR1"
/** Bytes by which the file grows at a time, so that its size is unchanged in most syncs. */
const STEP = 256 * 1024
/** Written at once. */
const PIECE = 512 * 1024

export class Journal {
  readonly path: string
  readonly #fs: FileSystem
  readonly #file: OpenFile
  readonly #owner: Owner
  #salt = Buffer.alloc(8)
  #end = HEADER
  /** Position of the last record. */
  #last = HEADER
  #size = 0

  private constructor(fs: FileSystem, path: string, file: OpenFile, owner: Owner) {
    this.#fs = fs
    this.path = path
    this.#file = file
    this.#owner = owner
  }

  /** Creates the file. The caller syncs its folder before it relies on it. Throws StorageError. */
  static create(fs: FileSystem, path: string, owner: Owner): Journal {
    fs.unlink(path)
    const file = fs.open(path, 'wx+')
    if (file === undefined) throw new StorageError(`The journal '${path}' exists already.`, { file: path })
    const journal = new Journal(fs, path, file, owner)
    try {
      journal.restart()
    } catch (error) {
      try {
        file.close()
      } finally {
        fs.unlink(path)
      }
      throw error
    }
    return journal
  }

  /** Bytes of records since the last restart. */
  get used(): number {
    return this.#end - HEADER
  }

  /** Forgets all records. Not synced: if the old records come back after a power loss, they are harmless. */
  restart(): void {
    this.#salt = randomBytes(8)
    writeAll(this.#file, encodeHeader(this.#owner, this.#salt), 0)
    this.#end = HEADER
    this.#last = HEADER
    this.#size = Math.max(this.#size, HEADER)
  }

  /**
   * Adds a record; durable after the next `sync`. If the disk fails, the record does not count, and the next one is
   * written in the same place. Throws StorageError.
   */
  append(sequence: number, entry: JournalEntry, pack: Uint8Array = new Uint8Array()): void {
    const record = encodeRecord(sequence, this.#salt, entry, pack)
    const end = this.#end + record.length
    let data = record
    if (entry.kind === 'group' && end > this.#size && this.#end > HEADER + STEP / 4) {
      // The file grows ahead only once the journal has proved busy.
      data = Buffer.concat([record], record.length + STEP)
    }
    writeAll(this.#file, data, this.#end)
    this.#size = Math.max(this.#size, this.#end + data.length)
    this.#last = this.#end
    this.#end = end
  }

  /**
   * `append` of a large pack, in slices. The caller appends nothing else meanwhile. The head is written last: until then
   * nothing of it counts. Throws StorageError.
   */
  async appendLarge(sequence: number, entry: JournalEntry, pack: Uint8Array): Promise<void> {
    const head = encodeHead(sequence, this.#salt, entry, pack.length)
    const start = this.#end + head.length
    const slice = new TimeSlice()
    let sum = checksum(head)
    for (let at = 0; at < pack.length; at += PIECE) {
      if (slice.isOver()) await slice.next()
      const piece = pack.subarray(at, at + PIECE)
      sum = crc32(piece, sum)
      writeAll(this.#file, piece, start + at)
    }
    head.writeUInt32BE(sum, RECORD - 4)
    writeAll(this.#file, head, this.#end)
    this.#size = Math.max(this.#size, start + pack.length)
    this.#last = this.#end
    this.#end = start + pack.length
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  /** Whether another process that opens the path finds the record that was appended last. */
  isInPlace(): boolean {
    if (this.#file.isInPlace()) return true
    // On disks whose inode numbers are made up by a server or a program, the number may change although the file is the
    // same.
    const there = this.#fs.open(this.path, 'r')
    if (there === undefined) return false
    try {
      return [0, this.#last].every((at) => {
        const [own, found] = [Buffer.alloc(HEADER), Buffer.alloc(HEADER)]
        readFully(this.#file, own, at)
        readFully(there, found, at)
        return own.equals(found)
      })
    } finally {
      there.close()
    }
  }

  close(): void {
    this.#file.close()
  }
}

export interface JournalContent {
  owner: Owner
  records: readonly JournalRecord[]
}

/** Every whole record of a journal file, in order; `undefined` when the file has no header yet. */
export function parseJournal(content: Buffer): JournalContent | undefined {
  const header = decodeHeader(content)
  if (header === undefined) return undefined
  const records: JournalRecord[] = []
  for (let at = HEADER; at + RECORD <= content.length; ) {
    const length = content.readUInt32BE(at + 4)
    const end = at + RECORD + length
    if (content.readUInt32BE(at) !== MAGIC || end > content.length) break
    if (!content.subarray(at + 12, at + 20).equals(header.salt)) break
    const payload = content.subarray(at + RECORD, end)
    if (checksum(content.subarray(at, end)) !== content.readUInt32BE(at + RECORD - 4)) break
    const record = decodePayload(content.readUInt32BE(at + 8), payload)
    if (record === undefined) break
    records.push(record)
    at = end
  }
  return { owner: header.owner, records }
}

/** Whether the file is a journal of another version of the format. */
export const isOtherVersion = (content: Buffer): boolean =>
  /^forkpoint-journal (?!1 )\d+ /.test(content.toString('latin1', 0, 40))

function encodeHeader(owner: Owner, salt: Buffer): Buffer {
  const head = Buffer.alloc(HEADER, ' ')
  const text = `${salt.toString('hex')} ${ownerText(owner)}`
  head.write(`forkpoint-journal 1 ${crc32(text).toString(16).padStart(8, '0')} ${text}`)
  head[HEADER - 1] = 0x0a
  return head
}

function decodeHeader(content: Buffer): { owner: Owner; salt: Buffer } | undefined {
  const line = content.subarray(0, HEADER).toString('utf8').split('\n', 1)[0] ?? ''
  const match = /^forkpoint-journal 1 ([0-9a-f]{8}) (([0-9a-f]{16}) (forkpoint .*))$/.exec(line)
  if (match === null) return undefined
  const [, sum, text, salt, owner] = match as unknown as [string, string, string, string, string]
  if (crc32(`${text}\n`) !== Number.parseInt(sum, 16)) return undefined
  const parsed = parseOwner(owner)
  return parsed === undefined ? undefined : { owner: parsed, salt: Buffer.from(salt, 'hex') }
}

function encodeRecord(sequence: number, salt: Buffer, entry: JournalEntry, pack: Uint8Array): Buffer {
  const head = encodeHead(sequence, salt, entry, pack.length)
  head.writeUInt32BE(crc32(pack, checksum(head)), RECORD - 4)
  return Buffer.concat([head, pack])
}

/** What stands before the pack, without the checksum. */
function encodeHead(sequence: number, salt: Buffer, entry: JournalEntry, packLength: number): Buffer {
  const text = Buffer.from(`${JSON.stringify(entry)}\n`)
  const head = Buffer.alloc(RECORD + text.length)
  head.writeUInt32BE(MAGIC, 0)
  head.writeUInt32BE(text.length + packLength, 4)
  head.writeUInt32BE(sequence >>> 0, 8)
  salt.copy(head, 12)
  text.copy(head, RECORD)
  return head
}

function decodePayload(sequence: number, payload: Buffer): JournalRecord | undefined {
  const end = payload.indexOf(0x0a)
  if (end < 0) return undefined
  const entry = parseEntry(payload.toString('utf8', 0, end))
  return entry === undefined ? undefined : { sequence, entry, pack: payload.subarray(end + 1) }
}

/** Of all but the magic number and itself. */
const checksum = (record: Uint8Array): number =>
  crc32(record.subarray(RECORD), crc32(record.subarray(4, RECORD - 4)))

/** Writes all bytes, with as many calls as it takes. */
function writeAll(file: OpenFile, data: Uint8Array, position: number): void {
  for (let done = 0; done < data.length; ) {
    const written = file.write(data.subarray(done), position + done)
    if (written === 0) throw new StorageError('The disk wrote nothing. Earlier saves are not affected.', {})
    done += written
  }
}
