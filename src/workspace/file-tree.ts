/** The files of a workspace, as in a git tree. */
import { CorruptError } from '../errors.ts'
import { entriesOf, type TreeMode } from '../git/objects/tree.ts'
import type { TreeStore } from '../git/objects/tree-edit.ts'
import type { ObjectId } from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'

/** The mode of a plain file, an executable file, or a link, whose blob is its target. */
export type FileMode = Exclude<TreeMode, '40000' | '160000'>

export interface TreeFile {
  mode: FileMode
  id: ObjectId
}

/** Files by path, with `/`, in git's order. */
export type FileTree = ReadonlyMap<string, TreeFile>

export const NO_FILES: FileTree = new Map()

/** More than any snapshot has: a few hundred bytes can stand for almost endless trees. */
const MOST_FILES = 1_000_000
const MOST_FOLDERS = 4_000_000
const DEEPEST = 500

/** Reads all files below a tree, without submodules. Throws CorruptError if the tree has more than any snapshot. */
export async function readFileTree(
  objects: Pick<TreeStore, 'cachedTree' | 'readTree'>,
  root: ObjectId,
): Promise<FileTree> {
  const files = new Map<string, TreeFile>()
  const slice = new TimeSlice()
  let folders = 0
  const read = async (id: ObjectId, prefix: string, depth: number): Promise<void> => {
    if (++folders > MOST_FOLDERS || files.size > MOST_FILES || depth > DEEPEST)
      throw new CorruptError(`The tree ${root} expands to more files than any snapshot has.`, {
        object: root,
      })
    const tree = objects.cachedTree(id) ?? (await objects.readTree(id))
    if (slice.isOver()) await slice.next()
    for (const { name, mode, id: of } of entriesOf(tree)) {
      if (mode === '40000') await read(of, `${prefix}${name}/`, depth + 1)
      else if (mode !== '160000') files.set(prefix + name, { mode, id: of })
    }
  }
  await read(root, '', 0)
  return files
}

const isSameFile = (a: TreeFile | undefined, b: TreeFile | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.id === b.id && a.mode === b.mode)

/** A file before and after. */
export interface FileChange {
  was: TreeFile | undefined
  is: TreeFile | undefined
}

/** Returns the paths that differ. */
export async function filesChanged(before: FileTree, after: FileTree): Promise<Map<string, FileChange>> {
  const changed = new Map<string, FileChange>()
  const slice = new TimeSlice()
  let gone = before.size
  for (const [path, is] of after) {
    if (slice.isOver()) await slice.next()
    const was = before.get(path)
    if (was !== undefined) gone--
    if (!isSameFile(was, is)) changed.set(path, { was, is })
  }
  if (gone === 0) return changed
  for (const [path, was] of before) {
    if (slice.isOver()) await slice.next()
    if (!after.has(path)) changed.set(path, { was, is: undefined })
  }
  return changed
}
