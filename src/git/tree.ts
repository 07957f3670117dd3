/**
 * Trees: `mode name\0` and 20 bytes of id for each entry, in git's order, in which a folder counts as if its
 * name ended in `/` (gitformat-pack(5); what is refused follows `git fsck --strict`).
 *
 * A parsed tree stays what it was on disk, plus the places where its entries start: to change one entry of a
 * folder of 300, no 300 objects are made.
 */
import { isUtf8 } from 'node:buffer'
import { CorruptError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
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
  /** Where entry n starts; one more than there are entries: the last is the end. */
  readonly starts: readonly number[]
}

/** A change to one folder: the entry that `name` has afterwards; `null`: none. */
export interface TreeChange {
  name: string
  entry: { mode: TreeMode; id: ObjectId } | null
}

/** The bytes of a tree with these entries, given in any order. Throws TypeError for a name twice or no name. */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  return changeTree(
    NO_ENTRIES,
    entries.map(({ name, mode, id }) => ({ name, entry: { mode, id } })),
  ).data
}

/** All entries in git's order. Throws CorruptError for what `git fsck --strict` refuses; see `parseTree`. */
export function decodeTree(data: Uint8Array, id?: ObjectId): TreeEntry[] {
  const tree = parseTree(data, id)
  return Array.from({ length: entryCount(tree) }, (_, n) => entryAt(tree, n))
}

/**
 * Checks a tree's bytes and finds its entries. A CorruptError refuses names that are empty, `.`, `..`, `.git`
 * in any disguise (those of HFS+ and NTFS too), that hold a `/` or are not UTF-8; a name twice; a wrong order;
 * an unknown mode. Links, submodules and executable files are for the caller to refuse.
 */
export function parseTree(data: Uint8Array, id?: ObjectId): Tree {
  const bytes = asBuffer(data)
  const starts = [0]
  for (let at = 0, previous = -1; at < bytes.length; ) {
    const name = nameStart(bytes, at)
    if (name < 0) throw brokenTree('an entry with an unknown mode', id)
    const end = nameEnd(bytes, name, id)
    if (end + 1 + ID_BYTES > bytes.length) throw brokenTree('an entry that is cut short', id)
    if (previous >= 0) {
      const before = nameStart(bytes, previous)
      const isFolderBefore = isFolder(bytes, previous)
      const order = compareBytes(
        bytes,
        before,
        at - 1 - ID_BYTES,
        isFolderBefore,
        bytes,
        name,
        end,
        isFolder(bytes, at),
      )
      if (order > 0) throw brokenTree('entries in a wrong order', id)
      if (order === 0) throw brokenTree('a name twice', id)
    }
    previous = at
    at = end + 1 + ID_BYTES
    starts.push(at)
  }
  const tree = { data: bytes, starts }
  checkTwins(tree, id)
  return tree
}

export const entryCount = (tree: Tree): number => tree.starts.length - 1

export function entryAt(tree: Tree, n: number): TreeEntry {
  const at = tree.starts[n]!
  const end = tree.starts[n + 1]!
  const name = nameStart(tree.data, at)
  return {
    name: tree.data.toString('utf8', name, end - 1 - ID_BYTES),
    mode: modeAt(tree.data, at),
    id: tree.data.toString('hex', end - ID_BYTES, end),
  }
}

export const isFolderAt = (tree: Tree, n: number): boolean => isFolder(tree.data, tree.starts[n]!)

/** The entry of that name, file or folder. */
export function findEntry(tree: Tree, name: string): TreeEntry | undefined {
  for (const folder of [false, true]) {
    const wanted = nameOf(name, folder)
    const n = search(tree, wanted)
    if (isEntry(tree, n, wanted)) return entryAt(tree, n)
  }
  return undefined
}

/** The tree after the changes, each of another name. Throws TypeError for a name that no tree may hold. */
export function changeTree(tree: Tree, changes: readonly TreeChange[]): Tree {
  const gone = new Set<number>()
  const added: Added[] = []
  let size = tree.data.length
  for (const { name, entry } of changes) {
    for (const folder of [false, true]) {
      const wanted = nameOf(name, folder)
      const n = search(tree, wanted)
      if (isEntry(tree, n, wanted)) {
        gone.add(n)
        size -= tree.starts[n + 1]! - tree.starts[n]!
      }
      if (entry !== null && (entry.mode === '40000') === folder) {
        if (/[\0/]/.test(name) || !name.isWellFormed())
          throw new TypeError(`${JSON.stringify(name)} cannot be a name`)
        added.push({ before: n, name: wanted, ...entry })
        size += entry.mode.length + wanted.to + 2 + ID_BYTES
      }
    }
  }
  added.sort((a, b) => a.before - b.before || compareNames(a.name, b.name))

  const data = Buffer.allocUnsafe(size)
  let from = 0
  let to = 0
  let next = 0
  for (let n = 0; n <= entryCount(tree); n++) {
    const isAddedTo = added[next]?.before === n
    if (!isAddedTo && !gone.has(n)) continue
    to += tree.data.copy(data, to, from, tree.starts[n]!)
    for (; added[next]?.before === n; next++) to = writeEntry(data, to, added[next]!)
    from = tree.starts[gone.has(n) ? n + 1 : n]!
  }
  tree.data.copy(data, to, from)
  try {
    return parseTree(data)
  } catch (error) {
    throw new TypeError(`These entries make no tree: ${(error as Error).message}`, { cause: error })
  }
}

export const NO_ENTRIES: Tree = { data: Buffer.alloc(0), starts: [0] }

/** The bytes of a name, wherever they stand, and whether a folder has it. */
interface Name {
  bytes: Uint8Array
  from: number
  to: number
  folder: boolean
}

interface Added {
  /** Index of the old entry that it stands before. */
  before: number
  name: Name
  mode: TreeMode
  id: ObjectId
}

const ID_BYTES = 20
const SLASH = 0x2f

function writeEntry(data: Buffer, at: number, { mode, name, id }: Added): number {
  let to = at + data.write(mode, at, 'latin1')
  data[to++] = 0x20
  data.set(name.bytes, to)
  to += name.to
  data[to++] = 0
  if (data.write(id, to, ID_BYTES, 'hex') !== ID_BYTES) throw new TypeError(`'${id}' is no object id`)
  return to + ID_BYTES
}

function nameOf(name: string, folder: boolean): Name {
  const bytes = Buffer.from(name, 'utf8')
  return { bytes, from: 0, to: bytes.length, folder }
}

const nameAt = ({ data, starts }: Tree, n: number): Name => ({
  bytes: data,
  from: nameStart(data, starts[n]!),
  to: starts[n + 1]! - 1 - ID_BYTES,
  folder: isFolder(data, starts[n]!),
})

/** Index of the first entry that does not sort before the name. */
function search(tree: Tree, name: Name): number {
  let low = 0
  let high = entryCount(tree)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareNames(nameAt(tree, middle), name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function isEntry(tree: Tree, n: number, name: Name): boolean {
  if (n >= entryCount(tree)) return false
  const found = nameAt(tree, n)
  return (
    found.folder === name.folder &&
    found.to - found.from === name.to - name.from &&
    compareNames(found, name) === 0
  )
}

const compareNames = (a: Name, b: Name): number =>
  compareBytes(a.bytes, a.from, a.to, a.folder, b.bytes, b.from, b.to, b.folder)

/** Git's `base_name_compare`: a folder's name goes on with a slash. */
function compareBytes(
  a: Uint8Array,
  fromA: number,
  toA: number,
  folderA: boolean,
  b: Uint8Array,
  fromB: number,
  toB: number,
  folderB: boolean,
): number {
  const length = Math.min(toA - fromA, toB - fromB)
  for (let i = 0; i < length; i++) {
    const difference = a[fromA + i]! - b[fromB + i]!
    if (difference !== 0) return difference
  }
  const nextA = fromA + length < toA ? a[fromA + length]! : folderA ? SLASH : 0
  const nextB = fromB + length < toB ? b[fromB + length]! : folderB ? SLASH : 0
  return nextA - nextB
}

/**
 * A file and a folder of one name need not be neighbours: `a`, `a.b`, `a/`. What stands between them starts
 * with that name too, so only a folder whose neighbour does is looked at.
 */
function checkTwins(tree: Tree, id: ObjectId | undefined): void {
  for (let n = 1; n < entryCount(tree); n++) {
    if (!isFolder(tree.data, tree.starts[n]!)) continue
    const folder = nameAt(tree, n)
    const before = nameAt(tree, n - 1)
    const start = { ...before, to: Math.min(before.to, before.from + folder.to - folder.from), folder: true }
    if (compareNames(start, folder) !== 0) continue
    const twin = { ...folder, folder: false }
    if (isEntry(tree, search(tree, twin), twin)) throw brokenTree('a name twice', id)
  }
}

const isFolder = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0x34

/** Where the name of the entry at `at` starts; -1 when its mode is none of git's. */
function nameStart(bytes: Uint8Array, at: number): number {
  let mode = 0
  let end = at
  for (; end < at + 7; end++) {
    const digit = bytes[end]! - 0x30
    if (!(digit >= 0 && digit < 8)) break
    mode = mode * 8 + digit
  }
  if (bytes[end] !== 0x20) return -1
  if (mode === 0o40000) return end === at + 5 ? end + 1 : -1
  const isKnown =
    mode === 0o100644 || mode === 0o100755 || mode === 0o120000 || mode === 0o160000 || mode === OLD_MODE
  return isKnown && end === at + 6 ? end + 1 : -1
}

/** How very old gits wrote 100644. */
const OLD_MODE = 0o100664

function modeAt(bytes: Buffer, at: number): TreeMode {
  if (isFolder(bytes, at)) return '40000'
  const mode = bytes.toString('latin1', at, at + 6)
  return mode === '100664' ? '100644' : (mode as TreeMode)
}

/** Where the name that starts at `from` ends, if a tree may hold such a name. */
function nameEnd(bytes: Buffer, from: number, id: ObjectId | undefined): number {
  let end = from
  let suspicious = false
  for (; end < bytes.length; end++) {
    const byte = bytes[end]!
    if (byte === 0) break
    if (byte === SLASH) throw brokenTree('a name with a slash', id)
    // Every disguise of `.git` starts with a dot, or has `~`, a backslash or something that is not ASCII.
    if (byte >= 0x7e || byte === 0x5c || (byte === 0x2e && end === from)) suspicious = true
  }
  if (end === from) throw brokenTree('an empty name', id)
  if (suspicious) checkName(bytes.subarray(from, end), id)
  return end
}

function checkName(bytes: Buffer, id: ObjectId | undefined): void {
  if (!isUtf8(bytes)) throw brokenTree('a name that is not UTF-8', id)
  const name = bytes.toString('utf8')
  if (name === '.' || name === '..' || isDotGit(name)) throw brokenTree(`the name '${name}'`, id)
}

const brokenTree = (what: string, id: ObjectId | undefined): CorruptError =>
  new CorruptError(
    `Tree ${id ?? ''} has ${what}. It was not written by forkpoint; take the store from a trusted copy.`,
    { object: id },
  )
