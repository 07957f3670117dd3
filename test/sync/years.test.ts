/**
 * Three years of two machines and a server: sessions come, policies run every day, cold sessions are archived, and what was
 * removed stays removed. A plain model says which sessions each machine has. `FORKPOINT_SOAK=1`: 100,000 sessions instead of
 * 2,000.
 */
import { expect, test } from 'vitest'
import { diskOver, type FileSystem, nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { Repository } from '../../src/git/repository.ts'
import { FOLDED } from '../../src/ids.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { RetentionRule } from '../../src/store/retention/policy.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { seeded } from '../redaction/sample.ts'
import { bytesOfPacks, emptySession, message } from '../store/support/git-store.ts'
import { everythingIn } from '../store/support/inflated.ts'
import { expectClean, folderServer, machine, refsAt } from './support/machines.ts'

const SESSIONS = Number(
  process.env.FORKPOINT_SESSIONS ?? (process.env.FORKPOINT_SOAK === '1' ? 100_000 : 2000),
)
const DAY = 864e5
/** Three years. */
const DAYS = 3 * 365
/** Days from one upkeep of machines and server to the next. */
const UPKEEP = 90
/** With many sessions, machines sync and archive more often, so that refs stay few. */
const IS_LARGE = SESSIONS > 10_000
/** Days from one sync of a machine to the next. */
const SYNC = IS_LARGE ? 7 : 28
const START = Date.parse('2025-01-01T00:00:00.000Z')
const TRASH = (IS_LARGE ? 7 : 14) * DAY
/** How long nobody used a session that is archived. */
const COLD = (IS_LARGE ? 3 : 10) * DAY
/** Another choice leads to other years, just as true. */
const SEED = Number(process.env.FORKPOINT_SEED ?? 1)

/** A rule, in milliseconds and bytes. */
interface Rule extends RetentionRule {
  maxAge: number
  maxCount: number
  maxBytes?: number
  minAge: number
}

/** What the model knows of a session at one place. */
interface Known {
  /** How many times it was saved. */
  version: number
  lastUse: number
  /** A tag, a pin or a title keeps it. */
  isKept: boolean
}

/** One machine and what the model says that it has. */
interface Machine {
  store: GitSessionStore
  has: Map<string, Known>
  /** When the last run of the policy saw a session for the first time, of those that it saw. */
  arrived: Map<string, number>
  /** Sessions that were removed here or elsewhere, with the newest version that this is known to mean. */
  gone: Map<string, number>
}

/** What the server has. */
interface Model {
  live: Map<string, Known>
  gone: Map<string, number>
}

test('what policies removed in three years stays removed, and nothing else is lost', {
  timeout: 3 * 3_600_000,
}, async () => {
  const random = seeded(SEED)
  const pick = <T>(...of: T[]): T => of[Math.floor(random() * of.length)]!
  const clock = { now: START }
  const server = await folderServer()
  // A push becomes one pack, as on a server of one's own.
  gitText(server.folder, ['config', 'receive.unpackLimit', '1'])
  const at: Model = { live: new Map(), gone: new Map() }
  const begin = (name: string): Machine => ({
    store: machine(server.url, name, { now: () => clock.now }),
    has: new Map(),
    arrived: new Map(),
    gone: new Map(),
  })
  const [one, two, away] = [begin('one'), begin('two'), begin('away')]
  const owners = new Map<string, Machine>()
  const owned = (place: Machine) => [...place.has.keys()].filter((id) => owners.get(id) === place)
  let count = 0
  const words = (id: string, version: number) => message(`m${version}`, `words of ${id} <${version}>`)
  const start = async (place: Machine, id: string): Promise<void> => {
    owners.set(id, place)
    const kind = random()
    const isKept = kind < 0.01
    place.has.set(id, { version: 1, lastUse: clock.now, isKept })
    const metadata = kind < 0.003 ? { keep: true } : {}
    const title = kind >= 0.003 && kind < 0.006 ? 'The Release of it' : `Title of ${id}`
    await place.store.save({ ...emptySession(id), title, metadata, messages: [words(id, 1)] })
    if (kind >= 0.006 && isKept) await place.store.tag(id, 'keep')
  }
  const goOn = async (place: Machine, id: string): Promise<void> => {
    const before = place.has.get(id)!
    place.has.set(id, { ...before, version: before.version + 1, lastUse: clock.now })
    await place.store.append(id, { messages: [words(id, before.version + 1)] })
  }
  /** How many files and folders an append and a listing read, each in a store that was just opened. */
  const readsAt = async (place: Machine): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {}
    const counted = async (name: string, use: (store: GitSessionStore) => Promise<unknown>) => {
      counts[name] = 0
      const own: Partial<FileSystem> = {}
      for (const method of ['readFile', 'readDir', 'readKinds', 'open'] as const)
        own[method] = ((...args: [string, never]) => {
          counts[name]!++
          return nodeFileSystem[method](...args)
        }) as never
      const repository = new Repository(place.store.folder, { fs: diskOver(nodeFileSystem, own) })
      const store = new GitSessionStore(repository, { now: () => clock.now })
      await use(store)
      await store.close()
      await repository.close()
    }
    await counted('append', (store) => goOn({ ...place, store }, owned(place).at(-1)!))
    await counted('list', async (store) => {
      for await (const { id } of store.list()) expect(id).toBeDefined()
    })
    return counts
  }
  let reads: Record<string, number> | undefined
  let rule: Rule = { maxAge: 0, maxCount: 0, minAge: 0 }

  for (let day = 0; day < DAYS; day++) {
    clock.now = START + day * DAY
    if (IS_LARGE && day % 50 === 0)
      console.info(`Day ${day} of ${DAYS}: ${count} sessions, ${one.has.size} kept`)
    if (day % 30 === 0)
      rule = {
        maxAge: pick(45, 60, 90, 1000) * DAY,
        maxCount: Math.floor(SESSIONS / pick(12, 15, 18)),
        minAge: pick(0, 7, 20, 40) * DAY,
        keepTitles: ['*release*'],
      }
    for (const place of [one, two]) {
      const news: string[] = []
      clock.now += 1000
      for (; count < (SESSIONS * (day + (place === one ? 0.5 : 1))) / DAYS; count++) news.push(`s${count}`)
      await Promise.all(news.map((id) => start(place, id)))
      const own = owned(place)
      if (own.length > 0 && random() < 0.5) await goOn(place, own[Math.floor(random() * own.length)]!)
      clock.now += 1000
      await prune(place, day % 365 === 0 ? { ...rule, maxBytes: pick(0.3, 0.6, 0.9) } : rule, clock.now)
    }
    reads ??= await readsAt(one)
    if (day % UPKEEP === 0) {
      for (const { store } of [one, two]) await store.maintain()
      // The owner of the server runs git's own upkeep, and after three months all that nothing reaches is old.
      gitText(server.folder, ['gc', '--quiet', '--prune=now'])
    }
    // The second machine is away for the second year, the third one for nearly all the time.
    const isAway = day > 365 && day < 730
    for (const place of [day % SYNC === 0 && one, day % SYNC === 3 && !isAway && two, day === 300 && away])
      if (place !== false) {
        if (place !== away) await place.store.archive({ olderThan: COLD })
        await sync(place, at)
      }
  }

  for (const place of [two, one, away, two, one]) await sync(place, at)
  for (const { store } of [one, two, away]) {
    const refs = Object.keys(refsAt(store.folder))
    expect(refs.length).toBeLessThan(5000)
    expect(refs).toContain(FOLDED)
    expectClean(store.folder)
  }
  expect(Object.keys(refsAt(server.folder)).length).toBeLessThan(5000)
  for (const place of [one, two]) {
    clock.now += 15 * DAY
    await place.store.retention.prune({ rules: [], trash: TRASH })
    await place.store.maintain()
    for (const [what, count] of Object.entries(await readsAt(place)))
      expect(count, what).toBeLessThanOrEqual(reads![what]! + 4)
    await place.store.maintain({ purge: true })
    await place.store.close()
    await sweepLater(place.store.folder)
    expect(sessionsWithWords(place.store.folder)).toEqual([...place.has.keys()].sort())
    const best = tempFolder()
    git(best, ['clone', '--quiet', '--mirror', place.store.folder, 'best'])
    gitText(`${best}/best`, ['gc', '--quiet', '--aggressive', '--prune=now'])
    expect(bytesOfPacks(place.store.folder)).toBeLessThan(1.2 * bytesOfPacks(`${best}/best`))
  }
  gitText(server.folder, ['gc', '--quiet', '--prune=now'])
  expect(sessionsWithWords(server.folder)).toEqual([...at.live.keys()].sort())
})

/** Maintains a store when an hour has passed: packs that maintenance replaced stay for some minutes, for those who read them. */
async function sweepLater(folder: string): Promise<void> {
  const repository = new Repository(folder, { now: () => Date.now() + 3_600_000 })
  await new GitSessionStore(repository).maintain()
  await repository.close()
}

/** The sessions of which any object or file of a repository still has words. */
function sessionsWithWords(folder: string): string[] {
  const found = new Set<string>()
  for (const { bytes } of everythingIn(folder))
    for (const [, id] of bytes.toString('latin1').matchAll(/words of (s\d+) </g)) found.add(id!)
  return [...found].sort()
}

/** Prunes a machine and the model, and compares them. */
async function prune(place: Machine, rule: Rule, now: number): Promise<void> {
  const bytes = new Map<string, number>()
  let maxBytes = Number.POSITIVE_INFINITY
  if (rule.maxBytes !== undefined) {
    // Nothing is merged in the background after it, so that bytes stay the same between two measurements.
    await place.store.maintain()
    for await (const {
      id,
      bytes: { own },
    } of place.store.retention.stats())
      bytes.set(id, own)
    maxBytes = Math.floor(rule.maxBytes * [...bytes.values()].reduce((sum, own) => sum + own, 0))
  }
  const limited = rule.maxBytes === undefined ? rule : { ...rule, maxBytes }
  const { removed } = await place.store.retention.prune({ rules: [limited], trash: TRASH })
  const newestFirst = [...place.has].sort(([a, x], [b, y]) => y.lastUse - x.lastUse || (a < b ? -1 : 1))
  place.arrived = new Map(newestFirst.map(([id]) => [id, place.arrived.get(id) ?? now]))
  const kept = { count: 0, bytes: 0 }
  const expected = newestFirst.flatMap(([id, { lastUse, isKept, version }]) => {
    const own = bytes.get(id) ?? 0
    const isOver = now - lastUse > rule.maxAge || kept.count >= rule.maxCount || kept.bytes + own > maxBytes
    if (!isOver || isKept || now - Math.max(place.arrived.get(id)!, lastUse) < rule.minAge) {
      kept.count++
      kept.bytes += own
      return []
    }
    place.has.delete(id)
    place.gone.set(id, version)
    return id
  })
  expect([...removed].sort()).toEqual(expected.sort())
}

/** Syncs a machine and the model, and compares them. */
async function sync(place: Machine, at: Model): Promise<void> {
  await place.store.sync()
  // What the server has comes here.
  for (const [id, version] of at.gone) {
    place.gone.set(id, Math.max(version, place.gone.get(id) ?? 0))
    if ((place.has.get(id)?.version ?? Number.POSITIVE_INFINITY) <= version) place.has.delete(id)
  }
  for (const [id, one] of at.live) {
    if ((place.gone.get(id) ?? 0) >= one.version) continue
    const ours = place.has.get(id)
    if (ours === undefined || ours.version < one.version) place.has.set(id, { ...one })
  }
  // What is here goes there.
  for (const [id, version] of place.gone) {
    at.gone.set(id, Math.max(version, at.gone.get(id) ?? 0))
    if ((at.live.get(id)?.version ?? Number.POSITIVE_INFINITY) <= version) at.live.delete(id)
  }
  // Work that a deletion did not know is pushed only where the server still has the session.
  for (const [id, one] of place.has)
    if ((at.live.has(id) || !at.gone.has(id)) && (at.live.get(id)?.version ?? 0) < one.version)
      at.live.set(id, { ...one })
  const found: string[] = []
  for (const archived of [false, true])
    for await (const { id } of place.store.list({ order: 'id', archived })) found.push(id)
  expect(found.sort()).toEqual([...place.has.keys()].sort())
}
