/**
 * The power fails while real processes work: every call that they make to the kernel is recorded, done again on a simulated disk,
 * and the disk is cut off at many places in all ways in which a power loss may leave it. Each is opened as after a restart.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Identity, systemIdentity } from '../../src/git/disk/identity.ts'
import { Repository } from '../../src/git/repository.ts'
import { encodeName } from '../../src/ref-part.ts'
import { newMessage } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { POWER_LOSSES } from '../git/support/crash.ts'
import { afterPowerLoss, exportTo, type PowerLoss, randomNumbers } from '../git/support/disk-state.ts'
import { type Note, Promises } from './support/promises.ts'
import { ReplayedDisk } from './support/replayed-disk.ts'
import { readTrace, type TracedCall, trace, whyNoTrace } from './support/traced-calls.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const timeout = SOAK ? 3_600_000 : 240_000
const CUTS = SOAK ? 120 : 12
const SEEDS = SOAK ? [1, 2, 3, 4, 5] : [Math.floor(Date.now() / 86_400_000)]
const MILLISECONDS = SOAK ? 6000 : 2500

const reason = whyNoTrace()
if (reason !== undefined)
  console.warn(`SKIPPED: power loss under real processes is not tested, since ${reason}.`)

const WRITER = join(import.meta.dirname, 'support/power-loss-writer.mjs')

/** After a restart of the machine: of those before nobody lives. */
const afterRestart: Identity = {
  newOwner: () => ({ ...systemIdentity.newOwner(), boot: 'after the restart' }),
  liveness: (owner) => (owner.pid === process.pid ? 'alive' : 'rebooted'),
}

describe.skipIf(reason !== undefined).each(['plain', 'maintain'])(
  'After a power loss under three processes (%s)',
  (mode) => {
    it.each(SEEDS)(
      'everything acknowledged is there, nothing undone is back, and the store is whole (seed %i)',
      { timeout },
      async (seed) => {
        const folder = tempFolder()
        const store = join(folder, 'store')
        const calls = await record(folder, store, mode, seed)
        const random = randomNumbers(seed)
        const disk = new ReplayedDisk(folder)
        const promises = new Promises()
        let done = 0
        for (const [n, cut] of cutsOf(calls, random).entries()) {
          for (const call of calls.slice(done, cut)) {
            if (isNote(call)) for (const note of notesIn(call)) promises.note(note)
            else disk.apply(call)
          }
          done = cut
          const loss = lossAt(n, random)
          const place = join(folder, `cut-${n}`)
          mkdirSync(place)
          exportTo(afterPowerLoss(disk.state, loss), store, place)
          await expectKept(place, promises, `seed ${seed}, call ${cut} of ${calls.length}, ${loss} survives`)
          rmSync(place, { recursive: true })
        }
        expect(promises.granted, 'promises').toBeGreaterThan(10)
      },
    )
  },
)

/** Numbers of calls after which the power fails, in order; half of them right after an answer, when most can be lost. */
function cutsOf(calls: readonly TracedCall[], random: () => number): number[] {
  const answers = calls.flatMap((call, n) => (isNote(call) ? [n + 1] : []))
  const cuts = Array.from({ length: CUTS }, () =>
    random() < 0.5 ? answers[Math.floor(random() * answers.length)]! : Math.ceil(random() * calls.length),
  )
  return cuts.sort((a, b) => a - b)
}

const lossAt = (n: number, random: () => number): PowerLoss =>
  random() < 0.6 ? 1 + Math.floor(random() * 1e6) : POWER_LOSSES[n % POWER_LOSSES.length]!

async function record(folder: string, store: string, mode: string, seed: number): Promise<TracedCall[]> {
  const [notes, log] = [join(folder, 'notes'), join(folder, 'log')]
  const writer = (name: string) =>
    `'${process.execPath}' '${WRITER}' '${store}' '${notes}' ${name} ${MILLISECONDS} ${seed} ${mode} &`
  trace(`${['A', 'B', 'C'].map(writer).join(' ')} wait`, log, folder)
  const calls = await readTrace(log, folder)
  rmSync(log)
  return calls
}

const isNote = (call: TracedCall): boolean => call.path.endsWith('/notes')

const notesIn = (call: TracedCall): Note[] =>
  call.kind !== 'write'
    ? []
    : call.data
        .toString()
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Note]))

async function expectKept(folder: string, promises: Promises, what: string): Promise<void> {
  expect(promises.errors, what).toEqual([])
  if (!existsSync(join(folder, 'HEAD'))) {
    for (const [name, allowed] of promises.allowed())
      expect([...allowed], `${what}: no store, ${name}`).toContain('gone')
    return
  }
  const repository = new Repository(folder, { identity: afterRestart })
  const store = new GitSessionStore(repository)
  const found = await sessionsOf(store)
  expectClean(folder, what)
  for (const [name, allowed] of promises.allowed())
    expect([...allowed], `${what}: ${name}`).toContain(stateOf(name, found))
  expectSaved(folder, promises, what)

  await store.append('one', { messages: [newMessage('user', 'after')] }).catch((error) => {
    if (error.code !== 'NOT_FOUND') throw error
  })
  expect((await store.verify()).problems, what).toEqual([])
  await store.maintain()
  await store.close()
  await repository.close()
  expectClean(folder, `${what}, maintained`)
}

interface Found {
  branches: Set<string>
  tags: Set<string>
  active: string | undefined
}

async function sessionsOf(store: GitSessionStore): Promise<Found> {
  const found: Found = { branches: new Set(), tags: new Set(), active: undefined }
  for await (const { id } of store.list()) {
    for (const branch of await store.branches(id)) {
      found.branches.add(`${id}/${branch.name}`)
      if (id === 'two' && branch.active) found.active = branch.name
    }
  }
  if (found.branches.has('two/main'))
    for (const { name } of await store.tags('two')) found.tags.add(`tag ${name}`)
  return found
}

function stateOf(name: string, { branches, tags, active }: Found): string {
  if (name === 'active two') return active ?? 'gone'
  return (name.startsWith('tag ') ? tags : branches).has(name) ? 'there' : 'gone'
}

function expectClean(folder: string, what: string): void {
  try {
    expect(gitText(folder, ['fsck', '--strict', '--full', '--no-dangling', '--no-progress']), what).toBe('')
  } catch (error) {
    expect.fail(`${what}: ${(error as Error).message}`)
  }
}

/** Each acknowledged checkpoint is on the line that it was saved on. */
function expectSaved(folder: string, promises: Promises, what: string): void {
  const lines = new Map<string, Set<string>>()
  for (const { what: name, id } of promises.kept()) {
    const ref = `refs/heads/${name.replace(/[^/]*[A-Z][^/]*/g, encodeName)}`
    const line = lines.get(ref) ?? new Set(gitText(folder, ['rev-list', ref, '--']).split('\n'))
    lines.set(ref, line)
    if (!line.has(id)) expect.fail(`${what}: ${ref} has lost ${id}`)
  }
}
