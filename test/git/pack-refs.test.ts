import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/git/repository.ts'
import { maintenance } from '../../src/git/upkeep/maintenance.ts'
import { packRefs } from '../../src/git/upkeep/pack-refs.ts'
import type { ObjectId, RefName } from '../../src/ids.ts'
import { git, gitText, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'
import { aftermaths, cutsOf, expectRecovered, POWER_LOSSES, type Scenario } from './support/crash.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'

const ONE = commitOf('one')
const TWO = commitOf('two', ONE.id)

async function storeWith(
  refs: Record<`refs/${string}`, ObjectId>,
): Promise<{ folder: string; repository: Repository }> {
  const folder = join(tempFolder(), 'store')
  const repository = new Repository(folder, { lockTimeout: 100 })
  await repository.change({
    refs: Object.keys(refs) as RefName[],
    prepare: () => ({
      objects: [...ONE.objects, ...TWO.objects],
      moves: new Map(Object.entries(refs) as [RefName, ObjectId][]),
      result: undefined,
    }),
  })
  await repository.settle()
  return { folder, repository }
}

const allRefs = (folder: string): string =>
  gitText(folder, ['for-each-ref', '--format=%(refname) %(objectname) %(*objectname)'])

describe('packing refs', () => {
  it('leaves every ref where it was, for us and for git, and no file of its own', async () => {
    const { folder, repository } = await storeWith({
      [MAIN]: ONE.id,
      [TRY]: TWO.id,
      'refs/tags/s/one': ONE.id,
    })
    const before = allRefs(folder)
    await packRefs(repository)
    expect(allRefs(folder)).toBe(before)
    for (const ref of [MAIN, TRY, 'refs/tags/s/one']) expect(existsSync(join(folder, ref)), ref).toBe(false)
    expect(repository.refs.read(TRY)).toBe(TWO.id)
    await repository.change({
      refs: [MAIN, TRY],
      prepare: () => ({
        objects: [],
        moves: new Map([
          [MAIN, TWO.id],
          [TRY, null],
        ]),
        result: undefined,
      }),
    })
    await packRefs(repository)
    await repository.close()
    expect(allRefs(folder)).toBe(`${MAIN} ${TWO.id} \nrefs/tags/s/one ${ONE.id} `.trim())
    git(folder, ['fsck', '--strict'])
  })

  it('keeps what git has packed, and leaves to git what is no commit', async () => {
    const { folder, repository } = await storeWith({ [MAIN]: ONE.id, 'refs/heads/a/main': ONE.id })
    const tag = (name: string): void => void git(folder, ['tag', '-a', '-m', name, name, ONE.id])
    tag('packed')
    git(folder, ['pack-refs', '--all'])
    tag('loose')
    git(folder, ['update-ref', 'refs/heads/z/main', TWO.id])
    git(folder, ['update-ref', MAIN, TWO.id])
    const before = allRefs(folder)
    await packRefs(repository)
    expect(allRefs(folder)).toBe(before)
    expect(existsSync(join(folder, 'refs/tags/loose'))).toBe(true)
    expect(existsSync(join(folder, 'refs/heads/z/main'))).toBe(false)
    const lines = readFileSync(join(folder, 'packed-refs'), 'utf8').split('\n')
    expect(lines.filter((line) => line.startsWith('^'))).toEqual([`^${ONE.id}`])
    git(folder, ['pack-refs', '--all'])
    expect(allRefs(folder)).toBe(before)
    await repository.close()
  })

  it('leaves alone what somebody has locked, what is symbolic and what is broken', async () => {
    const { folder, repository } = await storeWith({ [MAIN]: ONE.id, [TRY]: TWO.id })
    writeFileSync(join(folder, `${TRY}.lock`), '')
    writeFileSync(join(folder, 'refs/heads/s/broken'), 'rubbish\n')
    mkdirSync(join(folder, 'refs/heads/t'))
    writeFileSync(join(folder, 'refs/heads/t/link'), `ref: ${MAIN}\n`)
    await packRefs(repository)
    expect(existsSync(join(folder, MAIN))).toBe(false)
    for (const ref of [TRY, 'refs/heads/s/broken', 'refs/heads/t/link'])
      expect(existsSync(join(folder, ref)), ref).toBe(true)
    await repository.close()
  })
})

const scenarios: Record<string, Scenario> = {
  'the packing of refs at rest': async (scene) => {
    const repository = scene.repository()
    const tip = await scene.save(repository, MAIN, 'one')
    await scene.save(repository, TRY, 'try')
    await repository.close()
    return async () => {
      const again = scene.repository()
      await maintenance(again, () => packRefs(again))
      await scene.change(again, { moves: { [TRY]: null } })
      await scene.save(again, MAIN, 'two', tip)
      await maintenance(again, () => packRefs(again))
    }
  },

  'the packing of refs while another process saves, deletes and makes again': async (scene) => {
    const [repository, other] = [scene.repository(), scene.repository()]
    const tip = await scene.save(repository, MAIN, 'one')
    const next = await scene.save(other, TRY, 'try')
    return async () => {
      await Promise.all([
        maintenance(repository, () => packRefs(repository)),
        scene
          .save(other, MAIN, 'two', tip)
          .then(() => scene.change(other, { moves: { [TRY]: null } }))
          .then(() => scene.change(other, { moves: { [TRY]: next } })),
      ])
      await repository.settle()
      await scene.change(other, { moves: { [TRY]: null } })
      await other.settle()
    }
  },
}

describe.each(Object.entries(scenarios))('Stopped anywhere in %s', (_, scenario) => {
  it('every ref is where it was left', { timeout: SOAK ? 1_800_000 : 120_000 }, async () => {
    for (const [n, cut] of (await cutsOf(scenario)).entries()) {
      for (const aftermath of aftermaths(
        cut,
        SOAK ? [...POWER_LOSSES, n, n + 1000] : ['nothing', 'names', n],
      )) {
        const scene = await expectRecovered(aftermath)
        await scene.end()
      }
    }
  })
})
