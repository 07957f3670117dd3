/** A whole document ⇄ the files of its tree. */
import { CorruptError, InvalidStateError } from '../errors.ts'
import { decodeItem } from './item.ts'
import { isBeside, jsonFile, readJsonFile, stranger } from './json-file.ts'
import { isPlain, sortKeys } from './json-writer.ts'
import { isFolderName, type KeyOrder, type Layout, sessionLayout } from './layout.ts'
import {
  folderName,
  type ItemRange,
  itemsIn,
  parseItemName,
  parseItemPath,
  parseSegmentName,
} from './place.ts'
import { isRootFile, rootFiles } from './root-files.ts'

type Files = Map<string, Uint8Array>
type ReadonlyFiles = ReadonlyMap<string, Uint8Array>

const SESSION = 'session.json'
const CONFIG = 'config.json'

/**
 * Returns `session.json`, `config.json` (unless it would be empty), the files beside them, and the root files for
 * people and git. Collections that are folders are left out: non-empty arrays, and those named in `folders`.
 */
export function encodeHead(head: unknown, layout: Layout, folders: readonly string[] = []): Files {
  const document = asDocument(head)
  const names = new Set(layout.collections.map(({ name }) => name))
  const main: [string, unknown][] = []
  const config: [string, unknown][] = []
  for (const key of sortKeys(Object.keys(document), layout.order)) {
    const value = document[key]
    if (value === undefined || folders.includes(key) || (names.has(key) && isFilled(value))) continue
    if (layout.configKeys.includes(key)) config.push([key, value])
    else main.push([key, value])
  }
  const files = jsonFile('session', Object.fromEntries(main), [], layout.order)
  const rest = config.length === 0 ? [] : jsonFile('config', Object.fromEntries(config), [], layout.order)
  return new Map([...files, ...rest, ...rootFiles(document)])
}

/**
 * Decodes the document from its files, whatever its layout: every top-level folder is a collection. Pauses whenever it
 * has worked for `slice` milliseconds. Throws CorruptError, naming the file, for anything that forkpoint would not have
 * written.
 *
 * @param pause awaited between slices, such as `setImmediate` of `node:timers/promises`
 * @param slice in milliseconds
 * @param decoded by folder path: all items of the folders whose files are not in `files`
 */
export const decodeDocument = (
  files: ReadonlyFiles,
  pause: () => Promise<unknown>,
  slice?: number,
  decoded?: DecodedFolders,
): Promise<Record<string, unknown>> => inSlices(decodingSteps(files, decoded), pause, slice)

/**
 * Decodes some items of a document. Returns them by collection and number, in order. `files` has all files of each of
 * these items. Pauses like `decodeDocument`. Throws CorruptError, naming the file.
 */
export const decodeItems = (
  files: ReadonlyFiles,
  pause: () => Promise<unknown>,
): Promise<Map<string, Map<number, unknown>>> => inSlices(itemSteps(files), pause)

async function inSlices<T>(work: Generator<void, T>, pause: () => Promise<unknown>, slice = 4): Promise<T> {
  let start = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - start < slice) continue
    await pause()
    start = performance.now()
  }
}

/** The items of whole folders, by the path of the folder, such as `messages/0012`. */
export type DecodedFolders = ReadonlyMap<string, readonly unknown[]>

/** Does the work of `decodeDocument` in small steps. */
export function* decodingSteps(
  files: ReadonlyFiles,
  decoded: DecodedFolders = new Map(),
): Generator<void, Record<string, unknown>> {
  const { head, collections } = yield* sortingSteps(files)
  const document = decodeHead(head)
  const filled: [string, unknown[]][] = []
  const folders = byCollection(decoded)
  for (const name of namesInOrder([...collections.keys()], [...folders.keys()])) {
    const items = collections.get(name) ?? new Map<number, Files>()
    const whole = folders.get(name) ?? new Map<number, readonly unknown[]>()
    if (Object.hasOwn(document, name)) {
      throw new CorruptError(`'${SESSION}' and the folder '${name}' both contain '${name}'.`, {
        file: SESSION,
      })
    }
    const list: unknown[] = []
    for (let left = items.size; left > 0 || whole.size > 0; ) {
      const known = whole.get(list.length)
      whole.delete(list.length)
      if (known !== undefined) {
        for (const item of known) list.push(item)
        continue
      }
      const files = items.get(list.length)
      if (files === undefined) throw missingItem(name, list.length)
      list.push(decodeItem(files))
      left--
      if (list.length % 16 === 0) yield
    }
    filled.push([name, list])
  }
  return filled.length === 0 ? document : assemble([...Object.entries(document), ...filled])
}

function* itemSteps(files: ReadonlyFiles): Generator<void, Map<string, Map<number, unknown>>> {
  const { collections } = yield* sortingSteps(files)
  const decoded = new Map<string, Map<number, unknown>>()
  for (const [name, items] of collections) {
    const own = new Map<number, unknown>()
    for (const index of [...items.keys()].sort((a, b) => a - b)) {
      own.set(index, decodeItem(items.get(index)!))
      if (own.size % 16 === 0) yield
    }
    decoded.set(name, own)
  }
  return decoded
}

/** Sorts the files: those of each item, by collection and number, and those at the top. */
function* sortingSteps(
  files: ReadonlyFiles,
): Generator<void, { head: Files; collections: Map<string, Map<number, Files>> }> {
  const head: Files = new Map()
  const collections = new Map<string, Map<number, Files>>()
  const sortIn = sorter(collections)
  let sorted = 0
  for (const [path, bytes] of files) {
    if (path.includes('/')) sortIn(path, bytes)
    else head.set(path, bytes)
    if (++sorted % 256 === 0) yield
  }
  return { head, collections }
}

/** Decodes the document without the collections that are folders. `files` has the files at the top of the tree. */
export function decodeHead(files: ReadonlyFiles): Record<string, unknown> {
  for (const path of files.keys()) {
    if (path === SESSION || path === CONFIG || isRootFile(path)) continue
    if (!isBeside(path, SESSION) && !isBeside(path, CONFIG)) throw stranger(path)
  }
  const main = objectIn(SESSION, files)
  if (!files.has(CONFIG)) return main
  const config = objectIn(CONFIG, files)
  for (const key of Object.keys(config)) {
    if (Object.hasOwn(main, key)) {
      throw new CorruptError(`'${SESSION}' and '${CONFIG}' both contain '${key}'.`, { file: CONFIG })
    }
  }
  return assemble([...Object.entries(main), ...Object.entries(config)])
}

const isFilled = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0

function asDocument(value: unknown): Record<string, unknown> {
  if (isPlain(value)) return value
  throw new InvalidStateError([{ path: [], message: 'has to be a plain object' }])
}

function objectIn(file: string, files: ReadonlyFiles): Record<string, unknown> {
  const value = readJsonFile(file, files)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new CorruptError(`'${file}' does not contain an object.`, { file })
}

/** Makes the document. The keys of a session get the order of its layout, others keep the order of the files. */
function assemble(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const document = Object.fromEntries(entries) as Record<string, unknown>
  if (document.type !== sessionLayout.type) return document
  return Object.fromEntries(sorted(document, sessionLayout.order))
}

const sorted = (document: Record<string, unknown>, order: KeyOrder): [string, unknown][] =>
  sortKeys(Object.keys(document), order).map((key) => [key, document[key]])

/** Sorts files into items. Files usually come folder by folder, so each folder is checked once. */
function sorter(collections: Map<string, Map<number, Files>>): (path: string, bytes: Uint8Array) => void {
  let current: { prefix: string; range: ItemRange; items: Map<number, Files> } | undefined
  return (path, bytes) => {
    if (current === undefined || !path.startsWith(current.prefix)) {
      const { collection: name = '', folder = '' } = parseItemPath(path) ?? {}
      const range = itemsIn(folder)
      if (!isFolderName(name) || range === undefined) throw stranger(path)
      const items = collections.get(name) ?? new Map<number, Files>()
      collections.set(name, items)
      current = { prefix: `${name}/${folder}/`, range, items }
    }
    const { prefix, range, items } = current
    const slash = path.indexOf('/', prefix.length)
    const entry = path.slice(prefix.length, slash === -1 ? undefined : slash)
    const index = parseItemName(entry)
    if (index === undefined || index < range.first || index >= range.end) throw stranger(path)
    if (slash !== -1 && !isInsideItem(path.slice(slash + 1))) throw stranger(path)
    const files = items.get(index)
    if (files === undefined) items.set(index, new Map([[path, bytes]]))
    else files.set(path, bytes)
  }
}

/** Whether a path inside an item's folder can be its JSON file, a file beside it, or a part of its log. */
function isInsideItem(path: string): boolean {
  const inside = path.split('/')
  if (inside.length === 1) return parseItemName(path) === undefined
  return inside.length === 2 && parseSegmentName(inside[1]!) !== undefined
}

/** Folders by collection and the number of their first item. */
function byCollection(decoded: DecodedFolders): Map<string, Map<number, readonly unknown[]>> {
  const collections = new Map<string, Map<number, readonly unknown[]>>()
  for (const [path, items] of decoded) {
    const slash = path.indexOf('/')
    const name = path.slice(0, slash)
    const folders = collections.get(name) ?? new Map<number, readonly unknown[]>()
    folders.set(itemsIn(path.slice(slash + 1))!.first, items)
    collections.set(name, folders)
  }
  return collections
}

/** Names of collections in the order of their folders in a tree. */
function namesInOrder(some: readonly string[], others: readonly string[]): string[] {
  if (others.every((name) => some.includes(name))) return [...some]
  return [...new Set([...some, ...others])].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1))
}

/** The error for a missing item that has later items after it. */
export function missingItem(collection: string, index: number): CorruptError {
  const file = `${collection}/${folderName(index)}`
  return new CorruptError(`'${file}' has later items, but not item ${index}.`, { file })
}
