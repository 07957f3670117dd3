/**
 * Taking over what a dead process left. Its folder `forkpoint/journals/<owner>` is renamed to
 * `<owner>.by-<adopter>`: a rename succeeds for one, so one alone may replay its journals and break its locks.
 */
import { join } from 'node:path'
import { LockedError } from '../errors.ts'
import type { FileSystem } from './file-system.ts'
import { type JournalRecord, parseJournal } from './journal.ts'
import type { Locks } from './lock.ts'
import type { Paths } from './paths.ts'
import { type Liveness, liveness, type Owner, parseOwner } from './process-identity.ts'

/** A folder of journals whose owner is gone, now ours. */
export interface Estate {
  owner: string
  folder: string
  life: 'dead' | 'rebooted'
  /** Every whole record, in the order it was written. */
  records: readonly JournalRecord[]
}

interface Found {
  name: string
  owner: string
  adopter: string | undefined
  life: Liveness
}

export interface AdoptionParts {
  fs: FileSystem
  paths: Paths
  locks: Locks
  /** How long another process that is recovering is waited for, in milliseconds. */
  lockTimeout: number
}

/** What may be recovered: everything, or (to read) only what a restart of the machine may have damaged. */
export type Scope = 'all' | 'rebooted'

export function anythingToAdopt(parts: AdoptionParts, scope: Scope): boolean {
  return find(parts).some(({ life }) => life === 'rebooted' || (life === 'dead' && scope === 'all'))
}

/**
 * Adopts every folder in scope. What a restart damaged is only whole when one process has all of it: then the
 * process with the greater id gives way. Throws LockedError when another one does not finish.
 */
export async function adopt(parts: AdoptionParts, scope: Scope): Promise<Estate[]> {
  const { fs, paths, locks, lockTimeout } = parts
  const me = locks.owner.id
  await locks.prepareToken()
  const start = performance.now()
  for (;;) {
    const mine: Found[] = []
    let rival: string | undefined
    for (const found of find(parts)) {
      if (found.life !== 'rebooted' && !(found.life === 'dead' && scope === 'all')) continue
      if (found.adopter === me) mine.push(found)
      else if (found.adopter !== undefined && isAlive(parts, found.adopter)) rival = found.adopter
      else {
        const name = `${found.owner}.by-${me}`
        if (fs.rename(join(paths.journals, found.name), join(paths.journals, name)))
          mine.push({ ...found, name })
      }
    }
    if (rival === undefined) return mine.map((found) => estate(parts, found))
    if (performance.now() - start > lockTimeout) throw new LockedError(join(paths.journals, rival))
    if (rival < me)
      for (const { name, owner } of mine) fs.rename(join(paths.journals, name), join(paths.journals, owner))
    await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 10))
  }
}

/** The estate is settled: nothing depends on it any more. */
export function removeEstate({ fs, paths }: AdoptionParts, { folder }: Pick<Estate, 'folder'>): void {
  const path = join(paths.journals, folder)
  // The token last: as long as the folder stands it says whose it was.
  const names = fs.readDir(path).filter((name) => name !== 'owner')
  for (const name of [...names, 'owner']) fs.unlink(join(path, name))
  fs.removeDir(path)
}

function find(parts: AdoptionParts): Found[] {
  const { fs, paths, locks } = parts
  return fs.readDir(paths.journals).flatMap((name) => {
    const match = /^([0-9a-f]{16})(?:\.by-([0-9a-f]{16}))?$/.exec(name)
    if (match === null || match[1] === locks.owner.id) return []
    const owner = ownerOf(parts, name)
    if (owner === undefined) return []
    return [{ name, owner: match[1]!, adopter: match[2], life: liveness(owner) }]
  })
}

/** From the token, else from a journal's header. */
function ownerOf({ fs, paths }: AdoptionParts, folder: string): Owner | undefined {
  const token = fs.readFile(join(paths.journals, folder, 'owner'))
  const owner = token && parseOwner(token.toString('utf8'))
  if (owner !== undefined) return owner
  for (const name of fs.readDir(join(paths.journals, folder))) {
    const content = name.endsWith('.journal') ? fs.readFile(join(paths.journals, folder, name)) : undefined
    const parsed = content && parseJournal(content)
    if (parsed !== undefined) return parsed.owner
  }
  return undefined
}

function isAlive(parts: AdoptionParts, id: string): boolean {
  const owner = ownerOf(parts, id)
  return owner !== undefined && liveness(owner) === 'alive'
}

function estate({ fs, paths }: AdoptionParts, { name, owner, life }: Found): Estate {
  const folder = join(paths.journals, name)
  const records = fs.readDir(folder).flatMap((file) => {
    const content = file.endsWith('.journal') ? fs.readFile(join(folder, file)) : undefined
    return content === undefined ? [] : (parseJournal(content)?.records ?? [])
  })
  return {
    owner,
    folder: name,
    life: life === 'dead' ? 'dead' : 'rebooted',
    records: [...records].sort((a, b) => a.sequence - b.sequence),
  }
}
