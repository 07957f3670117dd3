/** Everything that a folder holds, inflated where it is compressed. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { constants, inflateSync } from 'node:zlib'

/** What a store's folder holds: the names of all files, their bytes and what these say inflated, and all objects. */
export function everythingIn(folder: string): { name: string; bytes: Buffer }[] {
  const objects = spawnSync(
    'git',
    ['--git-dir', folder, 'cat-file', '--batch', '--batch-all-objects', '--unordered'],
    { maxBuffer: 1 << 28 },
  )
  return [...filesIn(folder), { name: 'objects', bytes: Buffer.concat([objects.stdout, objects.stderr]) }]
}

/** The same of any folder; none if there is no such folder. */
export function filesIn(folder: string): { name: string; bytes: Buffer }[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const named = { name, bytes: Buffer.from(name) }
    if (!statSync(join(folder, name)).isFile()) return [named]
    const bytes = readFileSync(join(folder, name))
    return [named, { name, bytes }, { name: `${name}, inflated`, bytes: inflatedIn(bytes) }]
  })
}

/** What begins as a zlib stream (RFC 1950) anywhere in the bytes, as far as it goes: objects of packs and of journals. */
function inflatedIn(bytes: Buffer): Buffer {
  const found: Buffer[] = []
  for (let at = bytes.indexOf(DEFLATE); at !== -1; at = bytes.indexOf(DEFLATE, at + 1)) {
    if (bytes.readUInt16BE(Math.min(at, bytes.length - 2)) % 31 !== 0) continue
    try {
      found.push(inflateSync(bytes.subarray(at), { finishFlush: constants.Z_SYNC_FLUSH }))
    } catch {
      // It only looked like one.
    }
  }
  return Buffer.concat(found)
}

/** The first byte of a stream with a window of 32 KB. */
const DEFLATE = 0x78
