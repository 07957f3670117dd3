/** Paths in a tree, and the meaning of the names. Readers use only the number in a name. */
import { InvalidStateError } from '../errors.ts'

export const ITEMS_PER_FOLDER = 100
/** From this item on, item folders are in group folders of this many items each, so that no listing gets long. */
const ITEMS_PER_GROUP = 10_000
/** Most items of a collection. */
const MAX_ITEMS = 1_000_000

/** The folder of an item, such as `messages/0012`, and the number that its file names begin with, such as `001234`. */
export interface ItemPlace {
  readonly folder: string
  readonly stem: string
}

/** Returns the place of an item. Throws InvalidStateError if a collection cannot have this many items. */
export function itemPlace(collection: string, index: number): ItemPlace {
  if (index >= MAX_ITEMS) {
    const message = `is item ${index}, and a collection has at most ${MAX_ITEMS}; continue in a new session`
    throw new InvalidStateError([{ path: [collection, index], message }])
  }
  return { folder: `${collection}/${folderName(index)}`, stem: numbered(index) }
}

/** Returns the folder of an item inside its collection: `0012` for item 1,234, `01xxxx/0123` for item 12,345. */
export function folderName(index: number): string {
  const folder = String(Math.floor(index / ITEMS_PER_FOLDER)).padStart(4, '0')
  return index < ITEMS_PER_GROUP ? folder : `${folder.slice(0, -2)}xxxx/${folder}`
}

/** The number of an item or segment in names: at least six digits. */
export const numbered = (index: number): string => String(index).padStart(6, '0')

/** The items of a folder: from `first` up to `end`, exclusive. */
export interface ItemRange {
  readonly first: number
  readonly end: number
}

/**
 * Returns the items of a folder inside its collection, such as `0012`, `01xxxx` or `01xxxx/0123`; `undefined` for any
 * other path.
 */
export function itemsIn(folder: string): ItemRange | undefined {
  const inGroup = isGroup(folder)
  const digits = inGroup ? folder.slice(0, 2) : folder.slice(-4)
  if (!/^\d+$/.test(digits)) return undefined
  const size = inGroup ? ITEMS_PER_GROUP : ITEMS_PER_FOLDER
  const first = Number(digits) * size
  const expected = folderName(first)
  return expected === folder || (inGroup && expected.startsWith(`${folder}/`))
    ? { first, end: first + size }
    : undefined
}

/** Whether the name is that of a group folder, which contains item folders. */
export const isGroup = (name: string): boolean => /^\d\dxxxx$/.test(name)

/** The parts of a path that may belong to an item. */
export interface ItemPath {
  readonly collection: string
  /** A folder name in the form of `folderName`. */
  readonly folder: string
  /** The item's file, a file beside it, or the item's folder. */
  readonly entry: string
  /** The rest of the path, inside the item's folder. */
  readonly inside: readonly string[]
}

/** Splits a path such as `messages/0000/000001-tool.1.txt`; `undefined` if it is not inside a folder of items. */
export function parseItemPath(path: string): ItemPath | undefined {
  const [collection = '', ...rest] = path.split('/')
  const group = isGroup(rest[0] ?? '') ? `${rest.shift()}/` : ''
  const [folder = '', entry, ...inside] = rest
  if (entry === undefined || !/^\d{4}$/.test(folder)) return undefined
  return { collection, folder: group + folder, entry, inside }
}

/** Returns the number of the item that the file at a path belongs to. */
export function itemAt(path: string): number | undefined {
  const entry = parseItemPath(path)?.entry
  return entry === undefined ? undefined : parseItemName(entry)
}

/**
 * Returns the number of the item that an entry of a folder of items belongs to: `12` for `000012-user.json`, for
 * `000012-user.1.txt` and for the folder `000012`. `undefined` for every other name.
 */
export function parseItemName(name: string): number | undefined {
  return ITEM.test(name) ? Number(name.slice(0, 6)) : undefined
}

/** Returns the number of the segment that a file of a log belongs to: `3` for `000003.jsonl` and `000003.1.txt`. */
export function parseSegmentName(name: string): number | undefined {
  const digits = SEGMENT.exec(name)?.[1]
  if (digits === undefined || digits.length > 15) return undefined
  return numbered(Number(digits)) === digits ? Number(digits) : undefined
}

/**
 * Groups the files of one item into parts that can be read separately: one per segment of its log, and the rest under
 * an empty name.
 */
export function itemParts<T>(files: ReadonlyMap<string, T>): Map<string, Map<string, T>> {
  const parts = new Map<string, Map<string, T>>()
  for (const [path, file] of files) {
    const cut = path.lastIndexOf('/') + 1
    const isOfLog = parseSegmentName(path.slice(cut)) !== undefined && /\/\d{6}\/[^/]+\/[^/]+$/.test(path)
    const part = isOfLog ? path.slice(0, path.indexOf('.', cut)) : ''
    parts.set(part, (parts.get(part) ?? new Map()).set(path, file))
  }
  return parts
}

/** Returns the path of a turn's page, which is next to the first item that the turn added. */
export function pagePath(collection: string, first: number, seq: number): string {
  const { folder, stem } = itemPlace(collection, first)
  return `${folder}/${stem}-turn-${seq}.md`
}

/** Returns the first item and the turn number of a page, by its name; `undefined` for every other name. */
export function parsePageName(name: string): { first: number; seq: number } | undefined {
  const [, digits, seq] = PAGE.exec(name) ?? []
  return digits === undefined ? undefined : { first: Number(digits), seq: Number(seq) }
}

/** Whether the name is that of a file beside the file with this stem: `<stem>.<number>.txt` or `.bin`. */
export const isSideFile = (name: string, stem: string): boolean =>
  name.startsWith(`${stem}.`) && SIDE.test(name.slice(stem.length))

const ITEM = /^\d{6}(?:(?:-[a-z0-9_-]{1,24})?(?:\.json|\.[1-9]\d*\.(?:txt|bin)))?$/
const PAGE = /^(\d{6})-turn-(0|[1-9]\d{0,14})\.md$/
const SEGMENT = /^(\d{6,})\.(?:jsonl|[1-9]\d*\.(?:txt|bin))$/
const SIDE = /^\.[1-9]\d*\.(?:txt|bin)$/

/** Returns the readable part of an item's file name: its role or type, in characters that every file system allows. */
export function labelOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return ''
  const { role, type } = item as { role?: unknown; type?: unknown }
  const word = role ?? type
  if (typeof word !== 'string') return ''
  const label = word
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .slice(0, 24)
  return label === '' ? '' : `-${label}`
}
