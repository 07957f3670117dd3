/**
 * Checks a received pack completely and makes its index (gitformat-pack(5)). Nothing in it is trusted: sizes are
 * limited before memory is allocated, deltas have to start from objects of the pack, and all bytes that they make are
 * counted.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { ByteCache } from '../objects/byte-cache.ts'
import { applyDelta, BrokenDeltaError } from '../objects/delta.ts'
import { BrokenStreamError, inflateAt } from '../objects/inflate.ts'
import { inflateOpen, inflateOpenStream } from '../objects/inflate-open.ts'
import { BIG_OBJECT, type GitObject, objectIdInSlices } from '../objects/object.ts'
import { type EntryHeader, LONGEST_ENTRY_HEADER, readEntryHeader } from './entry.ts'
import { buildIndexInSlices, CHECKSUM_BYTES } from './writer.ts'

/** What is wrong with a pack; callers say who sent it. */
export class BrokenPackError extends Error {}

/** Reads the bytes of the pack. */
export interface PackBytesSource {
  readonly size: number
  /** That many bytes, or as many as there are. The caller must not keep them. */
  read(position: number, length: number): Buffer | Promise<Buffer>
}

export interface ReceivedOptions {
  /** Bytes of an object at most. Default 65 MiB, which is what is read. */
  maxObjectSize?: number
  /** Called once for each object, in no order. What it throws ends the check. */
  visit: (id: ObjectId, object: GitObject) => void
  onProgress?: ((done: number, total: number) => void) | undefined
}

export interface ReceivedPack {
  /** 40 hex digits: the checksum of the pack. */
  name: string
  index: Buffer
  ids: ReadonlySet<ObjectId>
}

/** Reads every object. Throws BrokenPackError. */
export async function checkReceived(
  source: PackBytesSource,
  options: ReceivedOptions,
): Promise<ReceivedPack> {
  return new Check(source, options).run()
}

class Check {
  readonly #source: PackBytesSource
  readonly #options: ReceivedOptions
  readonly #maxObjectSize: number
  readonly #end: number
  readonly #slice = new TimeSlice()
  readonly #entries: Entry[] = []
  readonly #byOffset = new Map<number, number>()
  readonly #byId = new Map<ObjectId, number>()
  /** Deltas, by the entry or the id of their base. */
  readonly #onEntry = new Map<number, number[]>()
  readonly #onId = new Map<ObjectId, number[]>()
  readonly #made = new ByteCache<number, GitObject>(64 << 20)
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0
  #work: number

  constructor(source: PackBytesSource, options: ReceivedOptions) {
    this.#source = source
    this.#options = options
    this.#maxObjectSize = options.maxObjectSize ?? 65 << 20
    this.#end = source.size - CHECKSUM_BYTES
    this.#work = MOST_WORK + source.size * MOST_GROWTH
  }

  async run(): Promise<ReceivedPack> {
    if (this.#end < PACK_HEADER) throw new BrokenPackError('it is too short')
    const header = await this.#bytes(0, PACK_HEADER)
    if (header.toString('latin1', 0, 4) !== 'PACK' || header.readUInt32BE(4) !== 2)
      throw new BrokenPackError('it is no pack of version 2')
    const count = header.readUInt32BE(8)
    if (count > this.#end / SHORTEST_ENTRY)
      throw new BrokenPackError('it claims more objects than it can hold')
    const checksum = await this.#checksum()
    let at = PACK_HEADER
    for (let n = 0; n < count; n++) at = await this.#scan(n, at)
    if (at !== this.#end) throw new BrokenPackError('it continues after its last object')
    await this.#resolve()
    this.#options.onProgress?.(count, count)
    const entries = this.#entries.map(({ id, offset, crc }) => ({ id: id!, offset, crc }))
    return {
      name: checksum.toString('hex'),
      index: await buildIndexInSlices(entries, checksum),
      ids: new Set(this.#byId.keys()),
    }
  }

  async #checksum(): Promise<Buffer> {
    const sha = createHash('sha1')
    for (let at = 0; at < this.#end; at += WINDOW) {
      sha.update(await this.#read(at, Math.min(WINDOW, this.#end - at)))
      if (this.#slice.isOver()) await this.#slice.next()
    }
    const checksum = sha.digest()
    const claimed = await this.#read(this.#end, CHECKSUM_BYTES)
    if (!checksum.equals(claimed)) throw new BrokenPackError('its checksum is wrong')
    return checksum
  }

  /** Reads entry n at `at`; returns where it ends. */
  async #scan(n: number, at: number): Promise<number> {
    if (this.#slice.isOver()) {
      this.#options.onProgress?.(this.#byId.size, this.#entries.length)
      await this.#slice.next()
    }
    const start = await this.#bytes(at, LONGEST_ENTRY_HEADER)
    const header = readEntryHeader(start)
    if (header === undefined) throw new BrokenPackError('it has an entry that is none')
    if (header.size > this.#maxObjectSize) {
      throw new BrokenPackError(
        `it has an object of more than ${this.#maxObjectSize} bytes, which is the limit`,
      )
    }
    const stream = at + header.length
    const isBig = header.size > BIG_OBJECT
    const { data, length } = isBig
      ? await this.#inflateBig(stream, header.size)
      : inflate(await this.#bytes(stream, mostBytes(header.size)), header.size)
    const end = stream + length
    if (end > this.#end) throw new BrokenPackError(CUT_SHORT)
    const entry: Entry = {
      offset: at,
      stream,
      end,
      header,
      crc: await this.#crc(at, end),
      id: undefined,
      depth: 0,
    }
    this.#entries.push(entry)
    this.#byOffset.set(at, n)
    if (header.type !== undefined) await this.#found(n, { type: header.type, data })
    else if (header.baseId !== undefined) push(this.#onId, header.baseId, n)
    else {
      const base = this.#byOffset.get(at - header.baseDistance!)
      if (base === undefined) throw new BrokenPackError('it has a delta whose base is outside of it')
      push(this.#onEntry, base, n)
    }
    return end
  }

  /** Applies the deltas, from bases to the objects that are made from them. */
  async #resolve(): Promise<void> {
    const waiting = this.#entries.flatMap(({ id }, n) => (id === undefined ? [] : [n])).reverse()
    for (let base = waiting.pop(); base !== undefined; base = waiting.pop()) {
      const { id, depth } = this.#entries[base]!
      const deltas = [...(this.#onEntry.get(base) ?? []), ...(this.#onId.get(id!) ?? [])]
      this.#onEntry.delete(base)
      this.#onId.delete(id!)
      for (const n of deltas) {
        const entry = this.#entries[n]!
        entry.depth = depth + 1
        entry.base = base
        if (entry.depth > MOST_DEPTH) throw new BrokenPackError('it has a chain of deltas without an end')
        await this.#found(n, await this.#object(n))
        waiting.push(n)
        if (!this.#slice.isOver()) continue
        this.#options.onProgress?.(this.#byId.size, this.#entries.length)
        await this.#slice.next()
      }
    }
    if (this.#entries.some(({ id }) => id === undefined))
      throw new BrokenPackError('it has a delta whose base is outside of it')
  }

  async #found(n: number, object: GitObject): Promise<void> {
    const id = await objectIdInSlices(object.type, object.data)
    if (this.#byId.has(id)) throw new BrokenPackError(`it has the object ${id} twice`)
    this.#byId.set(id, n)
    this.#entries[n]!.id = id
    this.#options.visit(id, object)
  }

  async #object(n: number): Promise<GitObject> {
    const chain: number[] = []
    let object: GitObject | undefined
    let at = n
    for (;;) {
      object = this.#made.get(at)
      const { header, base } = this.#entries[at]!
      if (object !== undefined) break
      if (header.type !== undefined) {
        object = { type: header.type, data: await this.#inflateAgain(at) }
        this.#keep(at, object)
        break
      }
      chain.push(at)
      at = base!
    }
    for (const delta of chain.reverse()) {
      object = {
        type: object.type,
        data: apply(object.data, await this.#inflateAgain(delta), this.#maxObjectSize),
      }
      this.#keep(delta, object)
      if (this.#slice.isOver()) await this.#slice.next()
    }
    return object
  }

  #keep(n: number, object: GitObject): void {
    this.#work -= object.data.length
    if (this.#work < 0) throw new BrokenPackError('its deltas make more than such a pack should hold')
    this.#made.set(n, object, object.data.length + 200)
  }

  async #inflateAgain(n: number): Promise<Buffer> {
    const { stream, end, header } = this.#entries[n]!
    if (header.size > BIG_OBJECT) return (await this.#inflateBig(stream, header.size)).data
    try {
      return inflateAt(await this.#bytes(stream, end - stream), 0, header.size)
    } catch (error) {
      throw explained(error)
    }
  }

  async #inflateBig(stream: number, size: number): Promise<{ data: Buffer; length: number }> {
    try {
      return await inflateOpenStream(
        (at, length) => this.#read(stream + at, length),
        this.#end - stream,
        size,
      )
    } catch (error) {
      throw explained(error)
    }
  }

  async #crc(from: number, to: number): Promise<number> {
    let crc = 0
    for (let at = from; at < to; at += WINDOW)
      crc = crc32(await this.#bytes(at, Math.min(WINDOW, to - at)), crc)
    return crc
  }

  /** Up to `length` bytes, from a window where possible. */
  async #bytes(at: number, length: number): Promise<Buffer> {
    const stop = Math.min(at + length, this.#end)
    if (at < this.#windowAt || stop > this.#windowAt + this.#window.length) {
      this.#window = await this.#read(at, Math.max(Math.min(WINDOW, this.#end - at), stop - at))
      this.#windowAt = at
    }
    return this.#window.subarray(at - this.#windowAt, stop - this.#windowAt)
  }

  async #read(at: number, length: number): Promise<Buffer> {
    const bytes = await this.#source.read(at, length)
    if (bytes.length < length) throw new BrokenPackError(CUT_SHORT)
    return bytes
  }
}

interface Entry {
  offset: number
  /** Where its zlib stream starts. */
  stream: number
  end: number
  header: EntryHeader
  crc: number
  /** Unknown, for a delta, until its base is. */
  id: ObjectId | undefined
  /** How many deltas lead to it. */
  depth: number
  base?: number
}

const PACK_HEADER = 12
/** A byte of type and size, and a zlib stream. */
const SHORTEST_ENTRY = 9
const WINDOW = 1 << 20
/** The deepest chain of deltas that is read; git writes none deeper. */
const MOST_DEPTH = 4095
/** Bytes that deltas may make: a base amount, and so many for each byte of the pack. */
const MOST_WORK = 1 << 30
const MOST_GROWTH = 4096
const CUT_SHORT = 'it is cut short'

/** No zlib makes a longer stream from so many bytes. */
const mostBytes = (size: number): number => size + (size >> 3) + 1024

function inflate(bytes: Buffer, size: number): { data: Buffer; length: number } {
  try {
    return inflateOpen(bytes, size)
  } catch (error) {
    throw explained(error)
  }
}

function apply(base: Uint8Array, delta: Buffer, maxSize: number): Buffer {
  try {
    return applyDelta(base, delta, maxSize)
  } catch (error) {
    throw explained(error)
  }
}

function explained(error: unknown): unknown {
  if (error instanceof BrokenStreamError)
    return new BrokenPackError(`it has a broken zlib stream: ${error.message}`, { cause: error })
  if (error instanceof BrokenDeltaError)
    return new BrokenPackError(`it has ${error.message}`, { cause: error })
  return error
}

function push<Key>(map: Map<Key, number[]>, key: Key, n: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [n])
  else list.push(n)
}
