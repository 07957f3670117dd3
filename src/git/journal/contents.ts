/** The parts of a repository that journals record changes of: objects, packs and refs. */
import type { ObjectStore } from '../database/object-store.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import type { PackMerger } from '../merging/merger.ts'
import type { Placement } from '../packs/placement.ts'
import type { Refs } from '../refs/refs.ts'

export interface Contents {
  readonly folder: StoreFolder
  readonly objects: ObjectStore
  readonly placement: Placement
  readonly merger: PackMerger
  readonly refs: Refs
}
