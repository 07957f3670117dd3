/** Plans what a restore changes in a folder, before anything is changed. */
import { InvalidIdError } from '../errors.ts'
import type { FileTree, TreeFile } from './file-tree.ts'
import type { TakenFiles } from './snapshot.ts'

/** Why a file stays unchanged. */
export type KeptReason =
  /** No snapshot contains the existing file, for example because it is ignored. */
  | 'not in a snapshot'
  /** The restored snapshot left this file out, so it does not say whether the file existed. */
  | 'left out then'
  /** The file was written after the snapshot of the current files was made. */
  | 'changed meanwhile'
  /** A folder, a link or a special file is in the place of the file or of a folder above it. */
  | 'in the way'
  /** This disk does not distinguish its name from that of another file. */
  | 'same name'

export interface KeptFile {
  path: string
  why: KeptReason
}

export interface RestorePlan {
  /** Files that do not exist now, and will be written. */
  written: string[]
  /** Files whose content, mode or kind changes. */
  changed: string[]
  deleted: string[]
  /** Files that stay, although the snapshot has a different file or none. */
  kept: KeptFile[]
}

export type Step =
  | { kind: 'delete'; path: string; was: TreeFile }
  | { kind: 'write'; path: string; was: TreeFile | undefined; file: TreeFile }

/**
 * Returns the steps that change the files to those of the snapshot: first deletions, the deepest paths first, so that a
 * folder can replace a file.
 *
 * @param wasLeftOut returns whether the snapshot left out a path
 */
export async function stepsTo(
  target: FileTree,
  now: TakenFiles,
  isAsked: (path: string) => boolean,
  wasLeftOut: (path: string) => Promise<boolean>,
): Promise<{ steps: Step[]; kept: KeptFile[] }> {
  const deletes: Step[] = []
  const writes: Step[] = []
  const kept: KeptFile[] = []
  for (const [path, was] of now.files) {
    if (target.has(path) || !isAsked(path)) continue
    if (await wasLeftOut(path)) kept.push({ path, why: 'left out then' })
    else deletes.push({ kind: 'delete', path, was })
  }
  for (const [path, file] of target) {
    if (!isAsked(path)) continue
    const was = now.files.get(path)
    if (was?.id === file.id && was.mode === file.mode) continue
    writes.push({ kind: 'write', path, was, file })
  }
  const byPath = (a: Step, b: Step) => (a.path < b.path ? -1 : 1)
  return { steps: [...deletes.sort(byPath).reverse(), ...writes.sort(byPath)], kept }
}

/**
 * Returns a function that tells whether a path is one of these, or below one; always true if none are given. Throws
 * InvalidIdError.
 */
export function askedFor(paths: readonly string[] | undefined): (path: string) => boolean {
  if (paths === undefined) return () => true
  const wanted = paths.map(cleanPath)
  if (wanted.includes('')) return () => true
  return (path) => wanted.some((one) => path === one || path.startsWith(`${one}/`))
}

/** Returns a path in the workspace as trees write it. */
function cleanPath(given: string): string {
  const parts = given.split('/').filter((part) => part !== '' && part !== '.')
  if (given.startsWith('/') || parts.includes('..') || given.includes('\0'))
    throw new InvalidIdError('file', given, 'it has to be a path inside the workspace')
  return parts.join('/')
}
