// @ts-check
/** What a folder takes on disk, and what it stands on. */
import { lstatSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Bytes allocated for everything below a file or folder, folders included: what `du` says.
 *
 * @param {string} path
 * @returns {number}
 */
export function diskBytes(path) {
  const info = lstatSync(path, { throwIfNoEntry: false })
  // Somebody else's temporary file may go while we look.
  if (info === undefined) return 0
  const below = info.isDirectory() ? readdirSync(path).map((name) => diskBytes(join(path, name))) : []
  return below.reduce((sum, bytes) => sum + bytes, info.blocks * 512)
}

/**
 * Bytes in the files below a folder, whatever blocks they take.
 *
 * @param {string} path
 * @returns {number}
 */
export function fileBytes(path) {
  const info = lstatSync(path)
  if (!info.isDirectory()) return info.size
  return readdirSync(path).reduce((sum, name) => sum + fileBytes(join(path, name)), 0)
}

/** @param {string} path */
export function fileSystem(path) {
  const type = statfsSync(path).type
  return KINDS[type] ?? `file system 0x${type.toString(16)}`
}

/** Magic numbers of statfs(2). @type {Record<number, string>} */
const KINDS = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
  26: 'apfs',
}
