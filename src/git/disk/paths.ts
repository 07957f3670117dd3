/** Where things are in a store's folder. */
import { join } from 'node:path'

export interface Paths {
  /** The bare repository. */
  root: string
  objects: string
  packs: string
  /** What is ours alone; git never looks there. */
  own: string
  /** Files on their way to their place; same file system as the rest. */
  temporaries: string
  /** One folder for each store object that saves. */
  journals: string
  /** Which packs are in which merged one, until they are deleted. */
  retired: string
  /** Copies of what is read often. */
  copies: string
  /** Locked by the process that maintains the store. */
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
    maintained: join(own, 'maintain'),
  }
}
