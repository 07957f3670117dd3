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
import { Graves } from '../../src/checkpoints/tombstones/graves.ts'
import { continuedBy, readTombstones } from '../../src/checkpoints/tombstones/tombstone.ts'
import { NotFoundError, UnsupportedError } from '../../src/errors.ts'
import { Repository } from '../../src/git/repository.ts'
import { locationOf } from '../../src/git/wire/native/location.ts'
import { NativeRemote } from '../../src/git/wire/native/remote.ts'
import type { Remote } from '../../src/git/wire/remote.ts'
import { type CommitId, goneRef, type SessionId } from '../../src/ids.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { fetchSessions } from '../../src/sync/fetch.ts'
import { isBelow } from '../../src/sync/planning/facts.ts'
import { RemoteNames } from '../../src/sync/planning/names.ts'
import { pushSessions } from '../../src/sync/push.ts'
import type { Sharing } from '../../src/sync/sharing.ts'
import { bareRepository } from '../git/real-git.ts'
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
const HOUR = 3600_000

interface Machine {
  store: GitSessionStore
  checkpoints: Checkpoints
  sharing: Sharing
  /** Checkpoints that were acknowledged here, by session. */
  made: { session: string; id: string }[]
  kept: Set<string>
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
  try {
    for (let step = 0; step < steps; step++) {
      const at = dice(machines.length)
      log.push(`${step} ${at} ${await act(machines[at]!, dice, step)}`)
      if (step % 10 === 0) for (const machine of machines) await expectKept(machine, machines)
    }
    for (let round = 0; round < 3; round++) for (const machine of machines) await sync(machine)
    for (const machine of machines) await sync(machine)
    const seen = await Promise.all(machines.map(listed))
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    for (const machine of machines) {
      await expectKept(machine, machines)
      await expectNothingBack(machine)
      expectClean(machine.store.folder)
    }
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

async function act(machine: Machine, dice: (below: number) => number, step: number): Promise<string> {
  const { store, made } = machine
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
    note1(machine, await fetchSessions(machine.sharing))
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
  if (choice < 65) {
    const { id } = await store.append(
      session,
      { messages: [message(`m${step}`, `step ${step}`)] },
      { branch: branch! },
    )
    note(id)
    return `append ${session}/${branch} ${id}`
  }
  const name = ['try', 'next'][dice(2)]!
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

async function sync(machine: Machine): Promise<void> {
  note1(machine, await fetchSessions(machine.sharing))
  const { refused } = await pushSessions(machine.sharing)
  expect(refused).toEqual([])
}

function note1(machine: Machine, { kept }: { kept: string[] }): void {
  machine.kept = new Set(kept)
}

/** Branches with their tips, without those that were reported. */
async function listed({ store, kept }: Machine): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for await (const { id } of store.list())
    for (const [branch, tip] of Object.entries(await tips(store, id))) all[`heads/${id}/${branch}`] = tip
  return Object.fromEntries(Object.entries(all).filter(([key]) => !kept.has(key)))
}

const gravesOf = async ({ checkpoints: { history } }: Machine, session: string) =>
  readTombstones(history, history.tip(goneRef(session as SessionId)))

/** Every checkpoint that was acknowledged is reachable here, or a tombstone names it or what leads to it. */
async function expectKept(machine: Machine, machines: readonly Machine[]): Promise<void> {
  const { history } = machine.checkpoints
  for (const session of SESSIONS) {
    const all = new Set(await history.reachable(await allTips(machine)))
    const lost = machine.made.filter((one) => one.session === session && !all.has(one.id as CommitId))
    if (lost.length === 0) continue
    // What is named may never have come here.
    const named = (await gravesOf(machine, session)).flatMap((one) =>
      one.tips.map(([, id]) => id as CommitId),
    )
    for (const { checkpoints } of machines) {
      const { objects } = checkpoints.history
      const there: CommitId[] = []
      for (const id of named) if ((await objects.tryRead(id))?.type === 'commit') there.push(id)
      for (const id of await checkpoints.history.reachable(there)) all.add(id)
    }
    for (const { id } of lost) expect(all.has(id as CommitId), `${session} ${id}`).toBe(true)
  }
}

async function allTips({ checkpoints: { history } }: Machine): Promise<CommitId[]> {
  const refs = history.repository.refs
  return [...refs.list('refs/heads/').values(), ...refs.list('refs/tags/').values()] as CommitId[]
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
