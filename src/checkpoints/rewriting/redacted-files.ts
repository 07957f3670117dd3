/** Redacts files. Remembers the results. */
import { isUtf8 } from 'node:buffer'
import {
  type CollectionSpec,
  decodeEvents,
  decodeHead,
  decodeItem,
  encodeHead,
  encodeItem,
  genericLayout,
  isRootFile,
  itemParts,
  type Layout,
  sessionLayout,
} from '../../codec/index.ts'
import { CorruptError, InvalidStateError } from '../../errors.ts'
import { asBuffer, type NewObject, newObject } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { type Path, type Redact, redactValue } from '../../redaction/redact.ts'
import { headLayout } from '../fork.ts'
import { type BlobIds, type Files, readBlobs } from '../trees/files.ts'
import type { ObjectStore } from '../trees/objects.ts'

/** Replacements for files that belong together. */
export interface Replaced {
  /** Paths and blob ids. */
  files: BlobIds
  objects: readonly NewObject[]
}

/** Returns the new id of a rewritten checkpoint. */
export type NewIdOf = (id: string) => string | undefined

/** Redacts secrets that are spread over the texts of several events of a run. */
export type RedactPieces = (events: readonly unknown[], redact: Redact, path: Path) => unknown

export class RedactedFiles {
  readonly redact: Redact
  readonly #pieces: RedactPieces
  readonly #objects: ObjectStore
  readonly #known = new Map<string, Replaced | undefined>()
  /** `undefined`: what to redact there is found without decoding. */
  readonly #heads = new Map<string, { before: JsonObject; after: JsonObject } | undefined>()
  readonly #clean = new Set<string>()

  constructor(objects: ObjectStore, redact: Redact, pieces: RedactPieces) {
    this.#objects = objects
    this.redact = redact
    this.#pieces = pieces
  }

  async text(text: string, path: readonly (string | number)[]): Promise<string> {
    const kept = await this.redact(text, path)
    return typeof kept === 'string' ? kept : ''
  }

  /**
   * Redacts the files of one item; returns `undefined` if they contain nothing to redact.
   *
   * @param type of the session's documents
   */
  async item(collection: string, index: number, blobs: BlobIds, type: string): Promise<Replaced | undefined> {
    const key = keyOf(blobs)
    if (this.#known.has(key)) return this.#known.get(key)
    const found = await this.#item([collection, index], blobs, type)
    this.#known.set(key, found)
    return found
  }

  /** Redacts the files at the top of a tree. */
  async head(blobs: BlobIds, type: string, newIdOf: NewIdOf): Promise<Replaced | undefined> {
    const head: BlobIds = new Map([...blobs].filter(([path]) => !isRootFile(path)))
    const key = keyOf(head)
    if (!this.#heads.has(key)) this.#heads.set(key, await this.#head(head))
    const document = this.#heads.get(key)
    if (document === undefined) return this.#raw(blobs)
    const moved = withNewParent(document.after, newIdOf)
    if (moved === document.before) return this.#raw(blobs)
    return replaced(encodeHead(moved, headLayout(type)))
  }

  /** Redacts a file that is not part of a document. */
  async file(path: string, id: ObjectId): Promise<NewObject | undefined> {
    return (await this.#raw(new Map([[path, id]])))?.objects[0]
  }

  async #head(blobs: BlobIds): Promise<{ before: JsonObject; after: JsonObject } | undefined> {
    const files = await readBlobs(this.#objects, blobs)
    const before = unlessBroken(() => decodeHead(files))
    if (before === undefined) return undefined
    const kept = await redactValue(before, this.redact, [])
    if (kept === before || !isJsonObject(kept)) {
      // Not kept in memory, since each checkpoint has another one.
      return before.parent === undefined ? undefined : { before, after: before }
    }
    const names = ['id', 'type', 'schemaVersion'].filter((name) => name in before)
    return { before, after: { ...kept, ...Object.fromEntries(names.map((name) => [name, before[name]])) } }
  }

  async #item(path: [string, number], blobs: BlobIds, type: string): Promise<Replaced | undefined> {
    const isClean = await this.#isClean(path, blobs)
    const files = await readBlobs(this.#objects, blobs)
    if (isClean && ![...files.values()].some((bytes) => asBuffer(bytes).includes(PIECE))) return undefined
    const item = unlessBroken(() => decodeItem(files))
    if (item === undefined) return this.#raw(blobs)
    const whole = isClean ? item : ((await redactValue(item, this.redact, path)) ?? null)
    const kept = await this.#joined(whole, path)
    if (kept === item) return undefined
    const [collection, index] = path
    return replaced(encodeItem(layoutOf(type, collection, files), collection, index, kept))
  }

  /**
   * Returns whether an item with a log contains nothing to redact. Reads only segments that were not checked before.
   */
  async #isClean(path: [string, number], blobs: BlobIds): Promise<boolean> {
    const parts = itemParts(blobs)
    if (parts.size < 2) return false
    for (const [segment, part] of parts) {
      const key = keyOf(part)
      if (this.#clean.has(key)) continue
      const files = await readBlobs(this.#objects, part)
      const value = unlessBroken(() =>
        segment === '' ? decodeItem(files) : decodeEvents(`${segment}.jsonl`, files),
      )
      if (value === undefined || (await redactValue(value, this.redact, path)) !== value) return false
      this.#clean.add(key)
    }
    return true
  }

  /** Redacts secrets that begin in one event and end in another. */
  async #joined(item: unknown, path: Path): Promise<unknown> {
    if (!isJsonObject(item) || !Array.isArray(item.events)) return item
    const { events } = item
    const kept = (await this.#pieces(events, this.redact, [...path, 'events'])) as readonly unknown[]
    return kept.every((event, index) => event === events[index]) ? item : { ...item, events: kept }
  }

  /** Redacts files as UTF-8 text, or else byte by byte as Latin-1. */
  async #raw(blobs: BlobIds): Promise<Replaced | undefined> {
    const key = `raw\n${keyOf(blobs)}`
    if (this.#known.has(key)) return this.#known.get(key)
    const files: BlobIds = new Map(blobs)
    const objects: NewObject[] = []
    for (const [path, bytes] of await readBlobs(this.#objects, blobs)) {
      const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
      const text = asBuffer(bytes).toString(encoding)
      const kept = await this.text(text, path.split('/'))
      if (kept === text) continue
      const object = newObject('blob', Buffer.from(kept, encoding))
      files.set(path, object.id)
      objects.push(object)
    }
    const found = objects.length === 0 ? undefined : { files, objects }
    this.#known.set(key, found)
    return found
  }
}

/** Part of the type of events that hold a piece of a text. */
const PIECE = '-delta"'

const keyOf = (blobs: BlobIds): string => [...blobs].map((entry) => entry.join(' ')).join('\n')

function replaced(encoded: Files): Replaced {
  const made = [...encoded].map(([path, bytes]) => [path, newObject('blob', bytes)] as const)
  return {
    files: new Map(made.map(([path, { id }]) => [path, id])),
    objects: made.map(([, object]) => object),
  }
}

/** Returns the layout in which the item is stored now. */
function layoutOf(type: string, collection: string, files: Files): Layout {
  const known = sessionLayout.collections.find(({ name }) => name === collection)
  const spec = type === sessionLayout.type && known ? known : { name: collection, ...logOf(files.keys()) }
  return { ...genericLayout(type, []), collections: [spec] }
}

function logOf(paths: Iterable<string>): Pick<CollectionSpec, 'log' | 'item'> {
  let found: { log?: string; item?: string } = {}
  for (const path of paths) {
    const inside = /\/\d{6}\/(.+)$/.exec(path)?.[1]?.split('/')
    if (inside === undefined) continue
    const [first = '', second] = inside
    if (second !== undefined) found = { ...found, log: first }
    else if (first.endsWith('.json')) found = { log: 'log', ...found, item: first.slice(0, -'.json'.length) }
  }
  return found
}

/** Updates the id of the checkpoint at which a fork began. */
function withNewParent(document: JsonObject, newIdOf: NewIdOf): JsonObject {
  const { parent } = document
  const checkpoint = isJsonObject(parent) ? parent.checkpoint : undefined
  const now = typeof checkpoint === 'string' ? newIdOf(checkpoint) : undefined
  return now === undefined
    ? document
    : { ...document, parent: { ...(parent as JsonObject), checkpoint: now } }
}

/** Decodes; returns `undefined` if the files are not part of a document. */
function unlessBroken<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof CorruptError || error instanceof InvalidStateError) return undefined
    throw error
  }
}
