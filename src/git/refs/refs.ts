/**
 * Refs: loose files under `refs/`, then `packed-refs`. Reading takes no lock and copes with `git pack-refs`
 * moving refs from one to the other. Writing expects the caller to hold the ref's lock.
 * Source: gitrepository-layout(5), refs/files-backend.c.
 */
import { dirname, join } from 'node:path'
import { CorruptError, ForkpointError } from '../../errors.ts'
import {
  isObjectId,
  isRefName,
  type LockName,
  type ObjectId,
  type RefFolder,
  type RefName,
} from '../../ids.ts'
import type { FileSystem } from '../disk/file-system.ts'
import type { Temporaries } from '../disk/temporaries.ts'
import { RefFiles, type Staged } from './files.ts'
import { PackedRefs } from './packed-refs.ts'

/** What a ref holds: an object id, or the name of another ref. */
export type RefValue = { id: ObjectId } | { symbolic: RefName }

export class Refs {
  readonly root: string
  readonly #fs: FileSystem
  readonly #packed: PackedRefs
  readonly #temporaries: Temporaries
  readonly #files: RefFiles
  readonly #realFolders = new Set<string>()
  /** Refs that had no file of their own when last read: for them a check first is cheaper than a thrown error. */
  readonly #absent = new Set<string>()

  /** `root`: the repository's folder. */
  constructor(fs: FileSystem, root: string, temporaries: Temporaries) {
    this.#fs = fs
    this.root = root
    this.#temporaries = temporaries
    this.#files = new RefFiles(fs, temporaries)
    this.#packed = new PackedRefs(fs, join(root, 'packed-refs'))
  }

  /** The file of a ref, after a check that no symbolic link on its path leads out of the store. */
  path(ref: LockName): string {
    this.#checkFolders(ref)
    return join(this.root, ref)
  }

  get packedPath(): string {
    return this.#packed.path
  }

  /** The object a ref names, through symbolic refs; `undefined` when it does not exist. Throws CorruptError. */
  read(ref: RefName): ObjectId | undefined {
    let name = ref
    for (let depth = 0; depth < 6; depth++) {
      const value = this.readValue(name)
      if (value === undefined) return undefined
      if ('id' in value) return value.id
      name = value.symbolic
    }
    throw new CorruptError(`The symbolic ref '${ref}' refers to itself through other refs. Delete it.`, {
      file: join(this.root, ref),
    })
  }

  /** The ref itself, not what it points at. */
  readValue(ref: RefName): RefValue | undefined {
    const loose = this.#readLoose(ref)
    if (loose !== undefined) return loose
    const known = this.#packed.refs
    const packed = this.#packed.read()
    const value = packed.get(ref)
    if (value !== undefined) return { id: value }
    // Between the two reads git may have moved the ref from one place to the other.
    return packed === known ? undefined : this.#readLoose(ref)
  }

  /**
   * Every ref whose name starts with `prefix` (a folder such as `refs/heads/`), by name; symbolic ones resolved. Throws
   * CorruptError for a ref, or a folder of refs, that cannot be read; with `onBroken` it goes on without that one.
   */
  list(prefix: RefFolder, onBroken?: (ref: string, error: unknown) => void): Map<RefName, ObjectId> {
    return new Map(this.entries(prefix, onBroken))
  }

  /** As `list`, one by one. `onBroken` is called for all broken refs before the first is yielded. */
  *entries(
    prefix: RefFolder,
    onBroken?: (ref: string, error: unknown) => void,
  ): Generator<[ref: RefName, id: ObjectId]> {
    const names: RefName[] = []
    this.#collect(prefix, names, onBroken)
    const loose: [RefName, ObjectId][] = []
    for (const ref of names.sort()) {
      const id = attempt(ref, () => this.read(ref), onBroken)
      if (id !== undefined) loose.push([ref, id])
    }
    // Packed refs are read after the loose ones: a ref that pack-refs moves in between is seen twice instead of being
    // missed.
    let next = 0
    for (const entry of this.#packed.below(prefix)) {
      const [ref] = entry
      for (; next < loose.length && loose[next]![0] < ref; next++) yield loose[next]!
      if (loose[next]?.[0] !== ref) yield entry
    }
    yield* loose.slice(next)
  }

  /** Names of the folders of refs directly below a folder; some may be empty. Throws CorruptError. */
  folders(prefix: RefFolder): Set<string> {
    const path = this.path(`${prefix}x`).slice(0, -2)
    const loose = [...this.#fs.readKinds(path)].flatMap(([name, kind]) => (kind === 'folder' ? name : []))
    return new Set([...loose, ...this.#packed.folders(prefix)])
  }

  /**
   * Writes a ref. The caller holds its lock.
   *
   * @param from the ref's current value, if the new value is a descendant of it; makes the write cheaper
   */
  write(ref: RefName, value: RefValue, from?: string): void {
    this.stage(ref, value, from).place()
  }

  /** As `write`, but the ref does not move yet. Moving one that has a file then needs no room on the disk. */
  stage(ref: RefName, value: RefValue, from?: string): Staged {
    const text = 'id' in value ? `${value.id}\n` : `ref: ${value.symbolic}\n`
    return this.#files.stage(this.path(ref), text, from === undefined ? undefined : `${from}\n`)
  }

  /** Whether the ref has a file of its own. */
  isLoose(ref: RefName): boolean {
    return this.#fs.stat(this.path(ref)) !== undefined
  }

  /** Removes the files that only this object needs. */
  close(): void {
    this.#files.close()
  }

  /** Removes loose refs. The caller holds their locks, and has removed them from packed-refs before. */
  removeLoose(refs: readonly RefName[]): void {
    for (const ref of refs) {
      this.#files.forget(this.path(ref))
      this.#fs.unlink(this.path(ref))
    }
  }

  /**
   * Removes the folders of removed refs that are empty now, so that later listings need not read them. Whoever needs one
   * makes it again. If one cannot be removed, it stays.
   */
  removeEmptyFolders(refs: Iterable<RefName>): void {
    const folders = new Set<string>()
    for (const ref of refs)
      for (let folder = dirname(ref); folder.split('/').length > FEWEST_PARTS; folder = dirname(folder))
        folders.add(folder)
    const kept = new Set<string>()
    try {
      // A folder comes before the one that it is in, and each is tried once.
      for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
        const isGone = !kept.has(folder) && this.#fs.removeDir(join(this.root, folder))
        if (isGone) this.#realFolders.delete(folder)
        else kept.add(dirname(folder))
      }
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error
    }
  }

  /** Names of packed refs. Throws CorruptError. */
  packedNames(): Iterable<RefName> {
    return this.#packed.read().keys()
  }

  packedValue(ref: RefName): ObjectId | undefined {
    return this.#packed.read().get(ref)
  }

  /** Names of refs below `folder` that have a file of their own. */
  looseNames(folder: RefFolder): RefName[] {
    const names: RefName[] = []
    this.#collect(folder, names)
    return names
  }

  /** The id in the ref's own file, if it has one; packed-refs may have another value. */
  looseId(ref: RefName): ObjectId | undefined {
    const content = this.readRaw(ref)
    const value = content && parseRefFile(content.toString('latin1'))
    return value !== undefined && 'id' in value ? value.id : undefined
  }

  /**
   * Writes packed-refs without `refs`, to be put in place. The caller holds its lock. Syncs the file, since a lost rewrite
   * would bring them back.
   */
  withoutPacked(refs: readonly RefName[]): Promise<Staged> {
    return this.#stagePacked(this.#packed.without(new Set(refs)))
  }

  /**
   * Rewrites packed-refs with these refs too, each with the id of a commit. The caller holds its lock. Syncs the
   * content, but not the name.
   */
  async addPacked(refs: ReadonlyMap<RefName, ObjectId>): Promise<void> {
    const staged = await this.#stagePacked(this.#packed.with(refs))
    staged.place()
  }

  async #stagePacked(content: Buffer): Promise<Staged> {
    const temporary = this.#temporaries.write(content)
    const discard = (): void => this.#temporaries.discard(temporary)
    try {
      await this.#fs.syncFile(temporary)
    } catch (error) {
      discard()
      throw error
    }
    return {
      discard,
      place: () => {
        try {
          this.#fs.rename(temporary, this.#packed.path)
        } catch (error) {
          discard()
          throw error
        }
        this.#packed.forget()
      },
    }
  }

  /** The raw bytes of a loose ref's file, for recovery, which has to tell a broken ref from an absent one. */
  readRaw(ref: RefName): Buffer | undefined {
    return this.#fs.readFile(this.path(ref))
  }

  #readLoose(ref: RefName): RefValue | undefined {
    // There are no refs below a name that is a ref itself.
    if (!this.#checkFolders(ref, ['file'])) return undefined
    const path = join(this.root, ref)
    if (this.#absent.has(ref) && this.#fs.stat(path) === undefined) return undefined
    const content = this.#fs.readFile(path)?.toString('latin1')
    if (content === undefined) {
      if (this.#absent.size >= 1000) this.#absent.clear()
      this.#absent.add(ref)
      return undefined
    }
    this.#absent.delete(ref)
    const value = parseRefFile(content)
    if (value !== undefined) return value
    const what = content.trim() === '' ? 'is empty' : 'does not hold an object id'
    throw new CorruptError(
      `The ref file '${path}' ${what}. Write the id of the checkpoint it should name into it, or delete it.`,
      { file: path },
    )
  }

  #collect(folder: RefFolder, into: RefName[], onBroken?: (ref: string, error: unknown) => void): void {
    const path = this.path(`${folder}x`).slice(0, -2)
    const kinds = attempt(folder.slice(0, -1), () => this.#fs.readKinds(path), onBroken) ?? []
    for (const [name, kind] of kinds) {
      if (name.endsWith('.lock')) continue
      if (kind === 'folder') {
        this.#realFolders.add(folder + name)
        this.#collect(`${folder}${name}/`, into, onBroken)
      } else if (kind === 'file') into.push(`${folder}${name}`)
    }
  }

  /**
   * Checks that everything above a ref that exists is a real folder. Returns `false` for a kind in `allowed`; throws
   * CorruptError for others.
   */
  #checkFolders(ref: string, allowed: readonly string[] = []): boolean {
    const folder = dirname(ref)
    if (folder === '.' || this.#realFolders.has(folder)) return true
    if (!this.#checkFolders(folder, allowed)) return false
    const kind = this.#fs.stat(join(this.root, folder))?.kind
    if (kind === undefined) return true
    if (allowed.includes(kind)) return false
    if (kind !== 'folder') {
      const file = join(this.root, folder)
      throw new CorruptError(
        `'${file}' should be a folder of refs, but is not. Remove it, or take the store from a trusted copy.`,
        { file },
      )
    }
    this.#realFolders.add(folder)
    return true
  }
}

/** Folders such as `refs/heads` stay. */
const FEWEST_PARTS = 2

function attempt<T>(
  ref: string,
  read: () => T,
  onBroken: ((ref: string, error: unknown) => void) | undefined,
): T | undefined {
  try {
    return read()
  } catch (error) {
    if (onBroken === undefined) throw error
    onBroken(ref, error)
    return undefined
  }
}

/** Parses a ref's file; `undefined` when it is empty or garbage. */
export function parseRefFile(content: string): RefValue | undefined {
  const id = content.slice(0, 40)
  if (isObjectId(id) && /^\s*$/.test(content.slice(40))) return { id }
  const target = /^ref: *(refs\/[^\s]+)\s*$/.exec(content)?.[1]
  return target !== undefined && isRefName(target) ? { symbolic: target } : undefined
}
