/** Remembers data in which earlier scans found no secret, in the user's cache folder: one file per set of rules. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CleanFile } from '../store/scan/clean-file.ts'
import type { Context } from './context.ts'
import { VERSION } from './version.ts'

export interface CleanFiles {
  /** Returns the file for the set of rules with this id. */
  memory: (id: string) => CleanFile
  /** Writes all files. */
  save: () => void
}

export function cleanFiles({ env }: Context): CleanFiles {
  const files: CleanFile[] = []
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return {
    memory: (id) => {
      const file = new CleanFile(join(cache, 'forkpoint', 'clean', `${VERSION}-${id}`))
      files.push(file)
      return file
    },
    save: () => {
      for (const file of files) file.save()
    },
  }
}
