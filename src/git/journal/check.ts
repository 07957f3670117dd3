/** Checks that the files in the folder of journals are journals. */
import { join } from 'node:path'
import { CorruptError } from '../../errors.ts'
import type { FileSystem } from '../disk/file-system.ts'
import type { Paths } from '../disk/paths.ts'
import { isOtherVersion, parseJournal } from './journal.ts'

/** Throws CorruptError, which names the file, if a file in a journal's place is not a journal. */
export function checkJournals(fs: FileSystem, { journals }: Paths): CorruptError[] {
  const found: CorruptError[] = []
  for (const owner of fs.readDir(journals)) {
    const folder = join(journals, owner)
    if (fs.stat(folder)?.kind !== 'folder') {
      found.push(strange(folder, 'is not a folder of journals'))
      continue
    }
    for (const name of fs.readDir(folder)) {
      const file = join(folder, name)
      const stat = fs.stat(file)
      // A living owner has a socket here; a folder may be an unfinished lock.
      if (stat === undefined || stat.kind === 'socket' || stat.kind === 'folder') continue
      if (stat.kind !== 'file') found.push(strange(file, 'is not a plain file'))
      else if (name.endsWith('.journal') && stat.size > 0) {
        const content = fs.readFile(file)
        if (content === undefined || isOtherVersion(content)) continue
        if (parseJournal(content) === undefined) found.push(strange(file, 'has no valid header'))
      }
    }
  }
  return found
}

const strange = (file: string, what: string): CorruptError =>
  new CorruptError(
    `'${file}' ${what}. If no process uses the store any more, move it away; saves of the last half minute before a crash may be in it.`,
    { file },
  )
