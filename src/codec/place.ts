/** Where things stand in a tree, and what the names there mean. Readers go by the number in a name only. */

export const ITEMS_PER_FOLDER = 100

/** Folder of an item, such as `messages/0012`, and the number its files begin with, such as `001234`. */
export interface ItemPlace {
  readonly folder: string
  readonly stem: string
}

export function itemPlace(collection: string, index: number): ItemPlace {
  return { folder: `${collection}/${folderName(index)}`, stem: numbered(index) }
}

/** Name of the folder that an item lies in, inside its collection: 100 items a folder. */
export const folderName = (index: number): string =>
  String(Math.floor(index / ITEMS_PER_FOLDER)).padStart(4, '0')

/** Six digits or more: how items and segments are numbered. */
export const numbered = (index: number): string => String(index).padStart(6, '0')

/**
 * The number of the item that an entry of an item folder belongs to: `12` for `000012-user.json`, for
 * `000012-user.1.txt` and for the folder `000012`. `undefined` for every other name.
 */
export function parseItemName(name: string): number | undefined {
  const digits = ITEM.exec(name)?.[1]
  return digits === undefined ? undefined : numberOf(digits, 6)
}

/** The number of an item folder inside its collection: `12` for `0012`. */
export const parseFolderName = (name: string): number | undefined => numberOf(name, 4)

/** The number of the segment that a file of a log belongs to: `3` for `000003.jsonl` and `000003.1.txt`. */
export function parseSegmentName(name: string): number | undefined {
  const digits = SEGMENT.exec(name)?.[1]
  return digits === undefined ? undefined : numberOf(digits, 6)
}

/** Path of the page of a turn: beside the first item that the turn brought. */
export function pagePath(collection: string, first: number, seq: number): string {
  const { folder, stem } = itemPlace(collection, first)
  return `${folder}/${stem}-turn-${seq}.md`
}

/** The first item and the number of the turn of a page, by its name; `undefined` for every other name. */
export function parsePageName(name: string): { first: number; seq: number } | undefined {
  const [, digits = '', turn = ''] = PAGE.exec(name) ?? []
  const first = numberOf(digits, 6)
  const seq = numberOf(turn, 1)
  return first === undefined || seq === undefined ? undefined : { first, seq }
}

/** Whether the name is that of a file beside the file with this stem: `<stem>.<number>.txt` or `.bin`. */
export const isSideFile = (name: string, stem: string): boolean =>
  name.startsWith(`${stem}.`) && SIDE.test(name.slice(stem.length))

const ITEM = /^(\d{6,})(?:(?:-[a-z0-9_-]{1,24})?(?:\.json|\.[1-9]\d*\.(?:txt|bin)))?$/
const PAGE = /^(\d{6,})-turn-(\d+)\.md$/
const SEGMENT = /^(\d{6,})\.(?:jsonl|[1-9]\d*\.(?:txt|bin))$/
const SIDE = /^\.[1-9]\d*\.(?:txt|bin)$/

/** What people read in an item's name: its role or type, in characters that are fine everywhere. */
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

function numberOf(digits: string, width: number): number | undefined {
  const number = /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN
  return String(number).padStart(width, '0') === digits ? number : undefined
}
