import { describe, expect, it } from 'vitest'
import { isStoodFor, type RetiredList, withMerged } from '../../src/git/merging/retired.ts'
import type { ObjectId } from '../../src/ids.ts'
import { expectKept, ROOT, Scene } from './support/crash.ts'
import { afterPowerLoss, type PowerLoss } from './support/disk-state.ts'

const MAIN = 'refs/heads/s/main'
const PACKS = `${ROOT}/objects/pack`
const LISTS = `${ROOT}/forkpoint/retired`

const list = (by: string, ...packs: string[]): RetiredList => ({
  by,
  packs,
  path: '',
  owner: undefined,
  since: 0,
})

describe('what a merged pack held', () => {
  const lists = [list('y', 'x', 'v'), list('x', 'a', 'b'), list('z', 'y')]

  it('is looked for along all lists, whatever their order', () => {
    for (const there of ['x', 'y', 'z'])
      for (const order of [lists, [...lists].reverse()])
        expect(isStoodFor(order, 'a', (pack) => pack === there)).toBe(true)
    expect(isStoodFor(lists, 'a', () => false)).toBe(false)
    expect(isStoodFor(lists, 'z', () => true)).toBe(false)
  })

  it('is never held by itself', () => {
    expect(isStoodFor([list('a', 'b'), list('b', 'a')], 'a', (pack) => pack === 'a')).toBe(false)
  })

  it('goes along with what it was merged into, and that with the next', () => {
    expect([...withMerged(lists, ['y'])].sort()).toEqual(['a', 'b', 'v', 'x', 'y'])
  })
})

/** Two chapters whose small packs, never synced, became one each (X), and both of those one (Y); X may be gone. */
async function mergedTwice(salt: number): Promise<{ scene: Scene; small: string[]; chain: string[] }> {
  const scene = new Scene()
  const repository = scene.repository()
  let tip: ObjectId | undefined
  const merged: string[] = []
  const small = new Set<string>()
  for (let chapter = 0; chapter < 2; chapter++) {
    const before = new Set(packsOn(scene))
    for (let n = 0; n < 3; n++) tip = await scene.save(repository, MAIN, `${salt} ${chapter} ${n}`, tip)
    for (const pack of packsOn(scene)) if (!before.has(pack)) small.add(pack)
    await repository.settle()
    merged.push(...packsOn(scene).filter((pack) => !small.has(pack) && !before.has(pack)))
  }
  await repository.merger.merge(merged)
  return { scene, small: [...small], chain: merged }
}

const packsOn = ({ disk }: Scene): string[] =>
  disk.readDir(PACKS).flatMap((name) => /^pack-(\w+)\.pack$/.exec(name)?.[1] ?? [])

async function afterLoss({ disk, life, attempts }: Scene, loss: PowerLoss): Promise<Scene> {
  const next = new Scene(afterPowerLoss(disk.state, loss), life.afterPowerLoss(), attempts)
  await next.repository().open()
  return next
}

describe('packs that were merged twice', () => {
  it('are gone after a power loss, with their lists, in whatever order those stand', async () => {
    const orders = new Set<boolean>()
    for (let salt = 0; salt < 8; salt++) {
      const { scene, small, chain } = await mergedTwice(salt)
      const [first = '', second = ''] = scene.disk.readDir(LISTS)
      orders.add(chain.includes(first) && chain.includes(second))
      for (const loss of ['nothing', 'names', 'zeros', 'everything'] as const) {
        const next = await afterLoss(scene, loss)
        expectKept(next.disk.state, next.attempts, `${salt} ${loss}`)
        const left = packsOn(next).filter((pack) => small.includes(pack) || chain.includes(pack))
        expect(left, `${salt} ${loss}`).toEqual([])
        expect(next.disk.readDir(LISTS)).toEqual([])
        await next.end()
      }
      await scene.end()
    }
    expect(orders.size).toBe(2)
  })

  it('and for which nothing stands any more stay when they are whole, and go when they are broken', async () => {
    const { scene, small, chain } = await mergedTwice(1)
    const list = scene.disk.readDir(LISTS).find((name) => !chain.includes(name))!
    // As if somebody had repacked all that is needed.
    for (const pack of chain)
      for (const ending of ['idx', 'pack']) scene.disk.unlink(`${PACKS}/pack-${pack}.${ending}`)
    scene.disk.unlink(`${LISTS}/${list}`)
    await scene.disk.syncDir(PACKS)
    await scene.disk.syncDir(LISTS)
    for (const [loss, left] of [
      ['zeros', []],
      ['everything', small],
    ] as const) {
      const next = await afterLoss(scene, loss)
      expectKept(next.disk.state, next.attempts, loss)
      expect(packsOn(next).filter((pack) => small.includes(pack))).toEqual([...left].sort())
      expect(next.disk.readDir(LISTS)).toEqual([])
      await next.end()
    }
    await scene.end()
  })

  it('are removed by who merged them first although another has merged the result since', async () => {
    let now = 0
    const scene = new Scene()
    const [first, second] = [scene.repository({ now: () => now }), scene.repository({ now: () => now })]
    let tip: ObjectId | undefined
    for (let n = 0; n < 3; n++) tip = await scene.save(first, MAIN, `${n}`, tip)
    const small = packsOn(scene)
    await first.settle()
    const merged = packsOn(scene).filter((pack) => !small.includes(pack))
    await scene.save(second, 'refs/heads/t/main', 'other')
    await second.settle()
    const other = packsOn(scene).filter((pack) => ![...small, ...merged].includes(pack))
    await second.merger.merge([...merged, ...other])
    for (const pack of merged)
      for (const ending of ['idx', 'pack']) scene.disk.unlink(`${PACKS}/pack-${pack}.${ending}`)
    now += 3_600_000
    first.merger.sweep()
    expect(packsOn(scene).filter((pack) => small.includes(pack))).toEqual([])
    await scene.end()
  })
})
