/**
 * Three years of two machines and a server: sessions come, policies run, and what they removed stays removed. A plain model
 * says which sessions each machine has. `FORKPOINT_SOAK=1`: 2,000 sessions instead of 200, and policies every tenth day
 * instead of every thirtieth.
 */
import { expect, test } from 'vitest'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { RetentionPolicy } from '../../src/store/retention/policy.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { seeded } from '../redaction/sample.ts'
import { bytesOfPacks, emptySession, message } from '../store/support/git-store.ts'
import { everythingIn } from '../store/support/inflated.ts'
import { expectClean, folderServer, machine, refsAt } from './support/machines.ts'

const SESSIONS = process.env.FORKPOINT_SOAK === '1' ? 2000 : 200
/** Days from one run of the policies to the next. */
const STEP = process.env.FORKPOINT_SOAK === '1' ? 10 : 30
const DAY = 864e5
const YEARS = 3 * 365
const START = Date.parse('2025-01-01T00:00:00.000Z')
const POLICY = {
  rules: [{ maxAge: '60d', minAge: '7d', maxCount: Math.floor(SESSIONS / 15), keepTitles: ['*release*'] }],
  trash: '14d',
} as const satisfies RetentionPolicy
const MOST_AGE = 60 * DAY
const LEAST_AGE = 7 * DAY

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
  timeout: 3_600_000,
}, async () => {
  const random = seeded(1)
  const clock = { now: START }
  const server = await folderServer()
  const at: Model = { live: new Map(), gone: new Map() }
  const begin = (name: string): Machine => ({
    store: machine(server.url, name, { now: () => clock.now }),
    has: new Map(),
    arrived: new Map(),
    gone: new Map(),
  })
  const [one, two, away] = [begin('one'), begin('two'), begin('away')]
  const owners = new Map<string, Machine>()
  let count = 0
  const say = async (place: Machine, id: string): Promise<void> => {
    const before = place.has.get(id)
    const version = (before?.version ?? 0) + 1
    let isKept = before?.isKept ?? false
    if (before === undefined) {
      owners.set(id, place)
      const kind = random()
      isKept = kind < 0.01
      const metadata = kind < 0.003 ? { keep: true } : {}
      const title = kind >= 0.003 && kind < 0.006 ? 'The Release of it' : `Title of ${id}`
      await place.store.save({ ...emptySession(id), title, metadata })
      if (kind >= 0.006 && isKept) await place.store.tag(id, 'keep')
    }
    await place.store.append(id, { messages: [message(`m${version}`, `words of ${id} <${version}>`)] })
    place.has.set(id, { version, lastUse: clock.now, isKept })
  }

  for (let day = 0; day < YEARS; day += STEP) {
    clock.now = START + day * DAY
    for (const place of [one, two]) {
      const news: string[] = []
      clock.now += 1000
      for (; count < (SESSIONS * (day + STEP * (place === one ? 0.5 : 1))) / YEARS; count++)
        news.push(`s${count}`)
      await Promise.all(news.map((id) => say(place, id)))
      const own = [...place.has.keys()].filter((id) => owners.get(id) === place)
      for (let n = 0; n < STEP; n++)
        if (own.length > 0 && random() < 0.5) await say(place, own[Math.floor(random() * own.length)]!)
      clock.now += 1000
      const { removed } = await place.store.retention.prune(POLICY)
      const expected = pruned(place, clock.now)
      expect([...removed].sort(), `day ${day}`).toEqual(expected.sort())
    }
    if (day % (3 * STEP) === 0) {
      for (const { store } of [one, two]) await store.maintain()
      gitText(server.folder, ['gc', '--quiet'])
    }
    // The second machine is away for the second year.
    const isAway = day > 365 && day < 730
    if (day % (3 * STEP) === 0) await sync(one, at)
    if (day % (3 * STEP) === STEP && !isAway) await sync(two, at)
    if (day === 10 * STEP) await sync(away, at)
  }

  for (const place of [two, one, away, two, one]) await sync(place, at)
  for (const { store } of [one, two, away]) {
    expect(Object.keys(refsAt(store.folder)).length).toBeLessThan(5000)
    expectClean(store.folder)
  }
  expect(Object.keys(refsAt(server.folder)).length).toBeLessThan(5000)
  for (const place of [one, two]) {
    clock.now += 15 * DAY
    await place.store.retention.prune({ rules: [], trash: '14d' })
    await place.store.maintain({ purge: true })
    await place.store.close()
    const alive = new Set(place.has.keys())
    const words = new Set<string>()
    for (const { bytes } of everythingIn(place.store.folder))
      for (const [, id] of bytes.toString('latin1').matchAll(/words of (s\d+) </g)) words.add(id!)
    expect([...words].filter((id) => !alive.has(id))).toEqual([])
    expect([...alive].filter((id) => !words.has(id))).toEqual([])
    const best = tempFolder()
    git(best, ['clone', '--quiet', '--mirror', place.store.folder, 'best'])
    gitText(`${best}/best`, ['gc', '--quiet', '--aggressive', '--prune=now'])
    expect(bytesOfPacks(place.store.folder)).toBeLessThan(1.2 * bytesOfPacks(`${best}/best`))
  }
})

/** Removes from the model what the policy does not keep; returns their ids. */
function pruned(place: Machine, now: number): string[] {
  const newestFirst = [...place.has].sort(([a, x], [b, y]) => y.lastUse - x.lastUse || (a < b ? -1 : 1))
  place.arrived = new Map(newestFirst.map(([id]) => [id, place.arrived.get(id) ?? now]))
  let kept = 0
  return newestFirst.flatMap(([id, { lastUse, isKept, version }]) => {
    const isOver = now - lastUse > MOST_AGE || kept >= POLICY.rules[0].maxCount
    if (!isOver || isKept || now - Math.max(place.arrived.get(id)!, lastUse) < LEAST_AGE) {
      kept++
      return []
    }
    place.has.delete(id)
    place.gone.set(id, version)
    return id
  })
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
  for await (const { id } of place.store.list({ order: 'id' })) found.push(id)
  expect(found.sort()).toEqual([...place.has.keys()].sort())
}
