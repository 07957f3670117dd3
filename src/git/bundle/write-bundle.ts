/** Writes refs, with all objects they reach, to one file that every git reads (git-bundle(1)). */
import type { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { CorruptError, StorageError, UnsupportedError } from '../../errors.ts'
import { type CommitId, type ObjectId, trustedCommit } from '../../ids.ts'
import { alreadyThere, cannot } from '../../named-file.ts'
import { newCommits } from '../database/ancestry.ts'
import { outgoingObjects } from '../database/outgoing.ts'
import { peel } from '../database/peel.ts'
import type { OpenFile } from '../disk/file-system.ts'
import { readPiece } from '../disk/read-fully.ts'
import type { GitObject } from '../objects/object.ts'
import { BrokenPackError, checkReceived } from '../packs/received.ts'
import { streamPack } from '../packs/stream.ts'
import type { Repository } from '../repository.ts'
import { NativeGitError } from '../upkeep/native/error.ts'
import { NativeGit } from '../upkeep/native/git.ts'
import { shallowCommits } from '../upkeep/roots.ts'
import { encodeHeader } from './header.ts'

export interface BundleOptions {
  /** Values of refs by full name. */
  refs: ReadonlyMap<string, ObjectId>
  /** The value of HEAD, if it is one of the refs. */
  head?: ObjectId | undefined
  /** Commits that readers already have, from an earlier bundle. Commits that this store lacks are ignored. */
  has: readonly ObjectId[]
  /** Whether to replace an existing file. */
  overwrite: boolean
  onProgress?: ((progress: { phase: string; done: number; total?: number }) => void) | undefined
}

export interface WrittenBundle {
  bytes: number
  objects: number
}

/**
 * Writes the bundle and checks it as a reader would; it is durable when this resolves. A crash leaves the old file, or
 * the new one. Git makes the pack if it may be run on the repository and
 * can write there, because its packs are smaller.
 *
 * @param path absolute
 * @throws CorruptError if an object is missing or broken; UnsupportedError in a shallow clone; AlreadyExistsError,
 *   StorageError
 */
export async function writeBundle(
  repository: Repository,
  path: string,
  options: BundleOptions,
): Promise<WrittenBundle> {
  const { fs, objects, folder } = repository
  if (!options.overwrite && fs.stat(path) !== undefined) throw alreadyThere(path)
  if (shallowCommits(folder).size > 0)
    throw new UnsupportedError(
      'bundle',
      'The store is a shallow clone: older checkpoints are not here. Fetch them first, without a depth.',
    )
  const wants = [...options.refs.values()]
  const ids = await outgoingObjects(objects, { wants, has: options.has })
  const prerequisites = await prerequisitesOf(repository, options)
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  if (fs.stat(dirname(path)) === undefined) throw cannot(path, 'written', { code: 'ENOENT' })
  const file = fs.open(temporary, 'wx+')
  if (file === undefined) throw cannot(path, 'written', { code: 'ENOENT' })
  try {
    try {
      const out = new Output(file)
      await out.write(encodeHeader({ prerequisites, refs: options.refs }, options.head))
      const packStart = out.length
      for await (const piece of packOf(repository, ids, options)) await out.write(piece)
      await check(path, file, packStart, out.length, ids)
      await file.sync()
    } finally {
      file.close()
    }
    fs.rename(temporary, path)
    await fs.syncDir(dirname(path))
  } catch (error) {
    fs.unlink(temporary)
    throw error
  }
  return { bytes: fs.stat(path)?.size ?? 0, objects: ids.length }
}

/** Returns the commits that readers have, and that new commits or refs need. */
async function prerequisitesOf(
  { objects }: Repository,
  { refs, has }: BundleOptions,
): Promise<readonly CommitId[]> {
  if (has.length === 0) return []
  const tips: CommitId[] = []
  for (const id of refs.values()) {
    const peeled = await peel(objects, id)
    if (peeled !== undefined) tips.push(peeled.commit)
  }
  const { commits } = await newCommits(objects, tips, has)
  const fresh = new Set<ObjectId>(commits.map(([id]) => id))
  const needed = new Set<CommitId>(tips.filter((id) => !fresh.has(id)))
  for (const [, { parents }] of commits)
    for (const parent of parents) if (!fresh.has(parent)) needed.add(trustedCommit(parent))
  return [...needed].sort()
}

async function* packOf(
  repository: Repository,
  ids: readonly ObjectId[],
  { onProgress }: BundleOptions,
): AsyncGenerator<Buffer> {
  const native = ids.length === 0 ? undefined : await nativePack(repository, ids)
  if (native !== undefined) {
    yield* piecesOf(repository, native)
    return
  }
  async function* read(): AsyncGenerator<GitObject> {
    for (const [n, id] of ids.entries()) {
      yield await repository.objects.read(id)
      onProgress?.({ phase: 'writing objects', done: n + 1, total: ids.length })
    }
  }
  yield* streamPack(ids.length, read())
}

/** Returns the path of git's pack, without its ending; `undefined` if no git can run, or write, in the store. */
async function nativePack(
  { fs, paths, folder: { temporaries } }: Repository,
  ids: readonly ObjectId[],
): Promise<string | undefined> {
  const base = temporaries.path()
  const args = ['-c', 'pack.packSizeLimit=0', 'pack-objects', '--delta-base-offset', '--quiet', base]
  try {
    const git = await NativeGit.open(fs, paths)
    if (git === undefined) return undefined
    fs.makeDir(paths.temporaries)
    return `${base}-${(await git.run(args, { input: [...ids, ''].join('\n') })).trim()}`
  } catch (error) {
    if ([UnsupportedError, NativeGitError, StorageError].some((type) => error instanceof type))
      return undefined
    throw error
  }
}

async function* piecesOf(
  { fs, folder: { temporaries } }: Repository,
  native: string,
): AsyncGenerator<Buffer> {
  const pack = `${native}.pack`
  const file = fs.open(pack, 'r')
  try {
    if (file === undefined) throw new StorageError(`There is no pack '${pack}' of git.`, { file: pack })
    for (let at = 0; at < file.size(); at += PIECE) yield await readPiece(file, at, PIECE)
  } finally {
    file?.close()
    for (const ending of ['pack', 'idx', 'rev']) temporaries.discard(`${native}.${ending}`)
  }
}

/** Reads the file back. Throws CorruptError unless it contains exactly these objects. */
async function check(
  path: string,
  file: OpenFile,
  start: number,
  end: number,
  ids: readonly ObjectId[],
): Promise<void> {
  const size = end - start
  const read = (position: number, length: number) =>
    readPiece(file, start + position, Math.min(length, size - position))
  const broken = (cause?: unknown): CorruptError =>
    new CorruptError(
      `The bundle '${path}' could not be written: an object of the store is damaged. 'forkpoint verify' names the checkpoints it belongs to.`,
      { file: path },
      { cause },
    )
  try {
    const found = (await checkReceived({ size, read }, { visit: () => undefined })).ids
    if (found.size !== ids.length || !ids.every((id) => found.has(id))) throw broken()
  } catch (error) {
    throw error instanceof BrokenPackError ? broken(error) : error
  }
}

class Output {
  length = 0
  readonly #file: OpenFile

  constructor(file: OpenFile) {
    this.#file = file
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; )
      at += await this.#file.writeAsync(bytes.subarray(at), this.length + at)
    this.length += bytes.length
  }
}

const PIECE = 512 * 1024
