/** Which files of a checkpoint's tree are forkpoint's: `docs/format.md`, "The tree of a checkpoint". All else is foreign. */
import { isBeside } from './json-file.ts'
import { isFolderName } from './layout.ts'
import { folderName, parseFolderName, parseItemName, parsePageName, parseSegmentName } from './place.ts'

/** Whether a document may have a file at this path of its tree. */
export function isOurs(path: string): boolean {
  const [name = '', folder, entry, ...inside] = path.split('/')
  if (folder === undefined) return HEADS.some((head) => path === head || isBeside(path, head))
  if (entry === undefined || !isItemPlace(name, folder, entry)) return false
  const [first, second, more] = inside
  if (first === undefined) return /\.(?:json|txt|bin)$/.test(entry)
  if (second === undefined) return ITEM_FILE.test(first)
  return more === undefined && isFolderName(first) && parseSegmentName(second) !== undefined
}

/** Whether a file of ours may lie somewhere in the folder at this path. */
export function mayHoldOurs(path: string): boolean {
  const [name = '', folder, entry, log, more] = path.split('/')
  if (!isFolderName(name) || more !== undefined) return false
  if (folder === undefined) return true
  if (entry === undefined) return parseFolderName(folder) !== undefined
  return /^\d+$/.test(entry) && isItemPlace(name, folder, entry) && (log === undefined || isFolderName(log))
}

/** Whether this is the path of a turn's page: ours, but no part of the document. Readers need not look into it. */
export function isPage(path: string): boolean {
  const [name = '', folder, entry = '', more] = path.split('/')
  const page = more === undefined ? parsePageName(entry) : undefined
  return page !== undefined && isFolderName(name) && folderName(page.first) === folder
}

const HEADS = ['session.json', 'config.json']
const ITEM_FILE = /^[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.json|\.[1-9]\d*\.(?:txt|bin))$/

/** An item in the folder of other numbers is ours, and in the wrong place. */
const isItemPlace = (name: string, folder: string, entry: string): boolean =>
  isFolderName(name) && parseFolderName(folder) !== undefined && parseItemName(entry) !== undefined
