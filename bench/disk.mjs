// @ts-check
/** What a folder takes on disk, and what it stands on. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statfsSync } from 'node:fs'
import { basename, join } from 'node:path'

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

/** With the mode of its journal, where that can be told and makes a difference. @param {string} path */
export function fileSystem(path) {
  const type = statfsSync(path).type
  const kind = KINDS[type] ?? `file system 0x${type.toString(16)}`
  return kind === 'ext4' ? `ext4 ${journalOf(path)}` : kind
}

/** Of an ext4: jbd2 shows each journal by its device, as `sda1-8`. @param {string} path */
function journalOf(path) {
  try {
    const dev = BigInt(lstatSync(path).dev)
    const [major, minor] = [(dev >> 8n) & 0xfffn, (dev & 0xffn) | ((dev >> 12n) & 0xfff00n)]
    const device = basename(readlinkSync(`/sys/dev/block/${major}:${minor}`))
    const journals = existsSync('/proc/fs/jbd2') ? readdirSync('/proc/fs/jbd2') : []
    if (!journals.some((name) => name.startsWith(`${device}-`))) return 'without a journal'
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const mount = mounts.find((line) => line.split(' ')[2] === `${major}:${minor}`) ?? ''
    return `with a journal (data=${/\bdata=(\w+)/.exec(mount)?.[1] ?? 'ordered'})`
  } catch {
    return '(its journal is not known)'
  }
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
