import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ObjectId } from '../../src/ids.ts'
import { git } from './real-git.ts'
import { commitOf } from './support/commits.ts'
import {
  type Aftermath,
  aftermaths,
  cutsOf,
  expectRecovered,
  POWER_LOSSES,
  ROOT,
  recoveryCutsOf,
  type Scenario,
  type Scene,
} from './support/crash.ts'
import { type DiskState, exportTo, type PowerLoss } from './support/disk-state.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const timeout = SOAK ? 1_800_000 : 120_000
/** Every so many states real git is asked too. */
const GIT_EVERY = SOAK ? 10 : 100

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'
const OTHER = 'refs/heads/t/main'
const ACTIVE = 'refs/forkpoint/active/s'

/** `count` saves on one ref; returns the last commit. */
async function saves(scene: Scene, count: number, { settling = false, ref = MAIN, size = 0 } = {}) {
  const repository = scene.repository()
  let tip: ObjectId | undefined
  for (let n = 0; n < count; n++) {
    tip = await scene.save(repository, ref, `${ref} ${n}`, tip, size)
    if (settling) await repository.settle()
  }
  return { repository, tip: tip! }
}

/** As `git pack-refs --all` leaves them, synced. */
async function packRefs({ disk }: Scene, ...refs: string[]): Promise<void> {
  const lines = refs.sort().map((ref) => `${disk.readFile(`${ROOT}/${ref}`)!.toString().trim()} ${ref}\n`)
  disk.writeFile(
    `${ROOT}/packed-refs`,
    Buffer.from(`# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`),
  )
  await disk.syncFile(`${ROOT}/packed-refs`)
  for (const ref of refs) disk.unlink(`${ROOT}/${ref}`)
  for (const folder of ['', '/refs/heads/s', '/refs/heads/t', '/refs/heads'])
    await disk.syncDir(ROOT + folder)
}

const scenarios: Record<string, Scenario> = {
  'the first save of a new store': async (scene) => () => scene.save(scene.repository(), MAIN, 'one'),

  'a save': async (scene) => {
    const { tip } = await saves(scene, 1)
    const repository = scene.repository()
    return () => scene.save(repository, MAIN, 'two', tip)
  },

  'a group of saves on three refs, one of them big': async (scene) => {
    const { repository, tip } = await saves(scene, 1)
    const warm = await scene.save(repository, OTHER, 'warm')
    return () =>
      Promise.all([
        scene.save(repository, MAIN, 'two', tip),
        scene.save(repository, TRY, 'three', undefined, 20_000),
        scene.save(repository, OTHER, 'four', warm),
      ])
  },

  'a change of three refs together': async (scene) => {
    const { repository, tip } = await saves(scene, 1)
    const one = commitOf('one')
    const two = commitOf('two', tip)
    return () =>
      scene.change(repository, {
        moves: { [TRY]: one.id, [MAIN]: two.id },
        symbolic: { [ACTIVE]: TRY },
        objects: [...one.objects, ...two.objects],
      })
  },

  'saves that name the merged pack of sixteen others, and place it': async (scene) => {
    const { repository, tip } = await saves(scene, 16)
    // After the answer.
    await sleep(20)
    return async () => {
      const next = await scene.save(repository, MAIN, 'seventeen', tip)
      await scene.save(repository, MAIN, 'eighteen', next)
      // A pack and an index each, and those of the merged one.
      expect(scene.disk.readDir(`${ROOT}/objects/pack`)).toHaveLength(2 * 19)
    }
  },

  'a fork, which is one ref and no objects': async (scene) => {
    const { repository, tip } = await saves(scene, 2)
    return () => scene.change(repository, { moves: { [TRY]: tip } })
  },

  'the removal of refs, some of them packed': async (scene) => {
    const { repository } = await saves(scene, 1)
    await scene.save(repository, TRY, 'try')
    await scene.save(repository, OTHER, 'other')
    await repository.close()
    await packRefs(scene, MAIN, OTHER)
    return async () => {
      const again = scene.repository()
      await scene.change(again, { moves: { [MAIN]: null, [TRY]: null, [OTHER]: null } })
      await scene.save(again, MAIN, 'anew')
    }
  },

  'a settling that packs the new refs of its chapter, twice': async (scene) => {
    const repository = scene.repository({ packFrom: 2 })
    const old = await scene.save(repository, MAIN, 'one')
    return async () => {
      await scene.save(repository, TRY, 'two')
      await scene.save(repository, OTHER, 'three')
      await repository.settle()
      expect(repository.refs.looseNames('refs/heads/')).toEqual([])
      const next = await scene.save(repository, MAIN, 'four', old)
      await scene.save(repository, 'refs/heads/u/main', 'five')
      await scene.save(repository, 'refs/heads/v/main', 'five')
      await scene.change(repository, { moves: { [TRY]: null } })
      await repository.settle()
      expect(repository.refs.looseNames('refs/heads/')).toEqual([MAIN])
      expect([...repository.refs.list('refs/heads/').keys()]).toEqual([
        MAIN,
        OTHER,
        'refs/heads/u/main',
        'refs/heads/v/main',
      ])
      await scene.save(repository, MAIN, 'six', next)
    }
  },

  'a ref that comes and goes': async (scene) => {
    const { repository } = await saves(scene, 1)
    return async () => {
      for (let n = 0; n < 3; n++) {
        await scene.save(repository, TRY, `try ${n}`)
        if (n === 1) await repository.settle()
        await scene.change(repository, { moves: { [TRY]: null } })
      }
      await repository.settle()
    }
  },

  'a switch of a symbolic ref, there, back and away': async (scene) => {
    const { repository } = await saves(scene, 1)
    await scene.save(repository, TRY, 'try')
    await scene.change(repository, { symbolic: { HEAD: MAIN } })
    return async () => {
      await scene.change(repository, { symbolic: { [ACTIVE]: TRY } })
      await scene.change(repository, { symbolic: { [ACTIVE]: MAIN } })
      await repository.settle()
      await scene.change(repository, { symbolic: { [ACTIVE]: null, HEAD: TRY } })
      await scene.change(repository, { symbolic: { [ACTIVE]: TRY } })
      await scene.change(repository, { moves: { [TRY]: null }, symbolic: { [ACTIVE]: null, HEAD: MAIN } })
    }
  },

  'settling, and a journal that is used again': async (scene) => {
    const { repository, tip } = await saves(scene, 3)
    return async () => {
      await repository.settle()
      const next = await scene.save(repository, MAIN, 'next', tip)
      await repository.settle()
      await scene.save(repository, MAIN, 'last', next)
      await repository.close()
    }
  },

  'settling while saves go on': async (scene) => {
    const { repository, tip: first } = await saves(scene, 2)
    return async () => {
      let tip = first
      const settled: Promise<void>[] = []
      for (let n = 0; n < 4; n++) {
        const saved = scene.save(repository, MAIN, `meanwhile ${n}`, tip)
        settled.push(repository.settle())
        tip = await saved
        settled.push(repository.settle())
      }
      await Promise.all(settled)
    }
  },

  'the merge of many packs': async (scene) => {
    const { repository, tip } = await saves(scene, 23, { settling: true })
    return async () => {
      await scene.save(repository, MAIN, 'one too many', tip)
      await repository.settle()
    }
  },

  'a ref that is set back and goes on from there': async (scene) => {
    const { repository, tip } = await saves(scene, 6, { settling: true })
    await repository.settle()
    return async () => {
      const aside = await scene.save(repository, MAIN, 'aside')
      await repository.settle()
      const next = await scene.save(repository, MAIN, 'next', aside)
      await scene.change(repository, { moves: { [MAIN]: tip } })
      await scene.save(repository, MAIN, 'again', next)
    }
  },

  'two processes that take turns': async (scene) => {
    const { repository: a, tip: first } = await saves(scene, 1)
    const b = scene.repository()
    await scene.save(b, OTHER, 'warm')
    return async () => {
      let tip = first
      for (let n = 0; n < 2; n++) {
        tip = await scene.save(b, MAIN, `b ${n}`, tip)
        tip = await scene.save(a, MAIN, `a ${n}`, tip)
      }
      await Promise.all([a.settle(), scene.save(b, MAIN, 'last', tip)])
    }
  },
}

/** What git itself says of a copy of the disk. */
function expectCleanForGit(disk: DiskState, what: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-crash-'))
  try {
    exportTo(disk, ROOT, folder)
    git(folder, ['fsck', '--strict', '--full'])
  } catch (error) {
    expect.fail(`${what}: git fsck says ${(error as Error).message}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

let states = 0

async function check(aftermath: Aftermath): Promise<void> {
  const asksGit = states++ % GIT_EVERY === 0
  const { isKill, isDamaged, disk, what } = aftermath
  if (asksGit && isKill && !isDamaged && disk.files().has(`${ROOT}/HEAD`))
    expectCleanForGit(disk, `${what}, before recovery`)
  const scene = await expectRecovered(aftermath)
  if (asksGit) expectCleanForGit(scene.disk.state, what)
}

/** Every cut is looked at in all these ways in the long run, in a few of them in the short one. */
const lossesAt = (n: number): readonly PowerLoss[] =>
  SOAK
    ? [...POWER_LOSSES, ...Array.from({ length: 12 }, (_, i) => n * 12 + i + 1)]
    : ['nothing', POWER_LOSSES[2 + (n % 3)]!, n + 1]

describe('what was acknowledged survives a stop after any operation of', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it(name, { timeout }, async () => {
      for (const [n, cut] of (await cutsOf(scenario)).entries()) {
        for (const aftermath of aftermaths(cut, lossesAt(n))) await check(aftermath)
      }
    })
  }
})

describe('what was acknowledged survives a stop after any operation of the recovery from', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it(name, { timeout }, async () => {
      for (const first of await firstStops(scenario)) {
        for (const [n, cut] of (await recoveryCutsOf(first)).entries()) {
          for (const second of aftermaths(cut, SOAK ? ['nothing', 'zeros', n] : [n]))
            await check({ ...second, what: `${first.what}, then ${second.what}` })
        }
      }
    })
  }
})

/** Where the recovery begins: in the long run at a dozen places each way, in the short run a kill half way and a power loss near the end. */
async function firstStops(scenario: Scenario): Promise<Aftermath[]> {
  const cuts = await cutsOf(scenario)
  if (SOAK) {
    const step = Math.ceil(cuts.length / 12)
    const some = cuts.filter((_, n) => n % step === step >> 1)
    return some.flatMap((cut, n) => [...aftermaths(cut, [POWER_LOSSES[2 + (n % 3)]!, n])])
  }
  const [half, late] = [0.5, 0.8].map((part) => cuts[Math.floor(cuts.length * part)]!)
  return [[...aftermaths(half!, [])][0]!, [...aftermaths(late!, ['zeros'])][1]!]
}
