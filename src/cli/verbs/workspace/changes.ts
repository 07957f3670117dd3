/** Shows the changes of a turn to the workspace files. */
import { dim, green, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import type { FileChanges } from '../../../workspace/stored-files.ts'

const MOST = 20

/** Returns one line per file, as in `git status`. */
export function changeLines({ added, changed, deleted }: Omit<FileChanges, 'from' | 'to'>): Line[] {
  const all = [
    ...added.map((path) => line`${green('A')} ${path}`),
    ...changed.map((path) => line`${yellow('M')} ${path}`),
    ...deleted.map((path) => line`${red('D')} ${path}`),
  ]
  const shown = all.slice(0, MOST)
  return all.length > MOST ? [...shown, dim(`and ${all.length - MOST} more files`)] : shown
}
