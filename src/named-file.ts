/** Files that the caller names, read and written whole; what goes wrong is told about the file, not about a store. */
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AlreadyExistsError, NotFoundError, StorageError } from './errors.ts'

/** Returns the text. Throws NotFoundError if there is no such file, StorageError if it cannot be read. */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause)))
      throw new NotFoundError({ kind: 'file', id: path }, `There is no file '${path}'.`)
    throw cannot(path, 'read', cause)
  }
}

/**
 * Writes the file. If that fails, nothing is left of a file that was not there before.
 *
 * @throws AlreadyExistsError if the file exists and `overwrite` is not set; StorageError if it cannot be written
 */
export async function writeNamedFile(
  path: string,
  content: string | Uint8Array,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<void> {
  try {
    await writeFile(path, content, { flag: overwrite ? 'w' : 'wx' })
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') throw alreadyThere(path)
    if (!overwrite) await rm(path, { force: true }).catch(() => undefined)
    throw cannot(path, 'written', cause)
  }
}

export const alreadyThere = (path: string): AlreadyExistsError =>
  new AlreadyExistsError(
    { kind: 'file', id: path },
    `'${path}' already exists. Choose another name, or overwrite it.`,
  )

/** The error for a file that cannot be `read` or `written`. */
export function cannot(path: string, what: 'read' | 'written', cause: unknown): StorageError {
  const errno = errnoOf(cause)
  const reasons: Record<string, string> = {
    ENOENT: `there is no folder '${dirname(path)}'`,
    ENOTDIR: `'${dirname(path)}' is not a folder`,
    EISDIR: 'it is a folder',
    EACCES: 'you may not do that',
    EPERM: 'you may not do that',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EROFS: 'the file system is read-only',
  }
  const reason = reasons[errno] ?? (cause instanceof Error ? cause.message : String(cause))
  return new StorageError(`'${path}' cannot be ${what}: ${reason}.`, { file: path, errno }, { cause })
}

const errnoOf = (cause: unknown): string => (cause as NodeJS.ErrnoException).code ?? ''
