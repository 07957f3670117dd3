/** Turns file errors of the operating system into forkpoint's errors. */
import { CorruptError, StorageError } from './errors.ts'

/** Returns forkpoint's error for an error of the operating system about a file. */
export function storageError(path: string, cause: unknown): StorageError | CorruptError {
  const errno = (cause as NodeJS.ErrnoException).code
  const kind = errno === undefined ? undefined : NOT_A_FILE[errno]
  if (kind !== undefined) {
    return new CorruptError(
      `'${path}' should be a plain file, but is ${kind}. Remove it, or take the store from a trusted copy.`,
      { file: path },
      { cause },
    )
  }
  const advice: Record<string, string> = {
    ENOSPC: 'The disk is full: free some space and save again',
    EDQUOT: 'The disk quota is used up: free some space and save again',
    EROFS: 'The file system is read-only',
    EACCES: 'Permission denied: check who owns the folder',
    EPERM: 'Not permitted: check who owns the folder',
    EEXIST: 'A file that is not a folder is in the way',
    ENOTDIR: 'A part of the path is not a folder',
    ENAMETOOLONG: 'The path is too long',
    EMFILE: 'Too many open files: raise the limit or close some stores',
  }
  const reason = advice[errno ?? ''] ?? (cause instanceof Error ? cause.message : String(cause))
  return new StorageError(
    `${reason} ('${path}'). Earlier saves are not affected.`,
    { file: path, errno },
    { cause },
  )
}

const NOT_A_FILE: Readonly<Record<string, string>> = {
  ELOOP: 'a symbolic link',
  EISDIR: 'a folder',
  ESPIPE: 'a pipe',
  ENXIO: 'a pipe or a socket',
}
