/**
 * Taking over what a dead process left. Its folder `forkpoint/journals/<owner>` is renamed to `<owner>.by-<adopter>`: a
 * rename succeeds for exactly one process, so only that one may replay its journals and break its locks. When nothing
 * depends on it any more it is renamed to `<owner>.done`, then deleted.
 */
import { join } from 'node:path'
import { LockedError, UnsupportedError } from '../../errors.ts'
import type { FileSystem } from '../disk/file-system.ts'
import { type Liveness, type Owner, parseOwner, shareKernel } from '../disk/identity.ts'
import { emptyFolder } from '../disk/lock-folder.ts'
import { isGone } from '../disk/locks.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { retiredLists } from '../merging/retired.ts'
import { isOtherVersion, type JournalRecord, parseJournal } from './journal.ts'

/** The journals of an owner that is gone; this process has adopted them. */
export interface Adopted {
  owner: string
  folder: string
  life: 'dead' | 'rebooted'
  /** Every whole record, in the order it was written. */
  records: readonly JournalRecord[]
}

interface JournalFolder {
  name: string
  owner: string
  adopter: string | undefined
  life: Liveness
}

/** What may be recovered: everything, or (enough for reading) only what a restart of the machine may have damaged. */
export type Scope = 'all' | 'rebooted'

export const anythingToAdopt = async (store: StoreFolder, scope: Scope): Promise<boolean> =>
  (await find(store, scope)).some((found) => isIn(scope, found))

/**
 * Waits for owners that write through another kernel, so that this machine cannot tell whether they live: until all
 * they saved is settled. If that kernel stopped before, the only copy of their saves would be in their journals. Throws
 * LockedError after `lockTimeout`.
 */
export async function unknownSettled(store: StoreFolder): Promise<void> {
  const { fs, paths, lockTimeout, locks } = store
  const start = performance.now()
  for (;;) {
    const unknown = (await find(store, 'rebooted')).filter(({ life }) => life === 'unknown')
    const busy = unknown.find(({ name }) => hasGroups(fs, join(paths.journals, name)))
    if (busy === undefined) return
    if (performance.now() - start > lockTimeout) {
      const folder = join(paths.journals, busy.name)
      throw new LockedError(folder, unknownText(folder, ownerOf(store, busy.name) ?? locks.owner))
    }
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 20))
  }
}

/** Whether an owner left a journal that recovery would read. */
export const leftJournals = ({ fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>, { id }: Owner): boolean =>
  fs
    .readDir(paths.journals)
    .some((name) => FOLDER.test(name) && name.startsWith(id) && ownerOf({ fs, paths }, name) !== undefined)

/**
 * Adopts every folder in scope. After a restart, one process has to adopt all folders, since the damage can only be
 * repaired from all journals together. If two processes try, the one with the greater id gives way. Throws LockedError
 * when the other does not finish in time.
 */
export async function adopt(store: StoreFolder, scope: Scope): Promise<Adopted[]> {
  const { locks, lockTimeout } = store
  await locks.prepareToken()
  const start = performance.now()
  for (;;) {
    const found = (await find(store, scope)).filter((one) => isIn(scope, one))
    const rivals = new Set<string>()
    for (const { adopter } of found)
      if (adopter !== undefined && (await isRival(store, adopter))) rivals.add(adopter)
    const gaveWay = [...rivals].some((rival) => rival < locks.owner.id)
    const complete = gaveWay ? giveBack(store, found) : take(store, found, rivals)
    if (complete && rivals.size === 0) return adoptedFrom(store, await lookAgain(store, found))
    if (performance.now() - start > lockTimeout) {
      giveBack(store, found)
      throw new LockedError(store.paths.journals, busyText(store.paths.journals))
    }
    await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 10))
  }
}

/** Leaves what could not be recovered here to other processes. */
export function disown({ fs, paths }: StoreFolder, adopted: readonly Adopted[]): void {
  for (const { folder, owner } of adopted)
    fs.rename(join(paths.journals, folder), join(paths.journals, owner))
}

/** Removes an adopted folder once all of it is settled. Throws StorageError. */
export async function removeAdopted({ fs, paths }: StoreFolder, { folder, owner }: Adopted): Promise<void> {
  const done = join(paths.journals, `${owner}.done`)
  fs.rename(join(paths.journals, folder), done)
  // After a power loss some of its journals might come back without the others. A name ending in `.done` says that none
  // of them counts.
  await fs.syncDir(paths.journals)
  removeFolder(fs, done)
}

/**
 * Removes what certainly belongs to nobody: adopted folders that are settled, and folders and temporaries that never
 * got an owner's name.
 */
export function removeUnowned({ fs, paths, now, locks }: StoreFolder): void {
  const owners = new Set<string>([locks.owner.id])
  for (const name of fs.readDir(paths.journals)) {
    const path = join(paths.journals, name)
    if (/^[0-9a-f]{16}\.done$/.test(name)) removeFolder(fs, path)
    else if (FOLDER.test(name) && ownerOf({ fs, paths }, name) === undefined && isOld(path, MINUTE))
      removeFolder(fs, path)
    else owners.add(name.slice(0, 16))
  }
  for (const { path, owner } of retiredLists(fs, paths.retired))
    if (owner === undefined && isOld(path, MINUTE)) fs.unlink(path)
  for (const name of fs.readDir(paths.temporaries)) {
    const path = join(paths.temporaries, name)
    if (/^[0-9a-f]{16}-\d+$/.test(name) && !owners.has(name.slice(0, 16)) && isOld(path, 60 * MINUTE))
      fs.unlink(path)
  }

  function isOld(path: string, age: number): boolean {
    const stat = fs.stat(path)
    return stat !== undefined && now() - stat.mtimeMs > age
  }
}

const FOLDER = /^([0-9a-f]{16})(?:\.by-([0-9a-f]{16}))?$/
const MINUTE = 60_000

const isIn = (scope: Scope, { life }: JournalFolder): boolean =>
  life === 'rebooted' || (life === 'dead' && scope === 'all')

async function find(store: StoreFolder, scope: Scope): Promise<JournalFolder[]> {
  const { fs, paths, locks } = store
  const found = fs.readDir(paths.journals).map(async (name) => {
    const match = FOLDER.exec(name)
    if (match === null || match[1] === locks.owner.id) return []
    const owner = ownerOf(store, name)
    // What was written through this kernel cannot be older than the start of this kernel.
    if (owner === undefined || (scope === 'rebooted' && shareKernel(owner, locks.owner))) return []
    return [{ name, owner: match[1]!, adopter: match[2], life: await locks.liveness(owner) }]
  })
  return (await Promise.all(found)).flat()
}

/** Whether the adopter is still at work. */
async function isRival(store: StoreFolder, adopter: string): Promise<boolean> {
  if (adopter === store.locks.owner.id) return false
  const owner = ownerOf(store, adopter)
  return owner !== undefined && !isGone(await store.locks.liveness(owner))
}

/** Adopts every folder that no rival has, and updates `found`. Returns whether all of them are ours now. */
function take(store: StoreFolder, found: JournalFolder[], rivals: ReadonlySet<string>): boolean {
  const { fs, paths, locks } = store
  const me = locks.owner.id
  return found
    .map((one) => {
      if (one.adopter === me) return true
      if (one.adopter !== undefined && rivals.has(one.adopter)) return false
      const name = `${one.owner}.by-${me}`
      if (!fs.rename(join(paths.journals, one.name), join(paths.journals, name))) return false
      one.name = name
      one.adopter = me
      return true
    })
    .every((isOurs) => isOurs)
}

/**
 * Asks again whether the machine was restarted, now that all folders are ours. A process that was just starting when we
 * asked first is either ready by now, or it sees our adopted folders and waits.
 */
function lookAgain(store: StoreFolder, found: readonly JournalFolder[]): Promise<JournalFolder[]> {
  return Promise.all(
    found.map(async (one) => {
      const owner = one.life === 'rebooted' ? ownerOf(store, one.name) : undefined
      if (owner === undefined) return one
      const life = await store.locks.liveness(owner)
      return isGone(life) ? { ...one, life } : one
    }),
  )
}

function giveBack({ fs, paths, locks }: StoreFolder, found: readonly JournalFolder[]): false {
  for (const { name, owner, adopter } of found) {
    if (adopter === locks.owner.id) fs.rename(join(paths.journals, name), join(paths.journals, owner))
  }
  return false
}

/** The owner, from its token, else from a journal's header. */
function ownerOf({ fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>, name: string): Owner | undefined {
  const folder = join(paths.journals, name)
  // A link could lead outside the store.
  if (fs.stat(folder)?.kind !== 'folder') return undefined
  const token = fs.readFile(join(folder, 'owner'))
  const owner = token && parseOwner(token.toString('utf8'))
  if (owner !== undefined) return owner
  for (const content of journalsIn(fs, folder)) {
    const parsed = parseJournal(content)
    if (parsed !== undefined) return parsed.owner
  }
  return undefined
}

function adoptedFrom(store: StoreFolder, found: readonly JournalFolder[]): Adopted[] {
  try {
    return found.map((one) => readAdopted(store, one))
  } catch (error) {
    giveBack(store, found)
    throw error
  }
}

function readAdopted({ fs, paths }: StoreFolder, { name, owner, life }: JournalFolder): Adopted {
  const folder = join(paths.journals, name)
  const records = journalsIn(fs, folder).flatMap((content) => {
    if (isOtherVersion(content)) {
      throw new UnsupportedError(
        'journal',
        `'${folder}' was left by a newer version of forkpoint that was killed. Open the store with that version first.`,
      )
    }
    return parseJournal(content)?.records ?? []
  })
  return {
    owner,
    folder: name,
    life: life === 'dead' ? 'dead' : 'rebooted',
    records: [...records].sort((a, b) => a.sequence - b.sequence),
  }
}

const journalsIn = (fs: FileSystem, folder: string): Buffer[] =>
  fs.readDir(folder).flatMap((name) => {
    const content = name.endsWith('.journal') ? fs.readFile(join(folder, name)) : undefined
    return content === undefined ? [] : [content]
  })

function removeFolder(fs: FileSystem, path: string): void {
  if (fs.stat(path)?.kind !== 'folder') return
  // The token is removed last: as long as the folder exists, the token says whose it was.
  const names = fs.readDir(path).filter((name) => name !== 'owner')
  for (const name of [...names, 'owner']) {
    // An unfinished lock on a disk without hard links is a folder.
    if (fs.stat(join(path, name))?.kind === 'folder') emptyFolder(fs, join(path, name))
    else fs.unlink(join(path, name))
  }
  fs.removeDir(path)
}

const hasGroups = (fs: FileSystem, folder: string): boolean =>
  journalsIn(fs, folder).some((content) =>
    parseJournal(content)?.records.some(({ entry }) => entry.kind === 'group'),
  )

const unknownText = (folder: string, { pid, host }: Owner): string =>
  `'${folder}' holds saves of process ${pid} on '${host.split('/').at(-1)}', and it is not known whether this process is still running. Use the store from one machine at a time. If it is not running, end all other processes that use the store, create the file '${join(folder, 'owner.gone')}', and try again. Its saves are then recovered.`

const busyText = (folder: string): string =>
  `Another process is recovering the store ('${folder}') and has not finished. Try again, or end that process.`
