/**
 * Trees: `mode name\0` and 20 bytes of id for each entry, in git's order, in which a folder counts as if its name ended
 * in `/` (gitformat-pack(5); what is refused follows `git fsck --strict`).
 *
 * A parsed tree keeps its bytes and the positions of its entries: changing one entry of a folder of 300 does not make
 * 300 objects.
 */
import { isUtf8 } from 'node:buffer'
import { CorruptError } from '../../errors.ts'
import { type ObjectId, trustedId } from '../../ids.ts'
import { atOnce, inSlices, type TimeSlice } from '../../time-slice.ts'
import { asBuffer } from './object.ts'
import { isDotGit } from './tree-name.ts'

/** File, executable file, folder, symbolic link, commit of a submodule. */
export type TreeMode = '100644' | '100755' | '40000' | '120000' | '160000'

export interface TreeEntry {
  name: string
  mode: TreeMode
  id: ObjectId
}

/** The bytes of a tree, checked. */
export interface Tree {
  readonly data: Buffer
  /** Start of each entry, and the end of the last one. */
  readonly starts: readonly number[]
  /** The bytes of each name, one per character, with a slash after a folder's: their order is git's. */
  readonly keys: readonly string[]
}

/** A change to one folder: the entry of that name afterwards; `null` removes it. */
export interface TreeChange {
  name: string
  entry: { mode: TreeMode; id: ObjectId } | null
}

export const NO_ENTRIES: Tree = { data: Buffer.alloc(0), starts: [0], keys: [] }

/**
 * Checks a tree's bytes and finds its entries. A CorruptError refuses names that are empty, `.`, `..`, `.git`
 * in any disguise (those of HFS+ and NTFS too), that hold a `/` or are not UTF-8; a name twice; a wrong order;
 * an unknown mode. Links, submodules and executable files are for the caller to refuse.
 */
export function parseTree(data: Uint8Array, id?: ObjectId): Tree {
  const bytes = asBuffer(data)
  // One character per byte, because searching and comparing text is native code, and a loop over bytes is not.
  const text = bytes.toString('latin1')
  const starts = [0]
  const keys: string[] = []
  let previous = ''
  for (let at = 0; at < text.length; ) {
    const isFolder = text.startsWith(FOLDER, at)
    const from = at + (isFolder ? FOLDER.length : FILE.length)
    if (!isFolder && !text.startsWith(FILE, at) && !OTHER_MODES.includes(text.slice(at, from))) {
      throw brokenTree('an entry with an unknown mode', id)
    }
    const end = text.indexOf('\0', from)
    if (end < 0 || end + 1 + ID_BYTES > text.length) throw brokenTree('an entry that is cut short', id)
    const name = text.slice(from, end)
    if (UNUSUAL.test(name)) checkName(bytes.subarray(from, end), id)
    const key = isFolder ? `${name}/` : name
    if (key <= previous) throw brokenTree(key === previous ? 'a name twice' : 'entries in a wrong order', id)
    // `a` and `a/` need not be neighbours, but all between them starts with `a` too.
    if (isFolder && previous.startsWith(name) && isKey(keys, search(keys, name), name)) {
      throw brokenTree('a name twice', id)
    }
    keys.push(key)
    previous = key
    at = end + 1 + ID_BYTES
    starts.push(at)
  }
  return { data: bytes, starts, keys }
}

export const entryCount = (tree: Tree): number => tree.keys.length

export const entryAt = (tree: Tree, n: number): TreeEntry => ({
  name: nameOf(tree.keys[n]!),
  mode: modeAt(tree, n),
  id: trustedId(tree.data.toString('hex', tree.starts[n + 1]! - ID_BYTES, tree.starts[n + 1]!)),
})

/** All entries in git's order. */
export function entriesOf(tree: Tree): TreeEntry[] {
  const hex = tree.data.toString('hex')
  return tree.keys.map((key, n) => {
    const end = tree.starts[n + 1]! * 2
    return { name: nameOf(key), mode: modeAt(tree, n), id: trustedId(hex.slice(end - 2 * ID_BYTES, end)) }
  })
}

/** The entry of that name, file or folder. */
export function findEntry(tree: Tree, name: string): TreeEntry | undefined {
  const file = keyOf(name)
  for (const key of [file, `${file}/`]) {
    const n = search(tree.keys, key)
    if (isKey(tree.keys, n, key)) return entryAt(tree, n)
  }
  return undefined
}

/** Entries whose names begin like this, in git's order. `prefix` is plain ASCII. */
export function entriesWith(tree: Tree, prefix: string): TreeEntry[] {
  const found: TreeEntry[] = []
  for (let n = search(tree.keys, prefix); tree.keys[n]?.startsWith(prefix) === true; n++)
    found.push(entryAt(tree, n))
  return found
}

/** Entries that were added, changed or removed, in git's order; a file and a folder of one name count as two. */
export function entriesChanged(
  before: Tree,
  after: Tree,
): { was: TreeEntry | undefined; is: TreeEntry | undefined }[] {
  const found: { was: TreeEntry | undefined; is: TreeEntry | undefined }[] = []
  let a = sharedEntries(before, after)
  let b = a
  while (a < before.keys.length || b < after.keys.length) {
    const [old, now] = [before.keys[a], after.keys[b]]
    const isOld = now === undefined || (old !== undefined && old <= now)
    const isNow = old === undefined || (now !== undefined && now <= old)
    if (!(isOld && isNow && isSameEntry(before, a, after, b))) {
      found.push({ was: isOld ? entryAt(before, a) : undefined, is: isNow ? entryAt(after, b) : undefined })
    }
    if (isOld) a++
    if (isNow) b++
  }
  return found
}

/** The tree after the changes, each of another name. Throws TypeError for a name that no tree may hold. */
export const changeTree = (tree: Tree, changes: readonly TreeChange[]): Tree =>
  atOnce(changeSteps(tree, changes))

/** Like `changeTree`, also for a folder of thousands of files. */
export const changeTreeInSlices = (
  tree: Tree,
  changes: readonly TreeChange[],
  slice: TimeSlice,
): Tree | Promise<Tree> =>
  changes.length <= SOME ? changeTree(tree, changes) : inSlices(changeSteps(tree, changes), slice)

/** Changes between two pauses. */
const SOME = 256

/** Pauses where a caller may let others run. */
function* changeSteps(tree: Tree, changes: readonly TreeChange[]): Generator<void, Tree> {
  const names = new Set<string>()
  const gone = new Set<number>()
  const added: Added[] = []
  let size = tree.data.length
  for (const [n, { name, entry }] of changes.entries()) {
    if (n % SOME === SOME - 1) yield
    if (name === '' || /[\0/]/.test(name) || !name.isWellFormed()) {
      throw new TypeError(`${JSON.stringify(name)} cannot be the name of a file`)
    }
    if (names.has(name)) throw new TypeError(`${JSON.stringify(name)} is changed twice`)
    names.add(name)
    const file = keyOf(name)
    if (entry !== null) checkNewName(file)
    for (const key of [file, `${file}/`]) {
      const n = search(tree.keys, key)
      if (isKey(tree.keys, n, key)) {
        gone.add(n)
        size -= tree.starts[n + 1]! - tree.starts[n]!
      }
      if (entry !== null && (entry.mode === '40000') === (key !== file)) {
        added.push({ before: n, key, text: `${entry.mode} ${file}\0`, id: entry.id })
        size += entry.mode.length + file.length + 2 + ID_BYTES
      }
    }
  }
  yield
  added.sort((a, b) => a.before - b.before || (a.key < b.key ? -1 : 1))
  yield

  const data = Buffer.allocUnsafe(size)
  // The old entries are valid and in order, so they are copied without parsing them again.
  const starts: number[] = []
  const keys: string[] = []
  let from = 0
  let to = 0
  let next = 0
  const keep = (end: number): void => {
    const shift = to - tree.starts[from]!
    for (let n = from; n < end; n++) {
      starts.push(tree.starts[n]! + shift)
      keys.push(tree.keys[n]!)
    }
    to += tree.data.copy(data, to, tree.starts[from]!, tree.starts[end]!)
    from = end
  }
  const places = new Set([...gone, ...added.map(({ before }) => before)])
  for (const at of [...places].sort((a, b) => a - b)) {
    keep(at)
    for (; added[next]?.before === at; next++) {
      const one = added[next]!
      starts.push(to)
      keys.push(one.key)
      to = writeEntry(data, to, one)
      if (next % SOME === SOME - 1) yield
    }
    if (gone.has(at)) from = at + 1
  }
  keep(tree.keys.length)
  starts.push(to)
  return { data, starts, keys }
}

interface Added {
  /** Index of the old entry that it is placed before. */
  before: number
  key: string
  /** Mode and name as they are written, one byte a character. */
  text: string
  id: ObjectId
}

const ID_BYTES = 20
const FOLDER = '40000 '
const FILE = '100644 '
// Very old versions of git wrote 100644 as the last one.
const OTHER_MODES = ['100755 ', '120000 ', '160000 ', '100664 ']
/** Every name that a tree may not have is empty, starts with a dot, or contains one of these. */
const UNUSUAL = /^$|^\.|[/\\~\x80-\xff]/
const NOT_ASCII = /[^\0-\x7f]/

function writeEntry(data: Buffer, at: number, { text, id }: Added): number {
  const to = at + data.write(text, at, 'latin1')
  if (data.write(id, to, ID_BYTES, 'hex') !== ID_BYTES) throw new TypeError(`'${id}' is not an object id`)
  return to + ID_BYTES
}

function checkNewName(key: string): void {
  if (!UNUSUAL.test(key)) return
  try {
    checkName(Buffer.from(key, 'latin1'), undefined)
  } catch (error) {
    throw new TypeError(`These entries are not a valid tree: ${(error as Error).message}`, { cause: error })
  }
}

const keyOf = (name: string): string =>
  NOT_ASCII.test(name) ? Buffer.from(name, 'utf8').toString('latin1') : name

function nameOf(key: string): string {
  const name = key.endsWith('/') ? key.slice(0, -1) : key
  return NOT_ASCII.test(name) ? Buffer.from(name, 'latin1').toString('utf8') : name
}

function modeAt({ data, starts, keys }: Tree, n: number): TreeMode {
  if (keys[n]!.endsWith('/')) return '40000'
  const at = starts[n]!
  // A fast check, since trees have thousands of files: the mode is 1006.. unless the second or the fourth digit
  // differs.
  if (data[at + 1] === 0x30 && data[at + 4] !== 0x35) return '100644'
  return data.toString('latin1', at, at + 6) as TreeMode
}

/** Index of the first key that is not smaller. */
function search(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The number of equal entries at the start of two trees. */
function sharedEntries(a: Tree, b: Tree): number {
  let [low, high] = [0, Math.min(a.keys.length, b.keys.length)]
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const end = a.starts[middle]!
    if (end === b.starts[middle] && a.data.compare(b.data, a.starts[low]!, end, a.starts[low]!, end) === 0)
      low = middle
    else high = middle - 1
  }
  return low
}

const isSameEntry = (a: Tree, n: number, b: Tree, m: number): boolean =>
  a.data.compare(b.data, b.starts[m]!, b.starts[m + 1]!, a.starts[n]!, a.starts[n + 1]!) === 0

const isKey = (keys: readonly string[], n: number, key: string): boolean => n < keys.length && keys[n] === key

function checkName(bytes: Buffer, id: ObjectId | undefined): void {
  if (bytes.length === 0) throw brokenTree('an empty name', id)
  if (bytes.includes('/')) throw brokenTree('a name with a slash', id)
  if (!isUtf8(bytes)) throw brokenTree('a name that is not UTF-8', id)
  const name = bytes.toString('utf8')
  if (name === '.' || name === '..' || isDotGit(name)) throw brokenTree(`the name '${name}'`, id)
}

const brokenTree = (what: string, id: ObjectId | undefined): CorruptError =>
  new CorruptError(
    `Tree ${id ?? ''} has ${what}. It was not written by forkpoint; take the store from a trusted copy.`,
    { object: id },
  )
