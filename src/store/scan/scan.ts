/**
 * Looks for secrets in the git objects that refs reach, decoded as forkpoint decodes them. A value that is stored in
 * several lines or files is one text, and so are the pieces of a streamed text.
 */

import { createHash } from 'node:crypto'
import { isOurs, itemAt, parseItemPath } from '../../codec/index.ts'
import { newCommits } from '../../git/database/ancestry.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { splitSignature } from '../../git/objects/commit.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { targetOf } from '../../git/objects/tag.ts'
import { entriesOf, type TreeEntry } from '../../git/objects/tree.ts'
import { type ObjectId, parseRef } from '../../ids.ts'
import type { Path } from '../../redaction/redact.ts'
import type { SecretFinder } from '../../redaction/secrets.ts'
import { textOf } from './bytes.ts'
import { maskedAround } from './masked.ts'
import { HEAD, type Said, StoredItem } from './stored-item.ts'

/** Describes a stored secret, without the secret itself. */
export interface FoundSecret {
  /** `undefined` if the ref belongs to no session, or its name contains a secret. */
  session: string | undefined
  ref: string
  /** The oldest scanned checkpoint that contains it. */
  checkpoint: string | undefined
  /** Id of the message or other item. */
  message: string | undefined
  /** Path of the file in the tree and of the value in it, `commit`, `tag`, or `name of …`. */
  where: string
  rule: string
  /** The text around it, with all secrets masked. */
  excerpt: string
}

/** Remembers content without secrets, by keys that identify the content. It may forget keys. */
export interface CleanMemory {
  has(key: string): boolean
  add(key: string): void
}

export interface ScanRequest {
  objects: ObjectStore
  /** Where to begin: object ids by ref. */
  refs: ReadonlyMap<string, ObjectId>
  finder: SecretFinder
  memory?: CleanMemory | undefined
  /** Commits that the other side has. What they reach is not scanned, unless it is now in another place of the tree. */
  has?: Iterable<ObjectId>
  onProgress?: ((commits: number) => void) | undefined
}

/** Finds the secrets in everything that the refs reach. Yields each secret once, at its first place. */
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
  /** Content that need not be scanned: trees by their folder, items by their place. */
  readonly #known = { trees: new Map<string, ObjectId[]>(), items: new Map<string, TreeEntry[][]>() }
  /** Commits whose history was scanned. */
  readonly #tips: ObjectId[] = []
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

  /** Scans an object that a ref names: a tag, a commit with its history, a tree or a blob. */
  async *#object(place: Place, id: ObjectId): Founds {
    if (this.#isDone(id)) return
    const { type, data } = await this.#request.objects.read(id)
    if (type === 'commit') yield* this.#history(place, id)
    else if (type === 'tree') yield* this.#tree(place, id, '')
    else yield* this.#raw(place, id, type === 'tag' ? 'tag' : id, data)
    if (type === 'tag') yield* this.#object(place, targetOf(id, data))
  }

  /** Scans the oldest commits first, so that each finding names the checkpoint that added it. */
  async *#history(place: Place, tip: ObjectId): Founds {
    const { objects, onProgress, has = [] } = this.#request
    const { commits, below } = await newCommits(objects, [tip], [...has, ...this.#tips])
    this.#tips.push(tip)
    for (const { tree } of below) this.#know('', tree)
    for (const [id, { tree }] of commits.reverse()) {
      if (id !== tip && this.#isDone(id)) continue
      const at = { ...place, checkpoint: id }
      const data = await objects.readCommitData(id)
      const said = splitSignature(data)?.signed ?? data
      yield* this.#unit(`commit ${id}`, () => this.#text(at, 'commit', asBuffer(said).toString('utf8')))
      yield* this.#tree(at, tree, '')
      onProgress?.(++this.#commits)
    }
  }

  /** Marks a tree that need not be scanned. Its entries are marked when this place is scanned. */
  #know(base: string, tree: ObjectId): void {
    if (this.#isDone(tree, base)) return
    this.#known.trees.set(base, [...(this.#known.trees.get(base) ?? []), tree])
  }

  async #markKnown(base: string): Promise<void> {
    const trees = this.#known.trees.get(base) ?? []
    this.#known.trees.delete(base)
    for (const tree of trees) {
      const { items, others } = byItem(base, entriesOf(await this.#request.objects.readTree(tree)))
      for (const { name, mode, id } of others) {
        if (mode === '40000') this.#know(`${base}${name}/`, id)
        else this.#isDone(id)
      }
      for (const [unit, entries] of items) {
        if (this.#isDone(contentOf(entries), base)) continue
        this.#known.items.set(base + unit, [...(this.#known.items.get(base + unit) ?? []), entries])
      }
    }
  }

  async *#tree(at: Place, id: ObjectId, base: string): Founds {
    if (this.#isDone(id, base)) return
    await this.#markKnown(base)
    const { items, others } = byItem(base, entriesOf(await this.#request.objects.readTree(id)))
    for (const { name } of [...others, ...[...items.values()].flat()])
      yield* this.#text(at, `name of ${base === '' ? 'a file' : `a file in ${base}`}`, name)
    for (const { name, mode, id } of others) {
      if (mode === '40000') yield* this.#tree(at, id, `${base}${name}/`)
      else if (mode !== '160000') yield* this.#blob(at, id, base + name)
    }
    for (const [unit, entries] of items) yield* this.#item(at, base, unit, entries)
  }

  /** Scans the new parts of an item, or of the document's head. */
  async *#item(at: Place, base: string, unit: string, entries: readonly TreeEntry[]): Founds {
    if (this.#isDone(contentOf(entries), base)) return
    const { objects } = this.#request
    const known = this.#known.items.get(base + unit) ?? []
    this.#known.items.delete(base + unit)
    for (const one of known)
      for (const [, content] of (await StoredItem.read(objects, base, unit, one)).parts)
        this.#isDone(content, PART)
    const item = await StoredItem.read(objects, base, unit, entries)
    const fresh = item.parts.filter(([, content]) => !this.#isDone(content, PART))
    for (const [part, content] of fresh)
      yield* this.#unit(`item ${content}`, () => this.#said(at, item, item.textsOf(part)))
    const streamed = fresh.map(([, content]) => content).join('\n')
    const parts = fresh.map(([part]) => part)
    yield* this.#unit(`streamed ${streamed}`, () => this.#said(at, item, item.streamedIn(parts)))
  }

  async *#said(at: Place, item: StoredItem, texts: AsyncIterable<Said>): Founds {
    for await (const { where, text, path, key } of texts)
      for await (const found of this.#text(at, where, text, path, key))
        yield found && { ...found, message: await item.id() }
  }

  async *#blob(at: Place, id: ObjectId, path: string): Founds {
    if (this.#isDone(id)) return
    yield* this.#raw(at, id, path, (await this.#request.objects.read(id)).data)
  }

  #raw(at: Place, id: ObjectId, where: string, data: Uint8Array): Founds {
    return this.#unit(`raw ${id}`, () => this.#text(at, where, textOf(data)))
  }

  /**
   * Remembers content without findings. Allowed findings count as findings, so they are checked again by the next scan.
   */
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

  /** Masks secrets in a path. */
  async #shown(where: string): Promise<string> {
    const found = await this.#request.finder.find(where)
    return found.length === 0 ? where : maskedAround(where, found)
  }

  #isDone(id: string, base = ''): boolean {
    const name = nameOf(id, base)
    if (this.#seen.has(name)) return true
    this.#seen.add(name)
    return false
  }
}

/** In the place of a folder: the parts of an item, whose content may be named as the item is. No folder has this name. */
const PART = '\0part'

/** Identifies content at one place in trees. */
const nameOf = (id: string, base = ''): string => `${base}\0${id}`

/** Identifies the content of the entries. */
const contentOf = (entries: readonly TreeEntry[]): string =>
  entries.map(({ name, id }) => `${name} ${id}`).join('\n')

/** Groups the entries of a folder: those of each item, those of the head (as an item), and all others. */
function byItem(
  base: string,
  entries: Iterable<TreeEntry>,
): { items: Map<string, TreeEntry[]>; others: TreeEntry[] } {
  const items = new Map<string, TreeEntry[]>()
  const others: TreeEntry[] = []
  for (const entry of entries) {
    const unit = unitOf(base + entry.name, entry)
    if (unit === undefined) others.push(entry)
    else items.set(unit, [...(items.get(unit) ?? []), entry])
  }
  return { items, others }
}

/** Returns the item that a tree entry belongs to, or `HEAD`; `undefined` if it does not belong to the document. */
function unitOf(path: string, { mode, name }: TreeEntry): string | undefined {
  if (mode !== '100644' && mode !== '40000') return undefined
  if (mode === '100644' && !path.includes('/')) return isOurs(path) ? HEAD : undefined
  const inside = parseItemPath(path)?.inside
  const index = inside?.length === 0 ? itemAt(path) : undefined
  return index === undefined || (mode === '100644' && !isOurs(path)) ? undefined : name.slice(0, 6)
}

/** Leaves out the session and the ref, because their names may contain the secret. */
const hidden = (place: Place): Place => ({ ...place, session: undefined, ref: '' })
