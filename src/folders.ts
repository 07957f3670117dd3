/** Folders, made with all above them: the one place that does so. */
import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StorageError } from './errors.ts'
import { storageError } from './storage-error.ts'

/**
 * Makes a folder with all folders above it that are missing. Returns the topmost one that it made, `undefined` when
 * the folder was there. Throws StorageError.
 *
 * Node's own recursive mkdir tries for ever where a folder exists and takes no other, as `/proc` does: it says ENOENT
 * for what is below it. This one goes up and down once.
 */
export function makeFolders(path: string): string | undefined {
  const missing: string[] = []
  let topmost: string | undefined
  const make = (folder: string): boolean => {
    if (isFolder(folder)) return true
    const made = makeOne(folder)
    if (made === 'missing') return false
    if (made === 'exists') return true
    topmost ??= folder
    return true
  }
  for (let at = resolve(path); !make(at); at = dirname(at)) {
    if (dirname(at) === at) throw nowhere(at)
    missing.push(at)
  }
  for (const folder of missing.reverse()) if (!make(folder)) throw nowhere(folder)
  return topmost
}

/** `exists`: somebody else was faster; `missing`: the folder above is. */
function makeOne(folder: string): 'made' | 'exists' | 'missing' {
  try {
    fs.mkdirSync(folder)
    return 'made'
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code
    if (errno === 'ENOENT') return 'missing'
    if (errno === 'EEXIST' && isFolder(folder)) return 'exists'
    throw storageError(folder, error)
  }
}

const nowhere = (folder: string): StorageError =>
  new StorageError(
    `'${folder}' cannot be created: '${dirname(folder)}' does not exist, or does not allow new folders. Choose another place.`,
    { file: folder, errno: 'ENOENT' },
  )

/** What a link leads to counts: whoever names the folder may have it behind one. */
function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    // Making it says what is wrong.
    return false
  }
}
