/** What sessions need of a repository, whether it is on a disk or on a server alone. */

import type { RefName } from '../ids.ts'
import type { ObjectStore } from './database/object-store.ts'
import type { FileSystem } from './disk/file-system.ts'
import type { Paths } from './disk/paths.ts'
import type { Change } from './refs/change.ts'
import type { Refs } from './refs/refs.ts'

export interface AnyRepository {
  readonly fs: Pick<FileSystem, 'readFile'>
  readonly paths: Pick<Paths, 'own'>
  readonly objects: ObjectStore
  readonly refs: RefReader
  /** As `Repository.open`. */
  open(): Promise<boolean>
  /** As `Repository.recover`. */
  recover(): Promise<void>
  /** As `Repository.change`. */
  change<T>(change: Change<T>, head?: RefName): Promise<T>
}

export type RefReader = Pick<Refs, 'read' | 'readValue' | 'list' | 'entries' | 'looseNames'>
