/** Limits of a snapshot. */
import type { FileStat } from './disk/disk.ts'
import { WorkspaceLimitError } from './errors.ts'

export interface SnapshotLimits {
  /** Most bytes of one file; larger files are left out. Default 10 MiB. */
  fileBytes?: number
  /** Most bytes of all files together. Default 512 MiB. */
  bytes?: number
  /** Most files. Default 20,000. */
  files?: number
  /** What happens to a file over `fileBytes`: it is left out and reported (default), or the snapshot fails. */
  largeFiles?: 'leave-out' | 'error'
}

const DEFAULTS: Required<SnapshotLimits> = {
  fileBytes: 10 << 20,
  bytes: 512 << 20,
  files: 20_000,
  largeFiles: 'leave-out',
}

/** Checks limits and adds the defaults. Throws TypeError. */
export function parseLimits(given: SnapshotLimits = {}): Required<SnapshotLimits> {
  const limits = {
    ...DEFAULTS,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
  for (const name of ['fileBytes', 'bytes', 'files'] as const) {
    if (typeof limits[name] !== 'number' || !(limits[name] >= 0))
      throw new TypeError(`'${name}' has to be a number of at least 0`)
  }
  if (limits.largeFiles !== 'leave-out' && limits.largeFiles !== 'error')
    throw new TypeError("'largeFiles' has to be 'leave-out' or 'error'")
  return limits
}

/** Returns a function that counts the files of one snapshot. It throws WorkspaceLimitError at the first file over a limit. */
export function limitCount(limits: Required<SnapshotLimits>): (path: string, stat: FileStat) => void {
  const { fileBytes, bytes, files, largeFiles } = limits
  const found = { files: 0, bytes: 0 }
  return (path, { size }) => {
    if (size > fileBytes) {
      if (largeFiles === 'error') throw new WorkspaceLimitError({ path, limit: 'fileBytes', most: fileBytes })
      return
    }
    if (++found.files > files) throw new WorkspaceLimitError({ path, limit: 'files', most: files })
    found.bytes += size
    if (found.bytes > bytes) throw new WorkspaceLimitError({ path, limit: 'bytes', most: bytes })
  }
}
