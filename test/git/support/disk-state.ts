/**
 * What a disk holds, twice: as the kernel's page cache shows it, and as it would be after a power loss. Contents
 * of files and names in folders become durable separately. A name change is one step of the file system's
 * own journal: a rename is never half done, and what was done to one name stays in order.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'

export interface Node {
  kind: 'file' | 'folder'
  /** What readers see. */
  content: Buffer
  /** What is on the platter. */
  durable: Buffer
  /** Pages of `content` that the kernel still means to write. */
  dirty: ReadonlySet<number>
  /** Pages that the kernel is writing: whoever syncs next waits for them, also after the first one was killed. */
  writing: ReadonlySet<number>
  names: ReadonlyMap<string, number>
  durableNames: ReadonlyMap<string, number>
  mtimeMs: number
}

/** One step: each slot (a name in a folder) gets a node or becomes free. */
export type NameChange = readonly { folder: number; name: string; to: number | undefined }[]

export const ROOT = 1
export const PAGE = 4096
const SECTOR = 512

export class DiskState {
  readonly nodes: Map<number, Node>
  readonly pending: NameChange[]
  next: number

  constructor(nodes?: Map<number, Node>, pending: NameChange[] = [], next = ROOT + 1) {
    this.nodes = nodes ?? new Map([[ROOT, emptyFolder(0)]])
    this.pending = pending
    this.next = next
  }

  /** A copy that later changes of this one do not touch. */
  snapshot(): DiskState {
    return new DiskState(new Map(this.nodes), [...this.pending], this.next)
  }

  node(id: number): Node {
    return this.nodes.get(id)!
  }

  add(node: Node): number {
    const id = this.next++
    this.nodes.set(id, node)
    return id
  }

  update(id: number, change: Partial<Node>): void {
    this.nodes.set(id, { ...this.node(id), ...change })
  }

  /** In the page cache at once, on the platter only when one of its folders is synced. */
  changeNames(change: NameChange, now: number): void {
    for (const { folder, name, to } of change) {
      const names = new Map(this.node(folder).names)
      if (to === undefined) names.delete(name)
      else names.set(name, to)
      this.update(folder, { names, mtimeMs: now })
    }
    this.pending.push(change)
  }

  syncNames(folder: number): void {
    const wanted = this.closure((change) => change.some((slot) => slot.folder === folder))
    applyDurably(
      this,
      this.pending.filter((change) => wanted.has(change)),
    )
    const rest = this.pending.filter((change) => !wanted.has(change))
    this.pending.splice(0, this.pending.length, ...rest)
  }

  /** The chosen changes with all earlier ones of the same slots. */
  closure(chosen: (change: NameChange) => boolean): Set<NameChange> {
    const wanted = new Set<NameChange>()
    const slots = new Set<string>()
    for (const change of [...this.pending].reverse()) {
      if (!chosen(change) && !change.some((slot) => slots.has(slotKey(slot)))) continue
      wanted.add(change)
      for (const slot of change) slots.add(slotKey(slot))
    }
    return wanted
  }

  /** Every file and folder as readers see it: path to content, `undefined` for a folder. */
  files(): Map<string, Buffer | undefined> {
    const found = new Map<string, Buffer | undefined>()
    const walk = (id: number, path: string): void => {
      const { kind, content, names } = this.node(id)
      if (path !== '') found.set(path, kind === 'file' ? content : undefined)
      for (const name of [...names.keys()].sort()) walk(names.get(name)!, `${path}/${name}`)
    }
    walk(ROOT, '')
    return found
  }

  hash(): string {
    const sha = createHash('sha1')
    for (const [path, content] of this.files()) {
      sha.update(`${path}\0${content?.length ?? 'folder'}\0`)
      if (content !== undefined) sha.update(content)
    }
    return sha.digest('hex')
  }
}

/** What of the un-synced survives a power loss. A number: an arbitrary subset, by that seed. */
export type PowerLoss =
  | 'nothing'
  | 'everything'
  /** Names survive, what they hold does not: files are as they were last synced, new ones empty. */
  | 'names'
  /** Names and sizes survive, un-synced pages are zeros, or bytes of somebody else. */
  | 'zeros'
  | 'garbage'
  /** Contents survive, names do not. */
  | 'contents'
  | number

/** The disk after the power came back. */
export function afterPowerLoss(state: DiskState, loss: PowerLoss): DiskState {
  const random = randomNumbers(typeof loss === 'number' ? loss : 1)
  const kept = survivingNames(state, loss, random)
  const after = new DiskState(new Map(state.nodes), [], state.next)
  applyDurably(after, kept)
  for (const [id, node] of after.nodes) {
    const content = node.kind === 'file' ? survivingContent(node, loss, random) : node.content
    after.nodes.set(id, {
      ...node,
      content,
      durable: content,
      dirty: new Set(),
      writing: new Set(),
      names: node.durableNames,
    })
  }
  return after
}

/** The same disk in a new life of the machine or of the process: page cache and all. */
export const afterKill = (state: DiskState): DiskState => state.snapshot()

export const emptyFile = (now: number): Node => ({ ...emptyFolder(now), kind: 'file' })

export const emptyFolder = (now: number): Node => ({
  kind: 'folder',
  content: NOTHING,
  durable: NOTHING,
  dirty: new Set(),
  writing: new Set(),
  names: new Map(),
  durableNames: new Map(),
  mtimeMs: now,
})

/** Writes what stands under `path` of the simulated disk into a real folder. */
export function exportTo(state: DiskState, path: string, folder: string): void {
  for (const [file, content] of state.files()) {
    if (!file.startsWith(`${path}/`)) continue
    const target = join(folder, file.slice(path.length))
    if (content === undefined) fs.mkdirSync(target, { recursive: true })
    else fs.writeFileSync(target, content)
  }
}

/** A disk that has a copy of a real folder under `path`, synced. */
export function importFrom(folder: string, path: string): DiskState {
  const state = new DiskState()
  const copy = (from: string): number => {
    const stat = fs.lstatSync(from)
    if (stat.isDirectory()) {
      const names = new Map(fs.readdirSync(from).map((name) => [name, copy(join(from, name))]))
      return state.add({ ...emptyFolder(stat.mtimeMs), names, durableNames: names })
    }
    const content = fs.readFileSync(from)
    return state.add({ ...emptyFile(stat.mtimeMs), content, durable: content })
  }
  let id = copy(folder)
  const parts = path.split('/').filter((part) => part !== '')
  for (const part of parts.slice(1).reverse()) {
    const names = new Map([[part, id]])
    id = state.add({ ...emptyFolder(0), names, durableNames: names })
  }
  const names = new Map([[parts[0]!, id]])
  state.update(ROOT, { names, durableNames: names })
  return state
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const NOTHING = Buffer.alloc(0)

const slotKey = ({ folder, name }: { folder: number; name: string }): string => `${folder}/${name}`

function applyDurably(state: DiskState, changes: Iterable<NameChange>): void {
  for (const change of changes) {
    for (const { folder, name, to } of change) {
      const durableNames = new Map(state.node(folder).durableNames)
      if (to === undefined) durableNames.delete(name)
      else durableNames.set(name, to)
      state.update(folder, { durableNames })
    }
  }
}

function survivingNames(state: DiskState, loss: PowerLoss, random: () => number): NameChange[] {
  if (loss === 'nothing' || loss === 'contents') return []
  if (typeof loss !== 'number') return state.pending
  // Now a few early ones are lost, now a few late ones are kept, and all that hangs on them.
  const likely = random()
  if (random() < 0.5) {
    const kept = state.closure(() => random() < likely)
    return state.pending.filter((change) => kept.has(change))
  }
  const lost = new Set<string>()
  return state.pending.filter((change) => {
    const survives = random() < likely && !change.some((slot) => lost.has(slotKey(slot)))
    if (!survives) for (const slot of change) lost.add(slotKey(slot))
    return survives
  })
}

function survivingContent({ content, durable }: Node, loss: PowerLoss, random: () => number): Buffer {
  if (content === durable) return durable
  if (loss === 'nothing' || loss === 'names') return durable
  if (loss === 'everything' || loss === 'contents') return content
  const size =
    typeof loss !== 'number' ? content.length : pick(random, [durable.length, content.length, undefined])
  const length = size ?? durable.length + Math.floor(random() * (content.length - durable.length + 1))
  const after = Buffer.alloc(length)
  const likely = random()
  for (let at = 0; at < length; at += SECTOR) {
    const end = Math.min(at + SECTOR, length)
    const old = durable.subarray(at, end)
    const now = content.subarray(at, end)
    const fate = typeof loss !== 'number' ? loss : random() < likely ? 'new' : pick(random, FATES)
    if (fate === 'new' || (old.equals(now) && end <= durable.length)) now.copy(after, at)
    else if (at < durable.length) old.copy(after, at)
    else if (fate === 'garbage') after.fill(Buffer.from(String(random()).slice(2)), at, end)
  }
  return after
}

const FATES = ['zeros', 'garbage', 'new'] as const

const pick = <T>(random: () => number, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)]!
