import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LockedError } from '../../src/errors.ts'
import type { Repository } from '../../src/git/repository.ts'
import type { ObjectId, RefName } from '../../src/ids.ts'
import { commitOf } from './support/commits.ts'
import {
  type Aftermath,
  aftermaths,
  expectKept,
  expectRecovered,
  POWER_LOSSES,
  ROOT,
  recoveryCutsOf,
  Scene,
} from './support/crash.ts'
import { afterPowerLoss, type DiskState, type PowerLoss } from './support/disk-state.ts'
import { Life } from './support/life.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const timeout = SOAK ? 1_800_000 : 120_000

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'
const ONE = commitOf('one')
const TWO = commitOf('two', ONE.id)

/** A ref of either kind, and the values that it takes. */
interface Shared {
  ref: RefName
  values: readonly (string | null)[]
}
const KINDS: Record<string, Shared> = {
  'a branch': { ref: 'refs/heads/s/shared', values: [null, ONE.id, TWO.id] },
  'a symbolic ref': { ref: 'refs/forkpoint/active/s', values: [null, MAIN, TRY] },
}

/** What a writer does after his move: he leaves it to the journal, settles, or ends. */
const AFTER = ['goes on', 'settles', 'ends'] as const

interface Step {
  who: string
  to: string | null
  next: (typeof AFTER)[number]
}

const change = (scene: Scene, repository: Repository, ref: RefName, to: string | null): Promise<void> =>
  scene.change(
    repository,
    ref.startsWith('refs/heads/')
      ? { moves: { [ref]: to as ObjectId | null } }
      : { symbolic: { [ref]: to as RefName | null } },
  )

/** A store at rest in which the ref has a value. */
async function stores(ref: RefName, values: readonly (string | null)[]): Promise<Map<string | null, Scene>> {
  const found = new Map<string | null, Scene>()
  for (const value of values) {
    const scene = new Scene()
    const repository = scene.repository()
    await scene.change(repository, { moves: { [MAIN]: ONE.id }, objects: ONE.objects })
    await scene.change(repository, { moves: { [TRY]: TWO.id }, objects: TWO.objects })
    if (value !== null) await change(scene, repository, ref, value)
    await scene.end()
    found.set(value, scene)
  }
  return found
}

/** The disk after these steps, with all who have not ended still there. */
async function play(from: Scene, ref: RefName, steps: readonly Step[]): Promise<Aftermath> {
  const scene = new Scene(from.disk.state.snapshot(), from.life, from.attempts)
  const writers = new Map<string, Repository>()
  for (const { who, to, next } of steps) {
    const repository = writers.get(who) ?? scene.repository()
    writers.set(who, repository)
    await change(scene, repository, ref, to)
    if (next === 'settles') await repository.settle()
    if (next === 'ends') {
      await repository.close()
      writers.delete(who)
    }
  }
  const disk = scene.disk.state.snapshot()
  const attempts = scene.attempts.map((attempt) => ({ ...attempt }))
  await scene.end()
  const what = steps.map(({ who, to, next }) => `${who} → ${to?.slice(0, 20)} and ${next}`).join(', ')
  return {
    operation: { n: 0, kind: 'write', path: what },
    disk,
    life: scene.life,
    attempts,
    isDamaged: false,
    what,
    isKill: false,
  }
}

async function check(cut: Aftermath, losses: readonly PowerLoss[]): Promise<void> {
  for (const aftermath of aftermaths(cut, losses)) {
    const scene = await expectRecovered(aftermath)
    await scene.end()
  }
}

/** All ways in which writers in this order can move a ref, each to a value that it does not have. */
function* allSteps(
  who: string,
  values: readonly (string | null)[],
  from: string | null,
): Generator<readonly Step[]> {
  const [first, ...rest] = who
  if (first === undefined) return yield []
  for (const to of values) {
    if (to === from) continue
    for (const next of AFTER)
      for (const later of allSteps(rest.join(''), values, to)) yield [{ who: first, to, next }, ...later]
  }
}

describe.each(Object.entries(KINDS))(
  '%s that several move, back and forth, is where the last of them left it',
  (_, { ref, values }) => {
    it('after any two moves of two', { timeout }, async () => {
      for (const [from, scene] of await stores(ref, values))
        for (const steps of allSteps('AB', values, from))
          await check(await play(scene, ref, steps), POWER_LOSSES)
    })

    it('after three moves of two or three', { timeout }, async () => {
      let n = 0
      for (const [from, scene] of await stores(ref, values)) {
        for (const who of ['ABA', 'ABB', 'AAB', 'ABC']) {
          for (const steps of allSteps(who, values, from)) {
            if (!SOAK && n++ % 23 !== 0) continue
            await check(await play(scene, ref, steps), SOAK ? POWER_LOSSES : ['nothing', 'everything', 1 + n])
          }
        }
      }
    })

    it('after any number of moves of three', { timeout }, async () => {
      const scenes = await stores(ref, values)
      const step = fc.record({
        who: fc.constantFrom('A', 'B', 'C'),
        to: fc.constantFrom(...values),
        next: fc.constantFrom(...AFTER),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...values),
          fc.array(step, { minLength: 4, maxLength: 12 }),
          fc.nat(1000),
          async (from, steps, loss) =>
            check(await play(scenes.get(from)!, ref, steps), ['nothing', 'everything', loss]),
        ),
        { numRuns: SOAK ? 1500 : 40 },
      )
    })
  },
)

const SHARED = KINDS['a branch']!.ref

it('Recovered halfway, and cut off again, a ref stays where the last move left it', { timeout }, async () => {
  const scenes = await stores(SHARED, [null])
  const steps: Step[] = [
    { who: 'A', to: ONE.id, next: 'goes on' },
    { who: 'B', to: null, next: 'goes on' },
    { who: 'C', to: ONE.id, next: 'goes on' },
    { who: 'A', to: null, next: 'goes on' },
    { who: 'B', to: TWO.id, next: 'goes on' },
  ]
  const cut = await play(scenes.get(null)!, SHARED, steps)
  for (const first of aftermaths(cut, ['nothing', 'everything'])) {
    for (const [n, again] of (await recoveryCutsOf(first)).entries())
      for (const second of aftermaths(again, SOAK ? POWER_LOSSES : ['nothing', n])) {
        const scene = await expectRecovered(second)
        await scene.end()
      }
  }
})

it('One that is told while it settles, or ends, is stopped anywhere', { timeout }, async () => {
  const scenes = await stores(SHARED, [null])
  const base = scenes.get(null)!
  const scene = new Scene(base.disk.state.snapshot(), base.life, base.attempts)
  const [a, b] = [scene.repository(), scene.repository()]
  await change(scene, a, SHARED, ONE.id)
  await change(scene, b, SHARED, null)
  scene.record()
  await Promise.all([a.settle(), b.settle()])
  await change(scene, b, SHARED, ONE.id)
  await change(scene, a, SHARED, null)
  await Promise.all([a.close(), b.settle()])
  await change(scene, b, SHARED, ONE.id)
  await b.close()
  await scene.end()
  for (const [n, cut] of scene.cuts.entries()) {
    for (const aftermath of aftermaths(cut, SOAK ? [...POWER_LOSSES, n] : ['nothing', 'everything', n])) {
      const after = await expectRecovered(aftermath)
      await after.end()
    }
  }
})

describe('a process that never settles', () => {
  it('is told of each of its moves once, however often others settle', async () => {
    const scene = [...(await stores(SHARED, [null])).values()][0]!
    const [idle, busy] = [scene.repository(), scene.repository()]
    await change(scene, idle, SHARED, ONE.id)
    for (let n = 0; n < 10; n++) {
      await change(scene, busy, SHARED, n % 2 === 0 ? null : ONE.id)
      await busy.settle()
    }
    expect(notes(scene.disk.state)).toHaveLength(1)
    await change(scene, idle, SHARED, TWO.id)
    await change(scene, busy, SHARED, null)
    await busy.close()
    expect(notes(scene.disk.state)).toHaveLength(2)
    await idle.settle()
    expect(notes(scene.disk.state)).toEqual([])
    await scene.end()
  })

  it('is told nothing of refs that it never moved', async () => {
    const scene = [...(await stores(SHARED, [null])).values()][0]!
    const [one, other] = [scene.repository(), scene.repository()]
    await change(scene, one, SHARED, ONE.id)
    await change(scene, other, 'refs/heads/other/main', ONE.id)
    await other.close()
    expect(notes(scene.disk.state)).toEqual([])
    await scene.end()
  })

  it('and of whom nobody can tell keeps others out until a person says that it is gone; then nothing is undone', async () => {
    const base = [...(await stores(SHARED, [null])).values()][0]!
    const elsewhere = new Scene(base.disk.state.snapshot(), new Life(1, 1, 'elsewhere'), base.attempts)
    await change(elsewhere, elsewhere.repository(), SHARED, ONE.id)
    const state = elsewhere.disk.state.snapshot()
    await elsewhere.end()
    const here = new Scene(afterPowerLoss(state, 'everything'), new Life(2, 2, 'here'), elsewhere.attempts)
    here.disk.unlink(`${ROOT}/forkpoint/clock`)
    await expect(change(here, here.repository(), SHARED, null)).rejects.toThrow(LockedError)
    const journals = `${ROOT}/forkpoint/journals`
    for (const name of here.disk.readDir(journals))
      here.disk.writeFile(`${journals}/${name}/owner.gone`, Buffer.of())
    await change(here, here.repository(), SHARED, null)
    await here.end()
    const back = new Scene(
      afterPowerLoss(here.disk.state, 'nothing'),
      new Life(3, 3, 'elsewhere'),
      here.attempts,
    )
    await back.repository().open()
    expectKept(back.disk.state, back.attempts, 'opened again')
    await back.end()
  })
})

const notes = (state: DiskState): string[] =>
  [...state.files().keys()].filter((name) => name.endsWith('.settled'))
