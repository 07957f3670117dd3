/** Paths inside a store's folder. */
import { join } from 'node:path'

export interface Paths {
  /** The bare repository. */
  root: string
  objects: string
  packs: string
  /** Only forkpoint uses it; git never looks there. */
  own: string
  /** Temporary files, on the same file system as the rest. */
  temporaries: string
  /** One folder for each owner (a store object that saves). */
  journals: string
  /** Lists of packs that were merged into another one, until they are deleted. */
  retired: string
  /** Copies of decoded data that is read often. */
  copies: string
  /** A lock for each running restore of a workspace. */
  restores: string
  /** Locked by a process that maintains the store. */
  maintained: string
}

export function pathsOf(root: string): Paths {
  const own = join(root, 'forkpoint')
  const objects = join(root, 'objects')
  return {
    root,
    objects,
    packs: join(objects, 'pack'),
    own,
    temporaries: join(own, 'tmp'),
    journals: join(own, 'journals'),
    retired: join(own, 'retired'),
    copies: join(own, 'copies'),
    restores: join(own, 'restores'),
    maintained: join(own, 'maintain'),
  }
}
