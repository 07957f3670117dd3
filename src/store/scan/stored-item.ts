/** The texts of a stored item, in parts that can be read separately, so that a growing log is not read again. */

import { type BlobIds, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeEvents, decodeHead, decodeItem, itemParts } from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { entriesOf, type TreeEntry } from '../../git/objects/tree.ts'
import type { Path } from '../../redaction/redact.ts'
import { textOf } from './bytes.ts'
import { type FoundText, streamedIn, textsOf } from './texts.ts'

/** The name of a document's head, which is not an item. */
export const HEAD = 'session'

/** A text and its place. */
export interface Said extends FoundText {
  where: string
}

/** How many segments before a new one are searched for the beginning of a streamed secret. */
const WINDOW = 8
/** Occurs in the type of an event with a piece of a streamed text. */
const PIECE = 'delta"'

export class StoredItem {
  readonly #objects: ObjectStore
  readonly #parts: ReadonlyMap<string, BlobIds>
  readonly #isHead: boolean
  readonly #path: Path

  private constructor(objects: ObjectStore, base: string, unit: string, parts: ReadonlyMap<string, BlobIds>) {
    this.#objects = objects
    this.#parts = parts
    this.#isHead = unit === HEAD
    this.#path = this.#isHead ? [] : [base.slice(0, base.indexOf('/')), Number(unit)]
  }

  /** @param entries the item's entries in the folder `base`: its files, or its own folder */
  static async read(
    objects: ObjectStore,
    base: string,
    unit: string,
    entries: readonly TreeEntry[],
  ): Promise<StoredItem> {
    const ids: BlobIds = new Map()
    const collect = async (found: Iterable<TreeEntry>, at: string): Promise<void> => {
      for (const { name, mode, id } of found) {
        if (mode === '40000') await collect(entriesOf(await objects.readTree(id)), `${at}${name}/`)
        else if (mode !== '160000') ids.set(at + name, id)
      }
    }
    await collect(entries, base)
    return new StoredItem(objects, base, unit, unit === HEAD ? new Map([['', ids]]) : itemParts(ids))
  }

  /** Names of the parts, each with a text that identifies its content and place. */
  get parts(): [part: string, content: string][] {
    return [...this.#parts].map(([part, ids]) => [part, [...ids].map((entry) => entry.join(' ')).join('\n')])
  }

  /** Returns the id of the item, if it has one. */
  async id(): Promise<string | undefined> {
    const { id } = (this.#isHead ? {} : ((await this.#decoded('')).value ?? {})) as { id?: unknown }
    return typeof id === 'string' ? id : undefined
  }

  /** Yields all texts of a part. If it cannot be decoded, each of its files is one text. */
  async *textsOf(part: string): AsyncGenerator<Said> {
    const { value, files } = await this.#decoded(part)
    const values = part === '' || !Array.isArray(value) ? [value] : value
    const path = part === '' ? this.#path : [...this.#pathOfLog(part), '*']
    if (value !== undefined)
      for (const one of values)
        for (const text of textsOf(one, path)) yield { ...text, where: text.path.join('.') }
    // In a value, bytes are base64, in which the rules would find nothing.
    for (const [file, bytes] of files)
      if (value === undefined || file.endsWith('.bin'))
        yield { text: textOf(bytes), key: undefined, path: [], where: file }
  }

  /** Yields the streamed texts that have a piece in one of these parts, joined. */
  async *streamedIn(parts: readonly string[]): AsyncGenerator<Said> {
    const segments = [...this.#parts.keys()].filter((part) => part !== '').sort()
    const first = segments.findIndex((part) => parts.includes(part))
    if (first === -1) return
    const window = segments.slice(
      Math.max(0, first - WINDOW),
      segments.findLastIndex((part) => parts.includes(part)) + 1,
    )
    const events: unknown[] = []
    for (const part of window) {
      const { value, files } = await this.#decoded(part)
      const mayStream = [...files.values()].some((bytes) => asBuffer(bytes).includes(PIECE))
      if (mayStream && Array.isArray(value)) for (const event of value) events.push(event)
    }
    const path = this.#pathOfLog(window[0]!)
    for (const text of streamedIn(events)) yield { text, key: 'text', path, where: path.join('.') }
  }

  #pathOfLog(part: string): Path {
    return [...this.#path, part.split('/').at(-2)!]
  }

  async #decoded(part: string): Promise<{ value: unknown; files: ReadonlyMap<string, Uint8Array> }> {
    const files = await readBlobs(this.#objects, this.#parts.get(part) ?? new Map())
    try {
      if (part !== '') return { value: decodeEvents(`${part}.jsonl`, files), files }
      return { value: this.#isHead ? decodeHead(files) : decodeItem(files), files }
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error
      return { value: undefined, files }
    }
  }
}
