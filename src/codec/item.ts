/** One item of a collection ⇄ its files. */
import { CorruptError } from '../errors.ts'
import { textOfParts } from '../state/index.ts'
import { decodeLog, encodeLog } from './events.ts'
import { isBeside, jsonFile, readJsonFile, stranger } from './json-file.ts'
import { isPlain } from './json-writer.ts'
import { type CollectionSpec, isFolderName, type Layout } from './layout.ts'
import { PARTS_MARKER } from './markers.ts'
import { itemPlace, labelOf, parseItemName } from './place.ts'

type Files = Map<string, Uint8Array>
type ReadonlyFiles = ReadonlyMap<string, Uint8Array>

/**
 * Returns all files of one item, by path in the tree. The log of an item that is a folder is written whole
 * (`appendEvents` writes new events only). An item without a log has only its JSON file and the files beside it.
 *
 * Throws InvalidStateError, with the path from the document, for values that the format cannot store.
 */
export function encodeItem(layout: Layout, collection: string, index: number, item: unknown): Files {
  return new Map(itemFiles(specOf(layout, collection), index, item))
}

function* itemFiles(
  spec: CollectionSpec,
  index: number,
  item: unknown,
): Generator<[string, Uint8Array], void, undefined> {
  const path = [spec.name, index]
  const { folder, stem } = itemPlace(spec.name, index)
  if (spec.log === undefined) {
    const file = `${folder}/${stem}${labelOf(item)}`
    yield* jsonFile(file, spec.parts === true ? withoutContent(item) : item, path, spec.order)
    return
  }
  const [rest, log] = split(item, spec.log)
  yield* jsonFile(`${folder}/${stem}/${spec.item ?? 'item'}`, rest, path, spec.order)
  if (log.length === 0) return
  yield* encodeLog(`${folder}/${stem}/${spec.log}`, log, [...path, spec.log], spec.logOrder)
}

/**
 * Decodes an item from its files, whatever its layout. The paths may start at any folder. Throws CorruptError, naming
 * the file.
 */
export function decodeItem(files: ReadonlyFiles): unknown {
  const main = mainFile(files)
  const item = readJsonFile(main, files)
  if (files.size === 1) return item
  const folder = main.slice(0, main.lastIndexOf('/') + 1)
  if (isPlainItem(main)) {
    for (const path of files.keys()) if (path !== main && !isBeside(path, main)) throw stranger(path)
    return item
  }
  let log: string | undefined
  for (const path of files.keys()) {
    if (path === main || isBeside(path, main)) continue
    const [name, ...rest] = path.startsWith(folder) ? path.slice(folder.length).split('/') : []
    if (name === undefined || rest.length !== 1 || !isFolderName(name) || name !== (log ?? name)) {
      throw stranger(path)
    }
    log = name
  }
  if (log !== undefined) putLog(item, log, main, decodeLog(folder + log, files))
  return item
}

/** Returns the layout of a collection. Throws TypeError if it has none. */
function specOf(layout: Layout, collection: string): CollectionSpec {
  const spec = layout.collections.find(({ name }) => name === collection)
  if (spec === undefined) throw new TypeError(`'${collection}' is not a collection of type '${layout.type}'.`)
  return spec
}

function withoutContent(message: unknown): unknown {
  if (!isPlain(message)) return message
  const { content, parts } = message
  if (typeof content !== 'string' || !Array.isArray(parts) || parts.length === 0) return message
  return textOfParts(parts) === content ? { ...message, content: PARTS_MARKER } : message
}

/** Returns the item without its log, and the log. A log that is empty or not an array stays in the item. */
function split(item: unknown, key: string): [unknown, readonly unknown[]] {
  if (!isPlain(item)) return [item, []]
  const { [key]: log, ...rest } = item
  return Array.isArray(log) && log.length > 0 ? [rest, log] : [item, []]
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const isPlainItem = (file: string): boolean => parseItemName(baseName(file)) !== undefined

/** Returns the path of the item's JSON file. */
function mainFile(files: ReadonlyFiles): string {
  let main: string | undefined
  let second: string | undefined
  for (const path of files.keys()) {
    if (!path.endsWith('.json')) continue
    if (main === undefined) main = path
    else second ??= path
  }
  if (main === undefined) {
    const file = files.keys().next().value
    throw new CorruptError(`The item of '${file}' has no JSON file.`, file === undefined ? {} : { file })
  }
  if (second !== undefined) {
    const message = `'${main}' and '${second}' are two files of one item, as after a merge of two branches by another tool. Two conversations have no merge: use a checkpoint before it.`
    throw new CorruptError(message, { file: second })
  }
  return main
}

function putLog(item: unknown, key: string, file: string, events: unknown[]): void {
  if (typeof item !== 'object' || item === null || Array.isArray(item) || Object.hasOwn(item, key)) {
    throw new CorruptError(`'${file}' already has a value where '${key}/' belongs.`, { file })
  }
  Object.defineProperty(item, key, { value: events, writable: true, enumerable: true, configurable: true })
}
