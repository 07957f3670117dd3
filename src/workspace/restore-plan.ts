/** What going back to a snapshot changes in a folder, known before anything is touched. */
import { InvalidIdError } from '../errors.ts'
import type { FileTree, TreeFile } from './file-tree.ts'
import type { TakenFiles } from './snapshot.ts'

/** Why a file stays as it is. */
export type KeptReason =
  /** No snapshot holds what is there, such as an ignored file. */
  | 'not in a snapshot'
  /** The snapshot that is restored left such a file out, so it says nothing of it. */
  | 'left out then'
  /** It was written after the snapshot of what is there was made. */
  | 'changed meanwhile'
  /** A folder, a link or a special file is where the file or a folder above it should be. */
  | 'in the way'
  /** This disk takes its name and that of another file for one. */
  | 'same name'

export interface KeptFile {
  path: string
  why: KeptReason
}

export interface RestorePlan {
  /** Files that are not there, and will be. */
  written: string[]
  /** Files whose content, mode or kind becomes another. */
  changed: string[]
  deleted: string[]
  /** Files that stay, although the snapshot has another file there, or none. */
  kept: KeptFile[]
}

export type Step =
  | { kind: 'delete'; path: string; was: TreeFile }
  | { kind: 'write'; path: string; was: TreeFile | undefined; file: TreeFile }

/**
 * Steps that turn the files into those of the snapshot: deletions first, deepest first, so that a folder can take the place
 * of a file.
 *
 * @param wasLeftOut whether the snapshot left out what was at a path
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

/** Whether a path is one of these, or below one. All are when none is named. Throws InvalidIdError. */
export function askedFor(paths: readonly string[] | undefined): (path: string) => boolean {
  if (paths === undefined) return () => true
  const wanted = paths.map(cleanPath)
  if (wanted.includes('')) return () => true
  return (path) => wanted.some((one) => path === one || path.startsWith(`${one}/`))
}

/** A path in the workspace, as trees have it. */
function cleanPath(given: string): string {
  const parts = given.split('/').filter((part) => part !== '' && part !== '.')
  if (given.startsWith('/') || parts.includes('..') || given.includes('\0'))
    throw new InvalidIdError('file', given, 'it has to be a path inside the workspace')
  return parts.join('/')
}
