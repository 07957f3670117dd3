/** Does to a simulated disk what was done to a real one. */
import { posix } from 'node:path'
import { DiskState, emptyFile, emptyFolder, PAGE, ROOT } from '../../git/support/disk-state.ts'
import type { TracedCall } from './traced-calls.ts'

export class ReplayedDisk {
  readonly state = new DiskState()
  private readonly places = new Map<string, number | 'end'>()
  /** Names that were given anew before the log told of their removal: two calls that ended at the same moment. */
  private readonly removed = new Set<string>()

  /** `root`: an empty folder that is durable before anything happens. */
  constructor(root: string) {
    for (const path of ancestors(root)) this.name(path, this.state.add(emptyFolder(0)))
    for (const path of ['/', ...ancestors(root)]) this.state.syncNames(this.find(path)!)
  }

  apply(call: TracedCall): void {
    if (call.kind === 'open') this.open(call)
    else if (call.kind === 'write') this.write(call)
    else if (call.kind === 'resize') this.resize(call)
    else if (call.kind === 'sync') this.sync(call.path)
    else if (call.kind === 'mkdir') this.create(call.path, this.state.add(emptyFolder(0)))
    else if (call.kind === 'link') this.create(call.path, this.expect(call.from))
    else if (call.kind === 'rename') this.rename(call)
    else if (!this.removed.delete(call.path)) this.name(call.path, undefined)
  }

  private open({ path, fd, append, truncate, create }: TracedCall & { kind: 'open' }): void {
    let id = this.find(path)
    if (id === undefined && create) id = this.makeFile(path)
    if (id === undefined || this.state.node(id).kind === 'folder') return
    if (truncate) this.replace(id, Buffer.alloc(0), 0)
    this.places.set(`${fd} ${path}`, append ? 'end' : 0)
  }

  private makeFile(path: string): number {
    const id = this.state.add(emptyFile(0))
    this.name(path, id)
    return id
  }

  private write({ path, fd, data, at }: TracedCall & { kind: 'write' }): void {
    const id = this.find(path)
    // It has no name any more.
    if (id === undefined) return
    const { content } = this.state.node(id)
    const place = this.places.get(`${fd} ${path}`) ?? 'end'
    const position = at ?? (place === 'end' ? content.length : place)
    if (at === undefined && place !== 'end') this.places.set(`${fd} ${path}`, place + data.length)
    const whole = Buffer.alloc(Math.max(content.length, position + data.length))
    content.copy(whole)
    whole.set(data, position)
    this.replace(id, whole, Math.min(position, content.length), position + data.length)
  }

  private resize({ path, size }: TracedCall & { kind: 'resize' }): void {
    const id = this.find(path)
    if (id === undefined) return
    const { content } = this.state.node(id)
    const whole = Buffer.alloc(size)
    content.copy(whole)
    this.replace(id, whole, Math.min(size, content.length))
  }

  private replace(id: number, content: Buffer, from: number, to = content.length): void {
    const dirty = new Set(this.state.node(id).dirty)
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) dirty.add(page)
    this.state.update(id, { content, dirty })
  }

  private sync(path: string): void {
    const id = this.find(path)
    if (id === undefined) return
    const { kind, content } = this.state.node(id)
    if (kind === 'folder') this.state.syncNames(id)
    else this.state.update(id, { durable: content, dirty: new Set() })
  }

  private rename({ from, path }: { from: string; path: string }): void {
    const id = this.expect(from)
    // Two names of one file: rename(2) does nothing.
    if (this.find(path) === id) return
    const source = { ...this.slot(from), to: undefined }
    this.state.changeNames([source, { ...this.slot(path), to: id }], 0)
  }

  private create(path: string, id: number): void {
    if (this.find(path) !== undefined) this.removed.add(path)
    this.name(path, id)
  }

  private expect(path: string): number {
    const id = this.find(path)
    if (id === undefined) throw new Error(`'${path}' is not there`)
    return id
  }

  private name(path: string, to: number | undefined): void {
    if (to === undefined) this.expect(path)
    this.state.changeNames([{ ...this.slot(path), to }], 0)
  }

  private slot(path: string): { folder: number; name: string } {
    const folder = this.find(posix.dirname(path))
    if (folder === undefined) throw new Error(`'${posix.dirname(path)}' is not there`)
    return { folder, name: posix.basename(path) }
  }

  private find(path: string): number | undefined {
    let id: number | undefined = ROOT
    for (const part of path.split('/')) {
      if (part === '' || id === undefined) continue
      id = this.state.node(id).names.get(part)
    }
    return id
  }
}

/** Every folder on the way to this one, and itself, from the top. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((_, n) => `/${parts.slice(0, n + 1).join('/')}`)
}
