/**
 * A disk in memory that counts what is done to it, and can stop, refuse or cut short any of it. Every change is
 * in the page cache at once; only a sync makes it durable (`disk-state.ts`).
 */
import { posix } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { CorruptError, StorageError } from '../../../src/errors.ts'
import type { Beacon, Signal } from '../../../src/git/disk/beacon.ts'
import type { FileKind, FileStat, FileSystem, OpenFile } from '../../../src/git/disk/file-system.ts'
import { DiskState, emptyFile, emptyFolder, PAGE, ROOT } from './disk-state.ts'

export interface Operation {
  /** 1 for the first. */
  n: number
  kind:
    | 'create'
    | 'write'
    | 'truncate'
    | 'link'
    | 'rename'
    | 'unlink'
    | 'makeDir'
    | 'removeDir'
    | 'syncFile'
    | 'syncDir'
    | 'close'
  path: string
  /** How many a write is given. */
  bytes?: number
  /** Only the first half of a write has been done. */
  half?: boolean
  /** A rename onto a name that exists. */
  replaces?: boolean
}

/** `short`: takes only so many bytes. `error`: the system's code, such as `ENOSPC`. */
export type Fault = { short: number } | { error: string }

/** The process died here; nothing it does any more has an effect. */
export class Died extends Error {}

export interface SimulatedDiskOptions {
  state?: DiskState
  /** Milliseconds since 1970, for file times. */
  now?: () => number
  kernel?: Map<number, SimulatedDisk>
}

/** What the file of a socket holds here. */
const SOCKET = Buffer.from('a socket')

export class SimulatedDisk implements FileSystem {
  readonly state: DiskState
  operations = 0
  /** After the operation of this number the process is dead. */
  stopAt = Number.POSITIVE_INFINITY
  dead = false
  /** Asked before each operation. */
  fault: (operation: Operation) => Fault | undefined = () => undefined
  /** Told after each operation, and after the first half of each write. */
  onOperation: ((operation: Operation) => void) | undefined
  openFiles = 0
  /** No other host can have this disk at the same time: then there are sockets, too. */
  local = false
  /** A name is found whatever its case, and keeps the one that it was given. */
  caseless = false
  /** Which sockets answer, by their node, and the process behind each. Processes that share it share a kernel. */
  readonly kernel: Map<number, SimulatedDisk>
  private readonly now: () => number

  constructor({ state = new DiskState(), now = Date.now, kernel = new Map() }: SimulatedDiskOptions = {}) {
    this.state = state
    this.kernel = kernel
    this.now = now
  }

  readFile(path: string): Buffer | undefined {
    const id = this.find(path)
    if (id === undefined) return undefined
    return Buffer.from(this.file(path, id).content)
  }

  readDir(path: string): string[] {
    const id = this.find(path)
    return id === undefined ? [] : [...this.state.node(id).names.keys()].sort()
  }

  readKinds(path: string): Map<string, FileKind> {
    return new Map(this.readDir(path).map((name) => [name, this.stat(`${path}/${name}`)!.kind]))
  }

  stat(path: string): FileStat | undefined {
    const id = this.find(path)
    if (id === undefined) return undefined
    const { kind, content, mtimeMs } = this.state.node(id)
    let links = 0
    for (const { names } of this.state.nodes.values()) for (const to of names.values()) if (to === id) links++
    const shown = content.equals(SOCKET) ? 'socket' : kind
    return {
      kind: shown,
      size: content.length,
      mtimeMs,
      dev: 1,
      ino: id,
      uid: process.getuid?.() ?? 0,
      links,
    }
  }

  makeDir(path: string, within?: string): string | undefined {
    let topmost: string | undefined
    if (within !== undefined && this.find(within) === undefined) throw failure('ENOENT', path)
    const parts = path.split('/')
    for (let n = 2; n <= parts.length; n++) {
      const part = parts.slice(0, n).join('/')
      const found = this.find(part)
      if (found !== undefined && this.state.node(found).kind === 'file') throw failure('EEXIST', path)
      if (found !== undefined) continue
      this.refuse(this.begin('makeDir', part), part)
      this.name(part, this.state.add(emptyFolder(this.now())))
      this.ended('makeDir', part)
      topmost ??= part
    }
    return topmost
  }

  writeFile(path: string, data: Uint8Array, { exclusive = false } = {}): boolean {
    const found = this.find(path)
    if (found !== undefined && exclusive) return false
    if (this.find(posix.dirname(path)) === undefined) return false
    let id: number
    if (found === undefined) id = this.create(path)
    else {
      this.file(path, found)
      id = found
      this.refuse(this.begin('truncate', path), path)
      this.replace(id, Buffer.alloc(0), 0)
      this.ended('truncate', path)
    }
    for (let done = 0; done < data.length; ) done += this.write(path, id, data.subarray(done), done)
    return true
  }

  lengthen(path: string): number | undefined {
    if (this.find(posix.dirname(path)) === undefined) return undefined
    const id = this.find(path) ?? this.create(path)
    const { length } = this.file(path, id).content
    return length + this.write(path, id, Buffer.from('.'), length)
  }

  /** It has no permissions. */
  adjustMode(): void {}

  link(from: string, to: string): 'done' | 'exists' | 'missing' | 'unsupported' {
    const id = this.find(from)
    if (this.find(to) !== undefined) return 'exists'
    if (id === undefined || this.find(posix.dirname(to)) === undefined) return 'missing'
    this.refuse(this.begin('link', to), to)
    this.name(to, id)
    this.ended('link', to)
    return 'done'
  }

  rename(from: string, to: string): boolean {
    const id = this.find(from)
    const folder = this.find(posix.dirname(to))
    if (id === undefined || folder === undefined) return false
    const target = this.find(to)
    if (target !== undefined && this.state.node(target).kind !== this.state.node(id).kind) {
      throw failure(this.state.node(target).kind === 'folder' ? 'EISDIR' : 'ENOTDIR', to)
    }
    if (target !== undefined && this.state.node(target).names.size > 0) throw failure('ENOTEMPTY', to)
    this.refuse(this.begin('rename', to, undefined, target !== undefined), to)
    if (target !== id) {
      const home = this.find(posix.dirname(from))!
      const source = { folder: home, name: this.nameIn(home, posix.basename(from)), to: undefined }
      const name = this.nameIn(folder, posix.basename(to))
      this.state.changeNames([source, { folder, name, to: id }], this.now())
    }
    this.ended('rename', to)
    return true
  }

  unlink(path: string): boolean {
    const id = this.find(path)
    if (id === undefined) return false
    if (this.state.node(id).kind === 'folder') throw failure('EISDIR', path)
    this.refuse(this.begin('unlink', path), path)
    this.name(path, undefined)
    this.ended('unlink', path)
    return true
  }

  removeDir(path: string): boolean {
    const id = this.find(path)
    if (id === undefined || this.state.node(id).names.size > 0) return false
    if (this.state.node(id).kind === 'file') return false
    this.refuse(this.begin('removeDir', path), path)
    this.name(path, undefined)
    this.ended('removeDir', path)
    return true
  }

  open(path: string, mode: 'r' | 'r+' | 'wx+'): OpenFile | undefined {
    let id = this.find(path)
    if (mode === 'wx+') {
      if (id !== undefined) return undefined
      if (this.find(posix.dirname(path)) === undefined) throw failure('ENOENT', path)
      id = this.create(path)
    }
    if (id === undefined) return undefined
    this.file(path, id)
    return this.openFile(path, id, mode !== 'r')
  }

  async syncFile(path: string): Promise<void> {
    const id = this.find(path)
    if (id !== undefined) await this.syncContent(path, id)
  }

  async syncDir(path: string): Promise<void> {
    const id = this.find(path)
    if (id === undefined) return
    const fault = this.begin('syncDir', path)
    await setImmediate()
    this.refuse(fault, path)
    if (this.dead) throw new Died()
    this.state.syncNames(id)
    this.ended('syncDir', path)
  }

  localDisk(): string | undefined {
    return this.local ? 'simulated' : undefined
  }

  async listen(path: string): Promise<Beacon | undefined> {
    if (!this.local) return undefined
    this.writeFile(path, SOCKET)
    const id = this.find(path)!
    // What kind of file it is stands where its name does.
    this.state.update(id, { durable: SOCKET, dirty: new Set() })
    this.kernel.set(id, this)
    return { close: () => void this.kernel.delete(id) }
  }

  async reach(path: string): Promise<Signal> {
    const id = this.find(path)
    if (id === undefined) return 'absent'
    return this.kernel.get(id)?.dead === false ? 'answers' : 'silent'
  }

  /** The process dies now. */
  die(): void {
    this.dead = true
  }

  private openFile(path: string, id: number, isWritten: boolean): OpenFile {
    this.openFiles++
    let closed = false
    const read = (buffer: Uint8Array, position: number): number => {
      if (this.dead) throw new Died()
      const part = this.state.node(id).content.subarray(position, position + buffer.length)
      buffer.set(part)
      return part.length
    }
    const write = (data: Uint8Array, position: number): number => {
      if (this.dead) throw new Died()
      return this.write(path, id, data, position)
    }
    return {
      read,
      write,
      readAsync: async (buffer, position) => read(buffer, position),
      writeAsync: async (data, position) => write(data, position),
      sync: () => this.syncContent(path, id),
      size: () => this.state.node(id).content.length,
      isInPlace: () => this.find(path) === id,
      close: () => {
        if (closed) throw new Error(`'${path}' was closed twice`)
        closed = true
        this.openFiles--
        if (this.dead || !isWritten) return
        const fault = this.begin('close', path)
        this.ended('close', path)
        this.refuse(fault, path)
      },
    }
  }

  private create(path: string): number {
    this.refuse(this.begin('create', path), path)
    const id = this.state.add(emptyFile(this.now()))
    this.name(path, id)
    this.ended('create', path)
    return id
  }

  private write(path: string, id: number, data: Uint8Array, position: number): number {
    const fault = this.begin('write', path, data.length)
    const length = fault !== undefined && 'short' in fault ? Math.min(fault.short, data.length) : data.length
    if (fault === undefined || 'short' in fault) {
      const half = length >> 1
      if (half > 0 && this.onOperation !== undefined) {
        this.put(id, data.subarray(0, half), position)
        this.onOperation({ n: this.operations, kind: 'write', path, half: true })
      }
      this.put(id, data.subarray(0, length), position)
      this.ended('write', path)
      if (length > 0) return length
    }
    this.refuse(fault !== undefined && 'error' in fault ? fault : { error: 'ENOSPC' }, path)
    return length
  }

  private put(id: number, data: Uint8Array, position: number): void {
    const { content } = this.state.node(id)
    const whole = Buffer.alloc(Math.max(content.length, position + data.length))
    content.copy(whole)
    whole.set(data, position)
    this.replace(id, whole, Math.min(position, content.length), position + data.length)
  }

  private replace(id: number, content: Buffer, from: number, to = content.length): void {
    const dirty = new Set(this.state.node(id).dirty)
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) dirty.add(page)
    this.state.update(id, { content, dirty, mtimeMs: this.now() })
  }

  private async syncContent(path: string, id: number): Promise<void> {
    const fault = this.begin('syncFile', path)
    const { content, ...node } = this.state.node(id)
    // From here on the kernel holds these pages clean, whether or not they reach the platter.
    const pages = new Set([...node.dirty, ...node.writing])
    this.state.update(id, { dirty: new Set(), writing: pages })
    await setImmediate()
    if (this.dead) throw new Died()
    if (fault !== undefined) this.state.update(id, { writing: new Set() })
    this.refuse(fault, path)
    const { durable } = this.state.node(id)
    this.state.update(id, { durable: written(durable, content, pages), writing: new Set() })
    this.ended('syncFile', path)
  }

  private begin(kind: Operation['kind'], path: string, bytes?: number, replaces = false): Fault | undefined {
    if (this.dead || this.operations >= this.stopAt) {
      this.dead = true
      throw new Died()
    }
    this.operations++
    const more = { ...(bytes !== undefined && { bytes }), ...(replaces && { replaces }) }
    return this.fault({ n: this.operations, kind, path, ...more })
  }

  private ended(kind: Operation['kind'], path: string): void {
    this.onOperation?.({ n: this.operations, kind, path })
  }

  private refuse(fault: Fault | undefined, path: string): void {
    if (fault !== undefined && 'error' in fault) throw failure(fault.error, path)
  }

  private name(path: string, to: number | undefined): void {
    const folder = this.find(posix.dirname(path))
    if (folder === undefined) throw failure('ENOENT', path)
    this.state.changeNames([{ folder, name: this.nameIn(folder, posix.basename(path)), to }], this.now())
  }

  private file(path: string, id: number) {
    const node = this.state.node(id)
    if (node.kind === 'folder') throw failure('EISDIR', path)
    return node
  }

  /** As it stands in the folder. */
  private nameIn(folder: number, name: string): string {
    if (!this.caseless) return name
    const wanted = name.toLowerCase()
    return [...this.state.node(folder).names.keys()].find((one) => one.toLowerCase() === wanted) ?? name
  }

  private find(path: string): number | undefined {
    if (this.dead) throw new Died()
    let id: number | undefined = ROOT
    for (const part of path.split('/')) {
      if (part === '' || part === '.' || id === undefined) continue
      id = this.state.node(id).names.get(this.nameIn(id, part))
    }
    return id
  }
}

/** The platter after a sync: the pages that were dirty are new. A page that a failed sync lost stays lost. */
function written(durable: Buffer, content: Buffer, dirty: ReadonlySet<number>): Buffer {
  const pages = Math.ceil(content.length / PAGE)
  const after = Buffer.alloc(content.length)
  let same = true
  for (let page = 0; page < pages; page++) {
    const range = [page * PAGE, Math.min((page + 1) * PAGE, content.length)] as const
    const from = dirty.has(page) ? content : durable
    if (range[0]! < from.length) from.copy(after, range[0], range[0], range[1])
    same &&= after.subarray(...range).equals(content.subarray(...range))
  }
  return same ? content : after
}

function failure(errno: string, path: string): Error {
  const cause = Object.assign(new Error(errno), { code: errno })
  return errno === 'EISDIR'
    ? new CorruptError(`'${path}' is a folder.`, { file: path }, { cause })
    : new StorageError(`${errno} '${path}'`, { file: path, errno }, { cause })
}
