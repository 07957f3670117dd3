/** Makes system calls. What fails in an unexpected way is a StorageError that names the path. */
import fs from 'node:fs'
import { storageError } from '../../../storage-error.ts'

/** The value of `action`, or `undefined` when it fails with one of `expected`. */
export function attempt<T>(path: string, expected: readonly string[], action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (expected.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw storageError(path, error)
  }
}

/** The value of `action`, which is expected to succeed. */
export const check = <T>(path: string, action: () => T): T => attempt(path, [], action) as T

/** The result of an asynchronous call of `node:fs`. */
export function called<T = void>(
  path: string,
  start: (done: (error: Error | null, value?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(storageError(path, error)) : resolve(value as T)))
  })
}

/** After reads or a sync, errors of close(2) mean nothing: the descriptor is closed whatever it returns. */
export function closeRead(fd: number): void {
  try {
    fs.closeSync(fd)
  } catch {
    // As above.
  }
}
