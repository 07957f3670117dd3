import fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/git/repository.ts'
import type { RepositoryOptions } from '../../src/git/repository-options.ts'
import type { ObjectId, RefName } from '../../src/ids.ts'
import { git, gitText, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'
import {
  type Aftermath,
  aftermaths,
  expectKept,
  expectRecovered,
  expectTidy,
  ROOT,
  recoveryCutsOf,
  Scene,
} from './support/crash.ts'
import { afterPowerLoss } from './support/disk-state.ts'
import { Life } from './support/life.ts'

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'

const open = (folder: string, life: Life, options: RepositoryOptions = {}): Repository =>
  new Repository(folder, { identity: life.identity, settleAfter: 1e9, lockTimeout: 300, ...options })

async function save(repository: Repository, ref: RefName, text: string): Promise<ObjectId> {
  return repository.change({
    refs: [ref],
    prepare: (current) => {
      const { id, objects } = commitOf(text, current.get(ref))
      return { objects, moves: new Map([[ref, id]]), result: id }
    },
  })
}

const refsOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    gitText(folder, ['for-each-ref', '--format=%(refname) %(objectname)'])
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => text.split(' ') as [string, string]),
  )

const child = (folder: string, parent: string): string =>
  gitText(folder, ['commit-tree', '-m', 'by git', '-p', parent, `${parent}^{tree}`])

/** Opens, saves elsewhere and closes, as the next process does. */
async function recover(folder: string, life: Life): Promise<void> {
  const repository = open(folder, life)
  await save(repository, 'refs/heads/next/main', `next ${life.boot} ${life.run}`)
  await repository.close()
  git(folder, ['fsck', '--strict', '--full'])
  expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
  expect(fs.readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
}

const deaths: Record<string, (life: Life) => Life> = {
  'a kill': (life) => life.afterKill(),
  'a power loss': (life) => life.afterPowerLoss(),
}

for (const [death, reborn] of Object.entries(deaths)) {
  describe(`recovery from ${death}`, () => {
    it('leaves what git has moved, deleted or packed since', async () => {
      const folder = join(tempFolder(), 'store')
      const life = new Life()
      const old = open(folder, life)
      const names = ['moved', 'deleted', 'back', 'packed'].map((name) => `refs/heads/s/${name}` as const)
      const [moved, deleted, back, packed] = names as [RefName, RefName, RefName, RefName]
      for (const ref of names) await save(old, ref, 'settled')
      await old.settle()
      const tips: Record<string, ObjectId> = {}
      for (const ref of names) tips[ref] = await save(old, ref, 'not settled')
      const by = child(folder, tips[moved]!)
      git(folder, ['update-ref', moved, by])
      git(folder, ['update-ref', '-d', deleted])
      git(folder, ['pack-refs', '--all'])
      const elsewhere = child(folder, `${tips[back]}~1`)
      git(folder, ['update-ref', back, elsewhere])
      await recover(folder, reborn(life))
      const { 'refs/heads/next/main': _, ...refs } = refsOf(folder)
      expect(refs).toEqual({ [moved]: by, [back]: elsewhere, [packed]: tips[packed] })
    })

    it('copes with git gc having repacked and pruned everything in between', async () => {
      const folder = join(tempFolder(), 'store')
      const life = new Life()
      const old = open(folder, life)
      let tip = ''
      for (let n = 0; n < 20; n++) tip = await save(old, MAIN, `${n}`)
      git(folder, ['gc', '--quiet', '--prune=now'])
      tip = await save(old, MAIN, 'after gc')
      git(folder, ['repack', '-adq'])
      await recover(folder, reborn(life))
      expect(refsOf(folder)[MAIN]).toBe(tip)
      expect(gitText(folder, ['rev-list', '--count', MAIN])).toBe('21')
    })

    it('finds the end of a line that several dead processes have written in turn', async () => {
      for (let round = 0; round < 4; round++) {
        const folder = join(tempFolder(), 'store')
        const life = new Life()
        let clock = 1_000_000
        const all = Array.from({ length: 3 }, () => open(folder, life, { now: () => clock }))
        let tip = ''
        for (let n = 0; n < 12; n++) {
          // The clock is no help: it jumps back and forth.
          clock += n % 2 === 0 ? -7000 : 6000
          const one = all[(n * (round + 1)) % 3]!
          tip = await save(one, MAIN, `${n}`)
          if ((n + round) % 4 === 3) await all[round % 3]!.settle()
        }
        await recover(folder, reborn(life))
        expect(refsOf(folder)[MAIN]).toBe(tip)
        expect(gitText(folder, ['rev-list', '--count', MAIN])).toBe('12')
      }
    })

    it('is done by one of several that open the store at the same time, and all can save', async () => {
      for (let round = 0; round < 8; round++) {
        const scene = new Scene()
        const dead = [scene.repository(), scene.repository(), scene.repository()]
        for (const [n, one] of dead.entries()) {
          await scene.save(one, `refs/heads/s${n}/main`, 'one')
          await scene.save(one, MAIN, `from ${n}`)
        }
        const next = new Scene(scene.disk.state.snapshot(), reborn(scene.life), scene.attempts)
        const all = Array.from({ length: 4 }, () => next.repository({ lockTimeout: 2000 }))
        await Promise.all(
          all.map(async (one, n) => {
            expect(await one.open()).toBe(true)
            expectKept(next.disk.state, next.attempts, `round ${round}, opened by ${n}`)
            await next.save(one, `refs/heads/n${n}/main`, `${n}`)
          }),
        )
        await next.end()
        expectTidy(expectKept(next.disk.state, next.attempts, `round ${round}`), `round ${round}`)
      }
    })

    it('that one process could not finish is left to another', async () => {
      const scene = new Scene()
      await scene.save(scene.repository(), MAIN, 'one')
      const next = new Scene(scene.disk.state.snapshot(), reborn(scene.life), scene.attempts)
      const [first, second] = [next.repository(), next.repository()]
      next.disk.fault = ({ kind }) => (kind === 'syncDir' ? { error: 'EIO' } : undefined)
      await expect(next.save(first, TRY, 'two')).rejects.toMatchObject({ code: 'STORAGE' })
      next.disk.fault = () => undefined
      await next.save(second, TRY, 'three')
      await next.end()
      expectTidy(expectKept(next.disk.state, next.attempts, 'left to another'), 'left to another')
    })
  })
}

it('a journal of several does not come back alone and tell half of what happened', async () => {
  const scene = new Scene()
  const repository = scene.repository()
  await scene.save(repository, MAIN, 'one')
  await scene.save(repository, TRY, 'made in the first journal')
  scene.disk.fault = ({ kind }) => (kind === 'syncFile' ? { error: 'EIO' } : undefined)
  await expect(repository.settle()).rejects.toMatchObject({ code: 'STORAGE' })
  scene.disk.fault = () => undefined
  await scene.change(repository, { moves: { [TRY]: null } })
  const { life, attempts, disk } = scene
  const killed: Aftermath = {
    operation: { n: 0, kind: 'unlink', path: TRY },
    disk: disk.state,
    life: life.afterKill(),
    attempts,
    isDamaged: false,
    isKill: true,
    what: 'killed',
  }
  const cuts = (await recoveryCutsOf(killed)).filter(({ operation }) => operation.path.includes('.done'))
  expect(cuts.length).toBeGreaterThan(4)
  for (const cut of cuts) {
    for (const aftermath of aftermaths(
      cut,
      Array.from({ length: 12 }, (_, n) => n + 1),
    ))
      await expectRecovered(aftermath)
  }
})

describe('what is of another host, or of a version to come', () => {
  it('is left alone, locks included, and nothing is saved beside what it has not settled', async () => {
    const scene = new Scene(undefined, new Life(1, 1, 'elsewhere'))
    const other = scene.repository()
    await scene.save(other, MAIN, 'one')
    const early = new Scene(scene.disk.state.snapshot(), new Life(2, 2, 'here'), scene.attempts)
    const folder = `${ROOT}/forkpoint/journals/${owners(scene)[0]}`
    await expect(early.save(early.repository({ lockTimeout: 40 }), MAIN, 'two')).rejects.toMatchObject({
      code: 'LOCKED',
      file: folder,
      message: expect.stringContaining(`create the file '${folder}/owner.gone'`),
    })
    // Reading needs nobody's word.
    expect(await early.repository().open()).toBe(true)
    await early.end()
    expect(owners(early)).toEqual(owners(scene))
    await other.settle()
    scene.disk.link(`${ROOT}/forkpoint/journals/${owners(scene)[0]}/owner`, `${ROOT}/${TRY}.lock`)
    const before = owners(scene)
    const next = new Scene(scene.disk.state.snapshot(), new Life(2, 2, 'here'), scene.attempts)
    const repository = next.repository({ lockTimeout: 40 })
    await next.save(repository, MAIN, 'two')
    await expect(next.save(repository, TRY, 'three')).rejects.toMatchObject({ code: 'LOCKED' })
    await next.end()
    expect(owners(next)).toEqual(before)
  })

  it('is recovered once somebody says that it is gone', async () => {
    const scene = new Scene(undefined, new Life(1, 1, 'elsewhere'))
    await scene.save(scene.repository(), MAIN, 'one')
    const life = new Life(2, 2, 'here')
    const next = new Scene(afterPowerLoss(scene.disk.state, 'nothing'), life, scene.attempts)
    next.disk.writeFile(`${ROOT}/forkpoint/journals/${owners(next)[0]}/owner.gone`, Buffer.alloc(0))
    await next.save(next.repository(), TRY, 'two')
    expectKept(next.disk.state, next.attempts, 'saved')
    await next.end()
    expectTidy(expectKept(next.disk.state, next.attempts, 'closed'), 'closed')
  })

  it('is of this one before a restart when no other host can have the disk', async () => {
    const scene = new Scene(undefined, new Life(1, 1, 'container 1'))
    scene.disk.local = true
    await scene.save(scene.repository(), MAIN, 'one')
    const life = new Life(2, 2, 'container 2')
    const next = new Scene(afterPowerLoss(scene.disk.state, 'nothing'), life, scene.attempts)
    next.disk.local = true
    const repository = next.repository()
    expect(await repository.open()).toBe(true)
    expectKept(next.disk.state, next.attempts, 'opened')
    await next.save(repository, MAIN, 'two')
    await next.end()
    expectTidy(expectKept(next.disk.state, next.attempts, 'closed'), 'closed')
  })

  it('is refused, and not touched', async () => {
    const scene = new Scene()
    await scene.save(scene.repository(), MAIN, 'one')
    const journal = `${ROOT}/forkpoint/journals/${owners(scene)[0]}/0.journal`
    const content = scene.disk.readFile(journal)!
    const later = Buffer.concat([Buffer.from('forkpoint-journal 2 '), content.subarray(20)])
    scene.disk.writeFile(journal, later)
    const next = new Scene(scene.disk.state.snapshot(), scene.life.afterKill(), scene.attempts)
    const repository = next.repository()
    await expect(next.save(repository, TRY, 'two')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(next.disk.readFile(journal)!.equals(later)).toBe(true)
    await next.end()
  })
})

const owners = ({ disk }: Scene): string[] => disk.readDir(`${ROOT}/forkpoint/journals`)

it('a store from which everything of ours was deleted is worked with like any bare repository', async () => {
  const folder = join(tempFolder(), 'store')
  const life = new Life()
  const old = open(folder, life)
  const first = await save(old, MAIN, 'one')
  await old.close()
  fs.rmSync(join(folder, 'forkpoint'), { recursive: true })
  await recover(folder, life.afterKill())
  expect(refsOf(folder)[MAIN]).toBe(first)
})

it('folders and temporaries that say nothing of their owner go when they are old', async () => {
  let now = Date.now()
  const scene = new Scene(undefined, undefined, [], () => now)
  const first = scene.repository({ now: () => now })
  await scene.save(first, MAIN, 'one')
  const folder = `${ROOT}/forkpoint/journals/${'a'.repeat(16)}`
  const file = `${ROOT}/forkpoint/tmp/${'b'.repeat(16)}-0`
  scene.disk.makeDir(folder)
  scene.disk.writeFile(`${folder}/owner`, Buffer.from(''))
  scene.disk.writeFile(file, Buffer.from('half'))
  await scene.save(scene.repository({ now: () => now }), TRY, 'two')
  expect(scene.disk.stat(folder) && scene.disk.stat(file)).toBeDefined()
  now += 2 * 3_600_000
  await scene.save(scene.repository({ now: () => now }), TRY, 'three')
  expect(scene.disk.stat(folder) ?? scene.disk.stat(file)).toBeUndefined()
  await scene.end()
})
