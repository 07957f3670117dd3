/**
 * Stops a scenario after each of its operations on the disk, once by killing the process and once for every way
 * in which a disk may look after a power loss, and checks that what must hold does.
 */

import { expect } from 'vitest'
import type { NewObject } from '../../../src/git/objects/object.ts'
import { Repository } from '../../../src/git/repository.ts'
import type { RepositoryOptions } from '../../../src/git/repository-options.ts'
import type { ObjectId, RefName } from '../../../src/ids.ts'
import { commitOf } from './commits.ts'
import { afterPowerLoss, DiskState, type PowerLoss } from './disk-state.ts'
import { judge, type Verdict } from './judge.ts'
import { Life } from './life.ts'
import { type Operation, SimulatedDisk } from './simulated-disk.ts'

export const ROOT = '/data/store'

/** A change that a scenario asked for. */
export interface Attempt {
  moves: ReadonlyMap<RefName, string | null>
  state: 'waiting' | 'acknowledged' | 'refused'
}

/** What a process that was stopped leaves: the disk, and what it had been told. */
export interface Cut {
  operation: Operation
  disk: DiskState
  life: Life
  attempts: readonly Attempt[]
  /** A power loss has not been recovered from yet: until then plain git sees what the disk happens to hold. */
  isDamaged: boolean
}

/** A disk that a cut has left, and in whose eyes. */
export interface Aftermath extends Cut {
  what: string
  isKill: boolean
}

export interface ChangeRequest {
  /** Plain refs by name; `null` deletes. */
  moves?: Partial<Record<RefName, ObjectId | null>>
  symbolic?: Partial<Record<RefName, RefName | null>>
  objects?: readonly NewObject[]
}

/** A process on a simulated disk that notes what it was promised. */
export class Scene {
  readonly disk: SimulatedDisk
  readonly life: Life
  readonly attempts: Attempt[]
  readonly cuts: Cut[] = []
  private readonly repositories: Repository[] = []

  constructor(
    state = new DiskState(),
    life = new Life(),
    attempts: readonly Attempt[] = [],
    now: () => number = Date.now,
    kernel: SimulatedDisk['kernel'] = new Map(),
  ) {
    this.disk = new SimulatedDisk({ state, now, kernel })
    this.life = life
    this.attempts = attempts.map((attempt) => ({ ...attempt }))
  }

  /** From now on every operation is a place to stop. */
  record(isDamaged = false): void {
    this.disk.onOperation = (operation) => {
      this.cuts.push({
        operation,
        disk: this.disk.state.snapshot(),
        life: this.life,
        attempts: this.attempts.map((attempt) => ({ ...attempt })),
        isDamaged,
      })
    }
  }

  repository(options: RepositoryOptions = {}): Repository {
    const repository = new Repository(ROOT, {
      fs: this.disk,
      identity: this.life.identity,
      settleAfter: 1e9,
      lockTimeout: 200,
      ...options,
    })
    this.repositories.push(repository)
    return repository
  }

  async change(
    repository: Repository,
    { moves = {}, symbolic = {}, objects = [] }: ChangeRequest,
  ): Promise<void> {
    const attempt: Attempt = {
      moves: new Map<RefName, string | null>([...entries(moves), ...entries(symbolic)]),
      state: 'waiting',
    }
    this.attempts.push(attempt)
    try {
      await repository.change({
        refs: [...attempt.moves.keys()],
        prepare: () => ({
          objects,
          moves: new Map(entries(moves)),
          symbolic: entries(symbolic).map(([ref, to]) => ({ ref, to })),
          result: undefined,
          placed: () => {
            attempt.state = 'acknowledged'
          },
        }),
      })
    } catch (error) {
      attempt.state = 'refused'
      throw error
    }
  }

  /** Saves a new commit on a ref; returns its id. */
  async save(
    repository: Repository,
    ref: string,
    text: string,
    parent?: ObjectId,
    size?: number,
  ): Promise<ObjectId> {
    const { id, objects } = commitOf(text, parent, size)
    await this.change(repository, { moves: { [ref]: id }, objects })
    return id
  }

  /** Ends the process properly. */
  async end(): Promise<void> {
    this.disk.onOperation = undefined
    for (const repository of this.repositories) await repository.close()
    expect(this.disk.openFiles, 'open files').toBe(0)
  }
}

/** Prepares a disk, and returns what is to be stopped everywhere. */
export type Scenario = (scene: Scene) => Promise<() => Promise<unknown>>

export async function cutsOf(scenario: Scenario): Promise<Cut[]> {
  const scene = new Scene()
  const act = await scenario(scene)
  scene.record()
  await act()
  await scene.end()
  return scene.cuts
}

/** Records the cuts of the recovery from what a cut has left. */
export async function recoveryCutsOf({ disk, life, attempts, isKill, isDamaged }: Aftermath): Promise<Cut[]> {
  const scene = new Scene(disk.snapshot(), life, attempts)
  scene.record(isDamaged || !isKill)
  const repository = scene.repository()
  await repository.open()
  await repository.change({
    refs: [NEXT],
    prepare: () => ({ objects: [], moves: new Map(), result: undefined }),
  })
  await scene.end()
  return scene.cuts
}

/** The disks that a cut can leave: what survives, and the life in which somebody looks at it. */
export function* aftermaths(cut: Cut, losses: readonly PowerLoss[]): Generator<Aftermath> {
  const seen = new Set<string>()
  const at = `${cut.operation.n}: ${cut.operation.kind} ${cut.operation.path}${cut.operation.half ? ' (half)' : ''}`
  yield {
    ...cut,
    disk: cut.disk.snapshot(),
    life: cut.life.afterKill(),
    isKill: true,
    what: `killed after ${at}`,
  }
  for (const loss of losses) {
    const disk = afterPowerLoss(cut.disk, loss)
    const hash = disk.hash()
    if (seen.has(hash)) continue
    seen.add(hash)
    yield {
      ...cut,
      disk,
      life: cut.life.afterPowerLoss(),
      isKill: false,
      what: `power loss (${loss}) after ${at}`,
    }
  }
}

export const POWER_LOSSES: readonly PowerLoss[] = [
  'nothing',
  'everything',
  'names',
  'zeros',
  'garbage',
  'contents',
]

/** Values that a ref may have: the last that was acknowledged, or any that was asked for since. */
export function allowedValues(attempts: readonly Attempt[]): Map<RefName, Set<string | null>> {
  const allowed = new Map<RefName, Set<string | null>>()
  for (const { moves, state } of attempts) {
    for (const [ref, to] of moves) {
      const before = allowed.get(ref) ?? new Set([null])
      allowed.set(ref, state === 'acknowledged' ? new Set([to]) : new Set([...before, to]))
    }
  }
  return allowed
}

const valueIn = ({ refs, symbolic }: Verdict, ref: RefName): string | null =>
  refs.get(ref) ?? symbolic.get(ref) ?? null

/** Every ref is at a value it may have, everything it reaches is there, nothing else is broken. */
export function expectKept(disk: DiskState, attempts: readonly Attempt[], what: string): Verdict {
  const verdict = judge(disk, ROOT)
  expect(verdict.problems, what).toEqual([])
  for (const [ref, allowed] of allowedValues(attempts)) {
    const value = valueIn(verdict, ref)
    if (!allowed.has(value))
      expect.fail(`${what}: ${ref} is ${value}, should be one of ${[...allowed].join(', ')}`)
  }
  return verdict
}

/** A change of several refs that was not acknowledged happened as a whole or not at all. */
function expectWhole(verdict: Verdict, attempts: readonly Attempt[], what: string): void {
  const last = attempts.at(-1)
  if (last === undefined || last.moves.size < 2) return
  const moved = [...last.moves].filter(([ref, to]) => valueIn(verdict, ref) === to)
  expect([0, last.moves.size], `${what}: refs moved`).toContain(moved.length)
}

/** Reopens the store as the next process would, saves on every ref, and looks at what is left. */
export async function expectRecovered(aftermath: Aftermath): Promise<Scene> {
  const { what, attempts, disk, life, isKill, isDamaged } = aftermath
  // After a kill every git tool sees what was acknowledged, before anybody of us looks.
  if (isKill && !isDamaged && hasHead(disk)) expectKept(disk, attempts, `${what}, before recovery`)

  const later = (): number => Date.now() + 2 * HOUR
  const scene = new Scene(disk, life, attempts, later)
  const repository = scene.repository({ now: later })
  if (await repository.open()) {
    const verdict = isKill ? undefined : expectKept(disk, attempts, `${what}, opened`)
    for (const [ref, value] of verdict?.refs ?? []) {
      expect(repository.refs.read(ref), what).toBe(value)
      expect((await repository.objects.read(value)).type, what).toBe('commit')
    }
  } else {
    const acknowledged = attempts.filter(({ state }) => state === 'acknowledged')
    expect(acknowledged, `${what}: no store`).toEqual([])
  }

  await scene.save(repository, NEXT, 'next')
  const recovered = expectKept(disk, attempts, `${what}, recovered`)
  if (isKill && !isDamaged) expectWhole(recovered, attempts, what)

  // The next save works at once, on each ref.
  const refs = new Set(attempts.flatMap(({ moves }) => [...moves.keys()]))
  await Promise.all(
    [...refs].map((ref) =>
      isSymbolic(ref)
        ? scene.change(repository, { symbolic: { [ref]: NEXT } as Partial<Record<RefName, RefName>> })
        : scene.save(repository, ref, `after ${ref}`, recovered.refs.get(ref)),
    ),
  )
  expectKept(disk, scene.attempts, `${what}, saved`)
  await repository.close()
  const closed = expectKept(disk, scene.attempts, `${what}, closed`)
  expectTidy(closed, what)
  if (isKill && !isDamaged) expect(halfPacks(closed), `${what}: half packs`).toEqual([])
  expect(scene.disk.openFiles, `${what}: open files`).toBe(0)
  return scene
}

/** Nothing of the dead is left. */
export function expectTidy({ files }: Verdict, what: string): void {
  const left = files.filter(
    (name) => /\.(?:keep|lock)$/.test(name) || /^forkpoint\/(?:tmp|journals)\/./.test(name),
  )
  expect(left, `${what}: left behind`).toEqual([])
}

/** Packs without an index: to git they are garbage. */
const halfPacks = ({ files }: Verdict): string[] =>
  files.filter((name) => name.endsWith('.pack') && !files.includes(name.replace(/pack$/, 'idx')))

const NEXT = 'refs/heads/next/main'
const HOUR = 3_600_000

const isSymbolic = (ref: string): boolean => ref === 'HEAD' || ref.startsWith('refs/forkpoint/')

const hasHead = (state: DiskState): boolean => state.files().has(`${ROOT}/HEAD`)

const entries = <T>(record: Partial<Record<RefName, T>>): [RefName, T][] =>
  Object.entries(record) as [RefName, T][]
