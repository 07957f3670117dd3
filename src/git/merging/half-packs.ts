/**
 * Packs without an index, which git ignores and counts as garbage. A process that is killed while it places or removes
 * a pack leaves one, since both take two steps.
 */
import { join } from 'node:path'
import type { FileSystem } from '../disk/file-system.ts'
import { readFully } from '../disk/read-fully.ts'
import type { Placement } from '../packs/placement.ts'
import { CHECKSUM_BYTES } from '../packs/writer.ts'
import { retiredLists } from './retired.ts'

/**
 * Removes those that were being removed (a list says that another pack holds all their objects), and those that the
 * dead `owner` was placing (the index is still among its temporaries). Others may be about to get their index.
 */
export function removeHalfPacks(placement: Placement, owner: string): void {
  const { fs, paths } = placement.folder
  const names = new Set(fs.readDir(paths.packs))
  const halves = [...names].flatMap((file) => {
    const name = /^pack-([0-9a-f]{40})\.pack$/.exec(file)?.[1]
    const isHalf = name !== undefined && !names.has(`pack-${name}.idx`) && !names.has(`pack-${name}.keep`)
    return isHalf ? [name] : []
  })
  if (halves.length === 0) return
  const retired = new Set([...retiredLists(fs, paths.retired)].flatMap(({ packs }) => packs))
  const indexed = new Set(
    fs.readDir(paths.temporaries).flatMap((file) => {
      if (!file.startsWith(`${owner}-`)) return []
      // An index ends in the checksum of its pack and its own (gitformat-pack(5)).
      return bytesFromEnd(fs, join(paths.temporaries, file), 2 * CHECKSUM_BYTES) ?? []
    }),
  )
  for (const name of halves) {
    const checksum = bytesFromEnd(fs, placement.file(name, 'pack'), CHECKSUM_BYTES)
    if (retired.has(name) || (checksum !== undefined && indexed.has(checksum))) placement.remove(name)
  }
}

/** As many bytes as a checksum has, in hex. */
function bytesFromEnd(fs: FileSystem, path: string, distance: number): string | undefined {
  if (fs.stat(path)?.kind !== 'file') return undefined
  const file = fs.open(path, 'r')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(CHECKSUM_BYTES)
    const at = file.size() - distance
    return at < 0 ? undefined : bytes.toString('hex', 0, readFully(file, bytes, at))
  } finally {
    file.close()
  }
}
