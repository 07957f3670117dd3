/**
 * Looks for secrets in git objects: what refs lead to, decoded as forkpoint decodes it. A value that lies over several
 * lines or files is one text, and so are the pieces of a streamed one.
 */

import { createHash } from 'node:crypto'
import { type BlobIds, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeHead, decodeItem, isOurs, itemAt, parseItemPath } from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { decodeCommit, splitSignature } from '../../git/objects/commit.ts'
import { targetOf } from '../../git/objects/named.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { entriesOf, type TreeEntry } from '../../git/objects/tree.ts'
import { type ObjectId, parseRef } from '../../ids.ts'
import type { Path } from '../../redaction/redact.ts'
import type { SecretFinder } from '../../redaction/secrets.ts'
import { maskedAround } from './masked.ts'
import { textsOf } from './texts.ts'

/** A secret that is stored. It does not hold the secret. */
export interface FoundSecret {
  /** `undefined` for what is not a session's. */
  session: string | undefined
  ref: string
  /** The first checkpoint that holds it, of those that were looked at. */
  checkpoint: string | undefined
  /** Id of the message or other item. */
  message: string | undefined
  /** Path of the file in the tree and of the value in it, `commit`, `tag`, or `name of …`. */
  where: string
  rule: string
  /** What stands around it, all secrets masked. */
  excerpt: string
}

/** What is known to hold nothing, by keys that stand for content. It may forget. */
export interface CleanMemory {
  has(key: string): boolean
  add(key: string): void
}

export interface ScanRequest {
  objects: ObjectStore
  /** Where to begin, by ref. */
  refs: ReadonlyMap<string, ObjectId>
  finder: SecretFinder
  memory?: CleanMemory | undefined
  /** What need not be looked at, with all it leads to: the other side has it. */
  isKnown?: (id: ObjectId) => boolean
  onProgress?: ((commits: number) => void) | undefined
}

/** Finds the secrets in all that the refs lead to. Each is given once, with where it first stands. */
export async function* scan(request: ScanRequest): AsyncGenerator<FoundSecret> {
  for await (const found of new Scan(request).run()) if (found !== undefined) yield found
}

interface Place {
  session: string | undefined
  ref: string
  checkpoint: string | undefined
}

/** `undefined` stands for a finding that is allowed. */
type Founds = AsyncGenerator<FoundSecret | undefined>

class Scan {
  readonly #request: ScanRequest
  readonly #seen = new Set<string>()
  #commits = 0

  constructor(request: ScanRequest) {
    this.#request = request
  }

  async *run(): Founds {
    for (const [ref, id] of this.#request.refs) {
      const parsed = parseRef(ref)
      const place = { session: parsed?.session, ref, checkpoint: undefined }
      const names = parsed === undefined ? [ref] : [parsed.session, parsed.name]
      for (const name of new Set(names)) yield* this.#text(hidden(place), 'name of a ref', name)
      yield* this.#object(place, id)
    }
  }

  /** A tag object, a commit with its history, or whatever else a ref names. */
  async *#object(place: Place, id: ObjectId): Founds {
    if (this.#isDone(id)) return
    const { type, data } = await this.#request.objects.read(id)
    if (type === 'commit') yield* this.#history(place, id)
    else if (type === 'tree') yield* this.#tree(place, id, '')
    else yield* this.#raw(place, id, type === 'tag' ? 'tag' : id, data)
    if (type === 'tag') yield* this.#object(place, targetOf(id, data))
  }

  /** Oldest first, so that each finding has the checkpoint that brought it. */
  async *#history(place: Place, tip: ObjectId): Founds {
    const { objects, onProgress } = this.#request
    const order: { id: ObjectId; tree: ObjectId; data: Uint8Array }[] = []
    const waiting = [tip]
    this.#seen.delete(nameOf(tip))
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (this.#isDone(id)) continue
      const { data } = await objects.read(id)
      order.push({ id, tree: decodeCommit(data, id).tree, data })
      waiting.push(...objects.parentsOf(id, data))
    }
    for (const { id, tree, data } of order.reverse()) {
      const at = { ...place, checkpoint: id }
      const said = splitSignature(data)?.signed ?? data
      yield* this.#unit(`commit ${id}`, () => this.#text(at, 'commit', asBuffer(said).toString('utf8')))
      yield* this.#tree(at, tree, '')
      onProgress?.(++this.#commits)
    }
  }

  async *#tree(at: Place, id: ObjectId, base: string): Founds {
    if (this.#isDone(id, base)) return
    const entries = entriesOf(await this.#request.objects.readTree(id))
    const items = new Map<string, TreeEntry[]>()
    for (const entry of entries) {
      const path = base + entry.name
      yield* this.#text(at, `name of ${base === '' ? 'a file' : `a file in ${base}`}`, entry.name)
      const unit = unitOf(path, entry)
      if (unit !== undefined) items.set(unit, [...(items.get(unit) ?? []), entry])
      else if (entry.mode === '40000') yield* this.#tree(at, entry.id, `${path}/`)
      else if (entry.mode !== '160000') yield* this.#blob(at, entry.id, path)
    }
    for (const [unit, parts] of items) yield* this.#item(at, base, unit, parts)
  }

  /** An item, or the head of the document, from all its files. */
  async *#item(at: Place, base: string, unit: string, parts: readonly TreeEntry[]): Founds {
    const name = parts.map(({ name, id }) => `${name} ${id}`).join('\n')
    if (this.#isDone(name, base)) return
    yield* this.#unit(`item ${name}`, async function* (this: Scan) {
      const ids: BlobIds = new Map()
      for (const { name, id, mode } of parts) {
        if (mode === '40000') await this.#filesBelow(id, `${base}${name}/`, ids)
        else ids.set(base + name, id)
      }
      const files = await readBlobs(this.#request.objects, ids)
      let value: unknown
      try {
        value = unit === HEAD ? decodeHead(files) : decodeItem(files)
      } catch (error) {
        if (!(error instanceof CorruptError)) throw error
      }
      const from = unit === HEAD ? [] : [base.slice(0, base.indexOf('/')), Number(unit)]
      const { id: message } = (value ?? {}) as { id?: unknown }
      const of = { ...at, message: unit !== HEAD && typeof message === 'string' ? message : undefined }
      if (value !== undefined)
        for (const { text, key, path } of textsOf(value, from))
          yield* this.#text(of, path.join('.'), text, path, key)
      // Bytes are base64 in a value, where nobody would find anything in them.
      for (const [path, bytes] of files)
        if (value === undefined || path.endsWith('.bin')) yield* this.#text(of, path, textOf(bytes))
    })
  }

  async #filesBelow(id: ObjectId, base: string, into: BlobIds): Promise<void> {
    for (const { name, mode, id: inner } of entriesOf(await this.#request.objects.readTree(id))) {
      if (mode === '40000') await this.#filesBelow(inner, `${base}${name}/`, into)
      else if (mode !== '160000') into.set(base + name, inner)
    }
  }

  async *#blob(at: Place, id: ObjectId, path: string): Founds {
    if (this.#isDone(id)) return
    yield* this.#raw(at, id, path, (await this.#request.objects.read(id)).data)
  }

  #raw(at: Place, id: ObjectId, where: string, data: Uint8Array): Founds {
    return this.#unit(`raw ${id}`, () => this.#text(at, where, textOf(data)))
  }

  /** What holds nothing is remembered, whatever is allowed: a finding that is allowed is looked at again. */
  async *#unit(content: string, look: (this: Scan) => Founds): Founds {
    const { memory } = this.#request
    const key = createHash('sha256').update(content).digest('hex').slice(0, 40)
    if (memory?.has(key) === true) return
    let clean = true
    for await (const found of look.call(this)) {
      clean = false
      yield found
    }
    if (clean) memory?.add(key)
  }

  async *#text(
    at: Place & { message?: string | undefined },
    where: string,
    text: string,
    path: Path = [],
    key?: string | number,
  ): Founds {
    const { finder } = this.#request
    const found = await finder.find(text, key)
    for (const finding of found) {
      if (finder.allows(finding, path)) yield undefined
      else {
        const { session, ref, checkpoint, message } = at
        const excerpt = maskedAround(text, found, finding)
        yield {
          session,
          ref,
          checkpoint,
          message,
          where: await this.#shown(where),
          rule: finding.rule,
          excerpt,
        }
      }
    }
  }

  /** A path may hold a secret itself. */
  async #shown(where: string): Promise<string> {
    const found = await this.#request.finder.find(where)
    return found.length === 0 ? where : maskedAround(where, found)
  }

  #isDone(id: string, base = ''): boolean {
    const name = nameOf(id, base)
    if (this.#seen.has(name) || this.#request.isKnown?.(id as ObjectId) === true) return true
    this.#seen.add(name)
    return false
  }
}

/** Content at one place of trees. */
const nameOf = (id: string, base = ''): string => `${base}\0${id}`

const HEAD = 'session'

/** The item that an entry of a tree belongs to, or `HEAD`; `undefined` for what is not of the document. */
function unitOf(path: string, { mode, name }: TreeEntry): string | undefined {
  if (mode !== '100644' && mode !== '40000') return undefined
  if (mode === '100644' && !path.includes('/')) return isOurs(path) ? HEAD : undefined
  const inside = parseItemPath(path)?.inside
  const index = inside?.length === 0 ? itemAt(path) : undefined
  return index === undefined || (mode === '100644' && !isOurs(path)) ? undefined : name.slice(0, 6)
}

/** A ref whose name holds a secret is not shown. */
const hidden = (place: Place): Place => ({ ...place, session: undefined, ref: '' })

function textOf(data: Uint8Array): string {
  const bytes = asBuffer(data)
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}
