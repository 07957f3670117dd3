/**
 * Tells which files of a checkpoint's tree are forkpoint's: `docs/format.md`, "The tree of a checkpoint". All others
 * are foreign.
 */
import { isBeside } from './json-file.ts'
import { isFolderName } from './layout.ts'
import {
  folderName,
  isGroup,
  parseItemName,
  parseItemPath,
  parsePageName,
  parseSegmentName,
} from './place.ts'

/**
 * Whether a file at this path of a tree is forkpoint's. This includes an item in the folder of other numbers, which is
 * damage.
 */
export function isOurs(path: string): boolean {
  if (!path.includes('/')) return HEADS.some((head) => path === head || isBeside(path, head))
  const place = parseItemPath(path)
  if (place === undefined || !isFolderName(place.collection) || parseItemName(place.entry) === undefined)
    return false
  const { entry, inside } = place
  const [first, second, more] = inside
  if (first === undefined) return isItemFile(entry)
  if (second === undefined) return isInItem(first)
  return more === undefined && isFolderName(first) && parseSegmentName(second) !== undefined
}

/** Returns `isOurs` for the files of one folder, such as `messages/0000/`, which is checked once. */
export function oursIn(folder: string): (name: string) => boolean {
  const place = parseItemPath(`${folder}000000`)
  if (place === undefined || place.inside.length > 0 || !isFolderName(place.collection))
    return (name) => isOurs(folder + name)
  return (name) => isItemFile(name) && parseItemName(name) !== undefined
}

/** Whether a file directly in an item's folder is forkpoint's. */
export const isInItem = (name: string): boolean => ITEM_FILE.test(name)

/** Whether the folder at this path may contain forkpoint's files, at any depth. */
export function mayHoldOurs(path: string): boolean {
  const [name = '', folder, ...rest] = path.split('/')
  if (!isFolderName(name)) return false
  if (folder === undefined || (isGroup(folder) && rest.length === 0)) return true
  const inGroup = isGroup(folder)
  const [entry, log, more] = inGroup ? rest.slice(1) : rest
  if (!/^\d{4}$/.test((inGroup ? rest[0] : folder) ?? '') || more !== undefined) return false
  return entry === undefined || (/^\d{6}$/.test(entry) && (log === undefined || isFolderName(log)))
}

/**
 * Whether this is the path of a turn's page, which is forkpoint's but not part of the document. Readers may skip it.
 */
export function isPage(path: string): boolean {
  const place = parseItemPath(path)
  if (place === undefined || place.inside.length > 0 || !isFolderName(place.collection)) return false
  const page = parsePageName(place.entry)
  return page !== undefined && folderName(page.first) === place.folder
}

/** Whether a name has the extension of an item's file or of a file beside it. */
const isItemFile = (name: string): boolean =>
  name.endsWith('.json') || name.endsWith('.txt') || name.endsWith('.bin')

const HEADS = ['session.json', 'config.json']
const ITEM_FILE = /^[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.json|\.[1-9]\d*\.(?:txt|bin))$/
