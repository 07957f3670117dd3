/**
 * Three machines and one server, chance operations, against what is promised. FORKPOINT_SYNC_STEPS=5000 and
 * FORKPOINT_SYNC_SEED=7 run more of them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Checkpoints } from '../../src/checkpoints/checkpoints.ts'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { rewriteHistory } from '../../src/checkpoints/rewriting/rewrite.ts'
import { tombstoneOf } from '../../src/checkpoints/tombstones/folded.ts'
import { Graves } from '../../src/checkpoints/tombstones/graves.ts'
import { continuedBy, readTombstones } from '../../src/checkpoints/tombstones/tombstone.ts'
import { NotFoundError, UnsupportedError } from '../../src/errors.ts'
import { Repository } from '../../src/git/repository.ts'
import { locationOf } from '../../src/git/wire/native/location.ts'
import { NativeRemote } from '../../src/git/wire/native/remote.ts'
import type { Remote } from '../../src/git/wire/remote.ts'
import type { CommitId, RefName, SessionId } from '../../src/ids.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { maintainRepository } from '../../src/store/git/maintain.ts'
import { pageRules } from '../../src/store/pages/rules.ts'
import { redactPieces } from '../../src/store/redaction/deltas.ts'
import { RewrittenError } from '../../src/sync/error.ts'
import { fetchSessions } from '../../src/sync/fetch.ts'
import { isBelow } from '../../src/sync/planning/facts.ts'
import { RemoteNames } from '../../src/sync/planning/names.ts'
import { pushSessions } from '../../src/sync/push.ts'
import type { FetchReport } from '../../src/sync/report.ts'
import { bringOutdated } from '../../src/sync/rewrites/outdated.ts'
import type { Sharing } from '../../src/sync/sharing.ts'
import { foldTombstones } from '../../src/sync/tombstones/fold.ts'
import { bareRepository, gitText } from '../git/real-git.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { expectClean, refsAt, tips } from './support/machines.ts'
import { RepositoryRemote } from './support/repository-remote.ts'

const toClose: { close(): Promise<void> }[] = []
const folders: string[] = []
afterEach(async () => {
  for (const one of toClose.splice(0)) await one.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const SESSIONS = ['a-session', 'b-session', 'c-session']
/** What is taken out of sessions, now and then. */
const WORDS = ['first secret', 'second secret', 'third secret']
const HOUR = 3600_000

interface Machine {
  store: GitSessionStore
  checkpoints: Checkpoints
  sharing: Sharing
  /** Checkpoints that were acknowledged here, by session. */
  made: { session: string; id: string }[]
  kept: Set<string>
  /** Sessions with work on what was rewritten elsewhere. */
  outdated: Set<string>
}

/** What all machines together know. */
interface World {
  dice: (below: number) => number
  /** The parents of every commit that was at or below a tip. */
  parents: Map<string, readonly string[]>
  /** What rewrites have made of commits. */
  became: Map<string, string[]>
  /** What was said in each checkpoint, as it was made. */
  said: { id: string; text: string }[]
  /** Texts that were taken out where they were, and words of these. */
  forbidden: Set<string>
  words: Set<string>
}

type Connect = (here: Repository, server: string) => Remote

function chance(seed: number): (below: number) => number {
  let x = seed >>> 0 || 1
  return (below) => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x % below
  }
}

function newMachine(
  server: string,
  writer: string,
  skew: number,
  connect: Connect,
  tick: () => number,
): Machine {
  const folder = mkdtempSync(join(tmpdir(), `forkpoint-${writer}-`))
  folders.push(folder)
  const options = {
    now: () => tick() + skew,
    remote: { url: server },
    replicate: false,
    pages: false,
  } as const
  const store = new GitSessionStore(join(folder, 'store'), options)
  toClose.push(store)
  const checkpoints = checkpointsOf(store)
  const remote = connect(checkpoints.history.repository, server)
  const names = new RemoteNames('origin', false)
  return {
    store,
    checkpoints,
    sharing: { checkpoints, remote, names, writer, options: {} },
    made: [],
    kept: new Set(),
    outdated: new Set(),
  }
}

async function run(seed: number, steps: number, connect: Connect): Promise<void> {
  const server = bareRepository()
  const dice = chance(seed * 2654435761)
  let time = Date.parse('2026-01-01')
  const tick = () => (time += 1000)
  // Two with one name: copied configurations. Clocks an hour apart.
  const machines = [
    newMachine(server, 'same', 0, connect, tick),
    newMachine(server, 'same', HOUR, connect, tick),
    newMachine(server, 'other', -HOUR, connect, tick),
  ]
  const log: string[] = []
  const world: World = {
    dice,
    parents: new Map(),
    became: new Map(),
    said: [],
    forbidden: new Set(),
    words: new Set(),
  }
  try {
    for (let step = 0; step < steps; step++) {
      const at = dice(machines.length)
      log.push(`${step} ${at} ${await act(machines[at]!, world, step)}`)
      await remember(machines[at]!, world)
      if (step % 10 === 0) for (const machine of machines) await expectKept(machine, world)
    }
    for (let round = 0; round < 12; round++)
      for (const machine of machines) {
        await sync(machine)
        for (const session of machine.outdated) await goOn(machine, session, world)
        await remember(machine, world)
      }
    for (const machine of machines) await sync(machine)
    for (const { outdated } of machines) expect([...outdated]).toEqual([])
    const seen = await Promise.all(machines.map(listed))
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    for (const machine of machines) {
      await expectKept(machine, world)
      await expectNothingBack(machine)
      expectNothingSaid(machine.store.folder, world)
      expectClean(machine.store.folder)
    }
    expectNothingSaid(server, world)
    expectClean(server)
    const fresh = newMachine(server, 'fresh', 0, connect, tick)
    await sync(fresh)
    expect(await listed(fresh)).toEqual(seen[0])
    expect(Object.keys(refsAt(server, 'refs/heads/')).length).toBeGreaterThan(0)
  } catch (error) {
    console.error(`seed ${seed}:\n${log.slice(-60).join('\n')}`)
    throw error
  }
}

async function act(machine: Machine, world: World, step: number): Promise<string> {
  const { store, made } = machine
  const { dice } = world
  const session = SESSIONS[dice(SESSIONS.length)]!
  const exists = await store.exists(session)
  const branches = Object.keys(await tips(store, session))
  const branch = branches[dice(branches.length || 1)]
  const note = (id: string) => made.push({ session, id })
  const choice = dice(100)
  if (choice < 25) {
    await sync(machine)
    return 'sync'
  }
  if (choice < 30) {
    note1(machine, (await fetchSessions(machine.sharing)).report)
    return 'fetch'
  }
  if (choice < 35) {
    await pushSessions(machine.sharing)
    return 'push'
  }
  if (!exists) {
    // The same checkpoint on two machines, now and then.
    const { id } = await store.save(emptySession(session), dice(2) === 0 ? { at: 1e12 } : {})
    note(id)
    return `begin ${session} ${id}`
  }
  if (choice < 60) {
    const text = `${WORDS[dice(WORDS.length)]} at ${step}.`
    const { id } = await store.append(session, { messages: [message(`m${step}`, text)] }, { branch: branch! })
    note(id)
    world.said.push({ id, text })
    return `append ${session}/${branch} ${id}`
  }
  if (choice < 65) {
    if (choice === 60) {
      await maintainRepository(machine.checkpoints.history.repository, { purge: true })
      return 'purge'
    }
    const [waiting] = machine.outdated
    if (waiting !== undefined) {
      await goOn(machine, waiting, world)
      return `continue ${waiting}`
    }
    return redact(machine, session, WORDS[dice(WORDS.length)]!, world)
  }
  const name = ['try', 'next'][dice(2)]!
  if (choice < 68) {
    if (choice === 65) {
      const { archived } = await store.archive({ sessions: [session] })
      return `archive ${session}: ${archived.length}`
    }
    if (choice === 66) return `unarchive ${session}: ${await store.unarchive(session)}`
    return `fold ${await foldTombstones(machine.checkpoints, { above: 0, keep: dice(2) })}`
  }
  if (choice < 75) {
    if (branches.includes(name)) return 'nothing'
    await store
      .fork(session, { branch: name, at: `${branch}${dice(2) === 0 ? '' : '^'}` })
      .catch(() => undefined)
    return `fork ${session}/${name}`
  }
  if (choice < 82) {
    const tag = `v${dice(3)}`
    const tags = (await store.tags(session)).map((one) => one.name)
    if (tags.includes(tag)) await store.delete(session, { tag })
    else await store.tag(session, tag, { at: branch! })
    return `tag ${session}/${tag}`
  }
  if (choice < 87) {
    await store.switch(session, branch!)
    return `switch ${session}/${branch}`
  }
  if (choice < 94) {
    await store.delete(session, { branch: branch! }).catch((error: unknown) => {
      if (!(error instanceof UnsupportedError)) throw error
    })
    return `delete ${session}/${branch}`
  }
  if (choice < 96) {
    await store.restore(session).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error
    })
    return `restore ${session}`
  }
  await store.delete(session)
  return `delete ${session}`
}

/** Takes a word out of a session and of what shares checkpoints with it. */
async function redact(machine: Machine, session: string, word: string, world: World): Promise<string> {
  const before = await saidBy(machine, world)
  const ids = await rewrite(machine, session, [word], world)
  for (const { text, at } of before)
    if (text.includes(word) && at.some((id) => ids.has(id as CommitId))) world.forbidden.add(text)
  world.words.add(word)
  return `redact ${session} ${word}: ${ids.size}`
}

async function rewrite(
  { checkpoints, sharing }: Machine,
  session: string,
  words: readonly string[],
  { became }: World,
  besides?: ReadonlyMap<RefName, CommitId>,
): Promise<ReadonlyMap<CommitId, CommitId>> {
  const { ids } = await rewriteHistory(checkpoints.history.repository, checkpoints, {
    session: session as SessionId,
    scope: 'related',
    besides,
    replaces: besides !== undefined,
    redact: redactTexts(words, { key: sharing.writer }),
    pieces: redactPieces,
    pages: pageRules(),
    isDry: false,
    onProgress: undefined,
  })
  for (const [old, id] of ids) became.set(old, [...(became.get(old) ?? []), id])
  return ids
}

/** A commit and all that rewrites have made of it. */
function formsOf(id: string, { became }: World): Set<string> {
  const forms = new Set([id])
  for (const one of forms) for (const next of became.get(one) ?? []) forms.add(next)
  return forms
}

/** As `continueRewrite` does, over the remote of the test. */
async function goOn(machine: Machine, session: string, world: World): Promise<void> {
  if (!(await machine.store.exists(session))) return void machine.outdated.delete(session)
  const { commits, release } = await bringOutdated(machine.sharing, session as SessionId)
  if (await machine.store.exists(session)) await rewrite(machine, session, [...world.words], world, commits)
  release()
  note1(machine, (await fetchSessions(machine.sharing)).report)
}

/** What was said in checkpoints that refs lead to here, with all that these were and are. */
async function saidBy(machine: Machine, world: World): Promise<{ text: string; at: string[] }[]> {
  const all = await machine.checkpoints.history.reachable(await allTips(machine))
  return world.said.flatMap(({ id, text }) => {
    const at = [...formsOf(id, world)].filter((one) => all.has(one as CommitId))
    return at.length === 0 ? [] : [{ text, at }]
  })
}

async function sync(machine: Machine): Promise<void> {
  note1(machine, (await fetchSessions(machine.sharing)).report)
  const { refused } = await pushSessions(machine.sharing)
  for (const { session, error, reason } of refused) {
    // An archived session with work that a deletion did not know.
    if (error === undefined && reason === 'it was deleted elsewhere. Restore it first.') continue
    expect(error, reason).toBeInstanceOf(RewrittenError)
    machine.outdated.add(session)
  }
}

function note1(machine: Machine, { kept, outdated }: FetchReport): void {
  machine.kept = new Set(kept)
  machine.outdated = new Set(outdated.map((key) => key.split('/')[1]!))
}

/** Notes the parents of what tips lead to. */
async function remember(machine: Machine, { parents }: World): Promise<void> {
  const { history } = machine.checkpoints
  const waiting = await allTips(machine)
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (parents.has(id)) continue
    const { parents: below } = await history.objects.readCommit(id)
    parents.set(id, below)
    waiting.push(...below)
  }
}

/** Nothing that was taken out is where refs lead. */
function expectNothingSaid(folder: string, { forbidden }: World): void {
  const tips = Object.values(refsAt(folder, 'refs/heads/', 'refs/tags/', 'refs/forkpoint/archive/'))
  if (tips.length === 0) return
  const listed = gitText(folder, ['rev-list', '--objects', ...tips])
  const input = listed.replace(/ .*$/gm, '')
  const text = gitText(folder, ['cat-file', '--batch'], input)
  const back = [...forbidden].filter((one) => text.includes(one))
  expect(back).toEqual([])
}

/** Branches with their tips, without those that were reported. */
async function listed({ store, kept }: Machine): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const archived of [false, true])
    for await (const { id } of store.list({ archived }))
      for (const [branch, tip] of Object.entries(await tips(store, id))) all[`heads/${id}/${branch}`] = tip
  return Object.fromEntries(Object.entries(all).filter(([key]) => !kept.has(key)))
}

const gravesOf = async ({ checkpoints: { history } }: Machine, session: string) =>
  readTombstones(history, await tombstoneOf(history, session as SessionId))

/** Every checkpoint that was acknowledged, or what it was rewritten to, is reachable here, or a tombstone names it or what leads to it. */
async function expectKept(machine: Machine, world: World): Promise<void> {
  const { history } = machine.checkpoints
  const all = new Set<string>(await history.reachable(await allTips(machine)))
  const isThere = (id: string) => [...formsOf(id, world)].some((one) => all.has(one))
  for (const session of SESSIONS) {
    const lost = machine.made.filter((one) => one.session === session && !isThere(one.id))
    if (lost.length === 0) continue
    const named = (await gravesOf(machine, session)).flatMap((one) => one.tips.map(([, id]) => id))
    const seen = new Set<string>()
    const waiting = named.flatMap((id) => [...formsOf(id, world)])
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (seen.has(id)) continue
      seen.add(id)
      all.add(id)
      waiting.push(...(world.parents.get(id) ?? []))
    }
    for (const { id } of lost) expect(isThere(id), `${session} ${id}`).toBe(true)
  }
}

async function allTips({ checkpoints: { history } }: Machine): Promise<CommitId[]> {
  const all = [...history.everyRef('refs/')].filter(([ref]) => /^refs\/(?:heads|tags)\//.test(ref))
  return all.map(([, id]) => id as CommitId)
}

/** No branch is at what a tombstone names, or at something before it. */
async function expectNothingBack(machine: Machine): Promise<void> {
  const { history } = machine.checkpoints
  for (const session of SESSIONS) {
    const graves = new Graves(await gravesOf(machine, session))
    for (const [branch, tip] of Object.entries(await tips(machine.store, session))) {
      const key = `heads/${session}/${branch}`
      for (const { id } of graves.of(key, await continuedBy(history, tip as CommitId)))
        expect(await isBelow(history, tip as CommitId, id), `${key} at ${tip}, ${id} is deleted`).toBe(false)
    }
  }
}

const steps = Number(process.env.FORKPOINT_SYNC_STEPS ?? 0)
const first = Number(process.env.FORKPOINT_SYNC_SEED ?? 1)

test('machines that share a server keep what they saved, and agree in the end', {
  timeout: 1200_000,
}, async () => {
  const connect: Connect = (here, folder) => {
    const server = new Repository(folder)
    toClose.push(server)
    return new RepositoryRemote(here, server)
  }
  for (let seed = first; seed < first + (steps === 0 ? 2 : Math.ceil(steps / 300)); seed++)
    await run(seed, steps === 0 ? 100 : 300, connect)
})

test('so do machines that use the native git', { timeout: 1200_000 }, async () => {
  await run(
    first + 1000,
    steps === 0 ? 40 : Math.ceil(steps / 10),
    (here, folder) => new NativeRemote(here, locationOf(folder)),
  )
})
