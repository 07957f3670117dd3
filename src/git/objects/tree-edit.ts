/** Changes files in a tree of folders. Reads and writes only the folders on the paths to them. */
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { BIG_OBJECT, EMPTY_TREE, type NewObject, newObject, newObjectInSlices, objectId } from './object.ts'
import {
  changeTreeInSlices,
  entryCount,
  findEntry,
  NO_ENTRIES,
  type Tree,
  type TreeChange,
  type TreeEntry,
} from './tree.ts'

export interface EditedTree {
  /** Id of the new root. */
  tree: ObjectId
  /** Blobs and trees that the old root does not have at the same path; a tree comes after its content. */
  objects: NewObject[]
}

/** Where `editTree` reads folders from, and puts those that it made. */
export interface TreeStore {
  cachedTree(id: ObjectId): Tree | undefined
  readTree(id: ObjectId): Promise<Tree>
  keepTree(id: ObjectId, tree: Tree): void
}

/** The new state of a file: content, an existing blob with its mode, or `null` for none. */
export type FileEdit = Uint8Array | Pick<TreeEntry, 'mode' | 'id'> | null

/**
 * Sets the content of files, or removes what is at a path (`null`: a file, or a folder with its content). Folders are
 * made and removed with their files; a file may replace a folder and the other way round. Throws TypeError for paths
 * that no tree can hold, CorruptError when the old tree is broken.
 *
 *     await editTree(store, root, new Map([['messages/0000/000000-user.json', data], ['config.json', null]]))
 */
export async function editTree(
  store: TreeStore,
  root: ObjectId | undefined,
  edits: ReadonlyMap<string, FileEdit>,
): Promise<EditedTree> {
  const editor: Editor = { store, objects: [], slice: new TimeSlice() }
  const base = root === undefined ? NO_ENTRIES : await readTree(store, root)
  const tree = await editFolder(editor, base, await planOf(edits, editor.slice))
  const id = tree === base && root !== undefined ? root : keep(editor, tree, root)
  return { tree: id, objects: editor.objects }
}

interface Editor {
  store: TreeStore
  objects: NewObject[]
  slice: TimeSlice
}

/** The edits of one folder and those below it. */
interface Plan {
  files: Map<string, FileEdit>
  folders: Map<string, Plan>
}

async function planOf(edits: ReadonlyMap<string, FileEdit>, slice: TimeSlice): Promise<Plan> {
  const root = emptyPlan()
  for (const [path, data] of edits) {
    if (slice.isOver()) await slice.next()
    const parts = path.split('/')
    const name = parts.pop()!
    let plan = root
    for (const part of parts) {
      let below = plan.folders.get(part)
      if (below === undefined) {
        below = emptyPlan()
        plan.folders.set(part, below)
      }
      plan = below
    }
    plan.files.set(name, data)
  }
  return root
}

const emptyPlan = (): Plan => ({ files: new Map(), folders: new Map() })

/** The folder after the edits; `base` itself when they change nothing. */
async function editFolder(editor: Editor, base: Tree, plan: Plan): Promise<Tree> {
  const changes: TreeChange[] = []
  for (const [name, data] of plan.files) {
    const old = findEntry(base, name)
    if (data === null) {
      if (old !== undefined && !plan.folders.has(name)) changes.push({ name, entry: null })
      continue
    }
    if (!(data instanceof Uint8Array)) {
      if (old?.id !== data.id || old.mode !== data.mode) changes.push({ name, entry: data })
      if (editor.slice.isOver()) await editor.slice.next()
      continue
    }
    const blob = data.length > BIG_OBJECT ? await newObjectInSlices('blob', data) : newObject('blob', data)
    if (old?.id !== blob.id) editor.objects.push(blob)
    if (old?.id !== blob.id || old.mode !== '100644')
      changes.push({ name, entry: { mode: '100644', id: blob.id } })
    if (editor.slice.isOver()) await editor.slice.next()
  }
  for (const [name, below] of plan.folders) {
    const replaced = plan.files.get(name)
    const old = findEntry(base, name)
    const folder =
      old?.mode === '40000' && replaced === undefined ? await readTree(editor.store, old.id) : NO_ENTRIES
    const edited = await editFolder(editor, folder, below)
    if (replaced !== null && replaced !== undefined) {
      if (entryCount(edited) > 0) throw new TypeError(`'${name}' cannot be a file and a folder at once`)
      continue
    }
    if (edited === folder && replaced === undefined) continue
    if (entryCount(edited) > 0) {
      changes.push({ name, entry: { mode: '40000', id: keep(editor, edited, old?.id) } })
    } else if (old !== undefined) changes.push({ name, entry: null })
  }
  return changes.length === 0 ? base : changeTreeInSlices(base, changes, editor.slice)
}

/** The tree's id. The tree counts as new unless it was at the same path before. */
function keep({ store, objects }: Editor, tree: Tree, before?: ObjectId): ObjectId {
  const id = objectId('tree', tree.data)
  if (id === before) return id
  objects.push({ id, type: 'tree', data: tree.data })
  if (id !== EMPTY_TREE) store.keepTree(id, tree)
  return id
}

const readTree = (store: TreeStore, id: ObjectId): Tree | Promise<Tree> =>
  store.cachedTree(id) ?? store.readTree(id)
