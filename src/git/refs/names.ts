/** Names of refs, whether or not they can be read. */

import { join } from 'node:path'
import type { RefFolder, RefName } from '../../ids.ts'
import type { FileSystem } from '../disk/file-system.ts'
import type { Paths } from '../disk/paths.ts'

export interface RefFiles {
  /** Names of loose refs. */
  names: readonly RefName[]
  /** Entries that are neither files nor folders, such as symbolic links. */
  strangers: readonly RefName[]
}

export function refFiles(fs: FileSystem, { root }: Paths): RefFiles {
  const names: RefName[] = []
  const strangers: RefName[] = []
  const walk = (folder: RefFolder): void => {
    for (const [name, kind] of fs.readKinds(join(root, folder))) {
      const path: RefName = `${folder}${name}`
      if ((kind === 'file' || kind === 'folder') && name.endsWith('.lock')) continue
      if (kind === 'folder') walk(`${path}/`)
      else if (kind === 'file') names.push(path)
      else strangers.push(path)
    }
  }
  if (fs.stat(join(root, 'refs'))?.kind === 'folder') walk('refs/')
  return { names, strangers }
}
