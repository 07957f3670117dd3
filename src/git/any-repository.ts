/** What sessions need from a repository, whether it is on a disk or only on a server. */

import type { RefName } from '../ids.ts'
import type { Config } from './config/parser.ts'
import type { KeptCopies } from './database/kept-copies.ts'
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
  /** Whether it has a remote, as far as is known without reading its configuration. */
  readonly hasRemote: boolean
  config(): Config
  /** Copies of data that is derived from its objects. */
  copies(mark: () => string): KeptCopies
  /** As `Repository.open`. */
  open(): Promise<boolean>
  /** As `Repository.recover`. */
  recover(): Promise<void>
  /** As `Repository.change`. */
  change<T>(change: Change<T>, head?: RefName): Promise<T>
}

export type RefReader = Pick<Refs, 'read' | 'readValue' | 'list' | 'entries' | 'folders' | 'looseNames'>
