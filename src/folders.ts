/** Makes folders with all their missing parents; nothing else does. */
import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StorageError } from './errors.ts'
import { storageError } from './storage-error.ts'

/**
 * Makes a folder and its missing parents. Returns the topmost folder that it made; `undefined` if the folder existed.
 * Throws StorageError.
 *
 * Node's recursive mkdir loops forever in a folder such as `/proc`, which exists but answers ENOENT when a folder is
 * made in it. This function goes up and down the path once.
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

/** `exists`: someone else made it first; `missing`: the parent folder is missing. */
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

/** Links are followed, since a folder may be given by a link. */
function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    // Making the folder will throw the error.
    return false
  }
}
