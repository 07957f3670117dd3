/** The folder that tools work in; nothing outside it is accessible. */
import { type BigIntStats, constants, lstatSync, realpathSync } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { StorageError } from '../../errors.ts'
import { makeFolders } from '../../folders.ts'
import { ToolFailure } from './outcome.ts'
import { createFile, FileChanged, replaceFile } from './replace-file.ts'

export class Workspace {
  /** Absolute, as it was given. */
  readonly root: string

  constructor(root: string) {
    this.root = resolve(root)
  }

  /**
   * The real location of `path`, with links resolved as far as it exists. Throws ToolFailure when it is outside the
   * workspace.
   */
  async locate(path: string): Promise<string> {
    const lexical = this.#lexical(path)
    const root = await realpath(this.root).catch(() => this.root)
    const real = await resolveLinks(lexical)
    if (!isInside(root, real)) throw outside(path)
    return real
  }

  /**
   * The names of a path relative to the workspace: as given, then with links resolved; only the last for a path that
   * enters the workspace through a link. `undefined` for a path that leads outside.
   */
  names(path: string): readonly string[] | undefined {
    const lexical = resolve(this.root, path)
    const isNamedInside = isInside(this.root, lexical)
    if (path.includes('\0') || (!isNamedInside && !isAbsolute(path))) return undefined
    const real = realOf(lexical)
    const root = realOf(this.root)
    if (real === undefined || root === undefined || !isInside(root, real)) return undefined
    return isNamedInside ? [nameIn(this.root, lexical), nameIn(root, real)] : [nameIn(root, real)]
  }

  /** The name of a located path, relative to the workspace, with `/`. */
  async nameOf(real: string): Promise<string> {
    return nameIn(await realpath(this.root), real)
  }

  /** Opens a file to be read. Throws ToolFailure unless it is a plain file inside. */
  async openFile(path: string): Promise<FileHandle> {
    const real = await this.locate(path)
    // Does not follow a link that has just appeared, and does not wait for the other end of a pipe.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    const file = await open(real, flags).catch((error: unknown) => {
      throw fileFailure(path, error)
    })
    const stat = await file.stat()
    if (stat.isFile()) return file
    await file.close()
    throw new ToolFailure(`${path} is ${stat.isDirectory() ? 'a folder, ' : ''}not a plain file`)
  }

  /**
   * Writes a whole file and makes its folders as needed; replaces an old file atomically. Throws ToolFailure.
   *
   * @param seen the file that the caller has read; `undefined` if there was none
   */
  async writeFile(path: string, bytes: Uint8Array, seen: BigIntStats | undefined): Promise<void> {
    try {
      makeFolders(dirname(await this.locate(path)))
      // Located again, because a link may have appeared among the folders.
      const real = await this.locate(path)
      const stat = await lstat(real).catch(() => undefined)
      if (stat !== undefined && !stat.isFile()) throw new ToolFailure(`${path} is not a plain file`)
      if ((stat === undefined) !== (seen === undefined)) throw new FileChanged()
      if (seen === undefined) await createFile(real, bytes)
      else await replaceFile(real, bytes, seen)
    } catch (error) {
      if (!(error instanceof FileChanged)) throw fileFailure(path, error)
      throw new ToolFailure(`${path} was changed by someone else at the same time; read it again`)
    }
  }

  #lexical(path: string): string {
    if (path.includes('\0')) throw new ToolFailure('a path cannot contain a NUL character')
    const lexical = resolve(this.root, path)
    if (!isInside(this.root, lexical) && !isAbsolute(path)) throw outside(path)
    return lexical
  }
}

/** There is no such file. */
export class MissingFile extends ToolFailure {}

/** An error of the file system, with the name that the model used. */
export function fileFailure(path: string, error: unknown): unknown {
  const code = error instanceof StorageError ? error.errno : (error as { code?: unknown } | undefined)?.code
  if (error instanceof ToolFailure || typeof code !== 'string') return error
  const message = `${path}: ${REASONS[code] ?? code}`
  return code === 'ENOENT' ? new MissingFile(message) : new ToolFailure(message)
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'this is a folder',
  ENOTDIR: 'a part of this path is not a folder',
  EEXIST: 'a part of this path is not a folder',
  ELOOP: 'this is a link, which is not allowed here',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EROFS: 'this file system is read-only',
  ETXTBSY: 'this program is running',
  ENAMETOOLONG: 'the name is too long',
}

const outside = (path: string): ToolFailure =>
  new ToolFailure(`${path} is outside the workspace; only files inside it can be used`)

const isInside = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

const nameIn = (root: string, path: string): string => relative(root, path).split(sep).join('/') || '.'

/** `path` with all links resolved; parts that do not exist stay as they are. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw fileFailure(path, error)
    // A write would follow a dangling link.
    const stat = await lstat(path).catch(() => undefined)
    if (stat?.isSymbolicLink()) throw new ToolFailure(`${path} is a link to a file that does not exist`)
    const parent = dirname(path)
    return parent === path ? path : join(await resolveLinks(parent), path.slice(parent.length))
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return undefined
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined
    const parent = dirname(path)
    if (parent === path) return undefined
    const real = realOf(parent)
    return real === undefined ? undefined : join(real, path.slice(parent.length))
  }
}
