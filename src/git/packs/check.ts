/** Checks packs and their indexes against their own checksums. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { CorruptError } from '../../errors.ts'
import type { FileSystem, OpenFile } from '../disk/file-system.ts'
import type { Paths } from '../disk/paths.ts'
import { CHECKSUM_BYTES } from './writer.ts'

/** Names (40 hex digits, or what git chose) of packs that have an index. */
export function packsToCheck(fs: FileSystem, { packs }: Paths): string[] {
  return fs.readDir(packs).flatMap((name) => /^pack-(.+)\.idx$/.exec(name)?.[1] ?? [])
}

/**
 * Reads a whole pack and its index in pieces. Throws CorruptError, which names the file. A pack that vanished, because
 * somebody repacked, is not an error.
 */
export async function checkPack(fs: FileSystem, { packs }: Paths, name: string): Promise<void> {
  const [pack, index] = ['pack', 'idx'].map((ending) => join(packs, `pack-${name}.${ending}`)) as [
    string,
    string,
  ]
  const ofPack = await checksums(fs, pack)
  const ofIndex = await checksums(fs, index)
  if (ofIndex === undefined) return
  if (ofPack === undefined) {
    // A pack's index is always removed before the pack.
    if (fs.stat(index) === undefined) return
    throw new CorruptError(
      `'${index}' has no pack. If the pack is lost, restore it from a copy of the store. Otherwise remove the index.`,
      { file: index },
    )
  }
  for (const [file, { actual, claimed }] of [
    [pack, ofPack],
    [index, ofIndex],
  ] as const) {
    if (actual.equals(claimed)) continue
    throw new CorruptError(
      `'${file}' is damaged: its content does not match its checksum. Restore it from a copy of the store${file === index ? `, or create it again with 'git index-pack'` : ''}.`,
      { file },
    )
  }
}

/** The checksum of the file's bytes, and the one at its end; `undefined` when the file is gone. */
async function checksums(
  fs: FileSystem,
  path: string,
): Promise<{ actual: Buffer; claimed: Buffer } | undefined> {
  const kind = fs.stat(path)?.kind
  if (kind === undefined) return undefined
  const file = kind === 'file' ? fs.open(path, 'r') : undefined
  if (file === undefined) {
    throw new CorruptError(`'${path}' is not a plain file. Take the store from a trusted copy.`, {
      file: path,
    })
  }
  try {
    return await read(file)
  } finally {
    file.close()
  }
}

async function read(file: OpenFile): Promise<{ actual: Buffer; claimed: Buffer }> {
  const sha = createHash('sha1')
  const end = Math.max(0, file.size() - CHECKSUM_BYTES)
  const piece = Buffer.allocUnsafe(PIECE)
  for (let at = 0; at < end; ) {
    const length = await file.readAsync(piece.subarray(0, Math.min(PIECE, end - at)), at)
    if (length === 0) break
    sha.update(piece.subarray(0, length))
    at += length
  }
  const claimed = Buffer.alloc(CHECKSUM_BYTES)
  await file.readAsync(claimed, end)
  return { actual: sha.digest(), claimed }
}

const PIECE = 512 * 1024
