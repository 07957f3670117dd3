import { describe, expect, it } from 'vitest'
import type { FileSystem } from '../../src/git/file-system.ts'
import { Locks } from '../../src/git/lock.ts'
import { ownerText, parseOwner, systemIdentity } from '../../src/git/process-identity.ts'
import { ROOT, Scene } from './support/crash.ts'
import { Life } from './support/life.ts'
import { SimulatedDisk } from './support/simulated-disk.ts'

const FILE = '/s/refs/heads/x/main'

function locksOf(disk: FileSystem, life = new Life()): Locks {
  const owner = life.identity.newOwner()
  return new Locks(disk, `/s/forkpoint/journals/${owner.id}/owner`, owner, life.identity)
}

describe('a lock', () => {
  it('is taken by one, says whose it is, and is free when it was released', () => {
    const disk = new SimulatedDisk()
    const [a, b] = [locksOf(disk), locksOf(disk)]
    expect(a.take(FILE)).toBe(true)
    expect(b.take(FILE)).toBe(false)
    expect(a.take(FILE)).toBe(false)
    expect(b.holder(FILE)).toEqual(a.owner)
    expect(b.deadHolder(FILE)).toBeUndefined()
    a.release(FILE)
    expect(b.holder(FILE)).toBeUndefined()
    expect(b.take(FILE)).toBe(true)
  })

  it("of git's, or of anybody else's, is never dead", () => {
    const disk = new SimulatedDisk()
    const locks = locksOf(disk)
    disk.makeDir('/s/refs/heads/x')
    for (const content of ['', 'f'.repeat(40), 'forkpoint {}', 'forkpoint {"id":7}']) {
      disk.writeFile(`${FILE}.lock`, Buffer.from(content))
      expect(locks.holder(FILE)).toBe('other')
      expect(locks.deadHolder(FILE)).toBeUndefined()
      expect(locks.take(FILE)).toBe(false)
    }
  })

  it('is dead when its process is, in this boot or before, and never on another host', () => {
    const disk = new SimulatedDisk()
    const life = new Life()
    const old = locksOf(disk, life)
    old.take(FILE)
    expect(locksOf(disk, life.afterKill()).deadHolder(FILE)).toEqual(old.owner)
    expect(locksOf(disk, life.afterPowerLoss()).deadHolder(FILE)).toEqual(old.owner)
    expect(locksOf(disk, new Life(2, 9, 'elsewhere')).deadHolder(FILE)).toBeUndefined()
  })

  it('works where there are no hard links', () => {
    const disk = new SimulatedDisk()
    disk.link = () => 'unsupported'
    const [a, b] = [locksOf(disk), locksOf(disk)]
    expect(a.take(FILE)).toBe(true)
    expect(b.take(FILE)).toBe(false)
    expect(b.holder(FILE)).toEqual(a.owner)
  })

  it('that could not be removed can be taken again by its owner, and goes at the end', () => {
    const disk = new SimulatedDisk()
    const locks = locksOf(disk)
    locks.take(FILE)
    disk.fault = ({ kind }) => (kind === 'unlink' ? { error: 'EIO' } : undefined)
    locks.release(FILE)
    disk.fault = () => undefined
    expect(locks.take(FILE)).toBe(true)
    disk.fault = ({ kind }) => (kind === 'unlink' ? { error: 'EIO' } : undefined)
    locks.release(FILE)
    disk.fault = () => undefined
    locks.close()
    expect(disk.stat(`${FILE}.lock`)).toBeUndefined()
  })
})

describe('a lock that blocks a save', () => {
  const MAIN = 'refs/heads/s/main'

  it('is broken at once when its process is dead, while the store is open', async () => {
    const scene = new Scene()
    const first = scene.repository({ lockTimeout: 10_000 })
    await scene.save(first, MAIN, 'one')
    // For this one the first lives; for the first it will be dead.
    const dying = new Scene(scene.disk.state, new Life(1, 0, 'here', [1]))
    const other = dying.repository()
    dying.disk.onOperation = ({ kind, path }) => {
      if (kind === 'link' && path.endsWith('try.lock')) dying.disk.die()
    }
    dying.change(other, { moves: { [MAIN]: null, 'refs/heads/s/try': null } }).catch(() => undefined)
    while (!dying.disk.dead) await new Promise(setImmediate)
    expect(scene.disk.stat(`${ROOT}/${MAIN}.lock`)).toBeDefined()
    const begun = performance.now()
    await scene.save(first, MAIN, 'two')
    await scene.save(first, 'refs/heads/s/try', 'three')
    // Far less than it would be waited for.
    expect(performance.now() - begun).toBeLessThan(4000)
    await scene.end()
  })

  it('is broken although no journal speaks of it any more', async () => {
    const scene = new Scene()
    const repository = scene.repository()
    await scene.save(repository, MAIN, 'one')
    const ghost = new Life(1, 0).identity.newOwner()
    scene.disk.writeFile(`${ROOT}/${MAIN}.lock`, Buffer.from(ownerText(ghost)))
    await scene.save(repository, MAIN, 'two')
    await scene.end()
  })

  it('of a living process is waited for, then given up, for that save and those behind it alone', async () => {
    const scene = new Scene()
    const repository = scene.repository({ lockTimeout: 500 })
    await scene.save(repository, MAIN, 'one')
    scene.disk.writeFile(`${ROOT}/${MAIN}.lock`, Buffer.from(''))
    const begun = performance.now()
    const results = await Promise.allSettled([
      scene.save(repository, MAIN, 'two'),
      scene.save(repository, MAIN, 'three'),
      scene.save(repository, 'refs/heads/t/main', 'four'),
      scene.save(repository, MAIN, 'five'),
    ])
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'saved'))).toEqual([
      'LOCKED',
      'LOCKED',
      'saved',
      'LOCKED',
    ])
    expect(performance.now() - begun).toBeLessThan(1300)
    scene.disk.unlink(`${ROOT}/${MAIN}.lock`)
    await scene.save(repository, MAIN, 'six')
    await scene.end()
  })

  it('does not keep the event loop busy while it is waited for', async () => {
    const scene = new Scene()
    const repository = scene.repository({ lockTimeout: 150 })
    await scene.save(repository, MAIN, 'one')
    scene.disk.writeFile(`${ROOT}/${MAIN}.lock`, Buffer.from(''))
    let looks = 0
    const { readFile } = scene.disk
    scene.disk.readFile = (path) => {
      if (path.endsWith('.lock')) looks++
      return readFile.call(scene.disk, path)
    }
    await expect(scene.save(repository, MAIN, 'two')).rejects.toMatchObject({ code: 'LOCKED' })
    // Each wait is at least an eighth of the time waited so far, and half a millisecond: in 150 ms that makes 32 rounds of
    // two looks at the most. A slow machine only makes fewer; a loop that does not wait makes thousands.
    expect(looks).toBeLessThan(100)
  })
})

describe('an owner', () => {
  it('is read back as it was written', () => {
    const owner = systemIdentity.newOwner()
    expect(parseOwner(ownerText(owner))).toEqual(owner)
  })

  it('of this process is alive, one with its pid but another start is dead', () => {
    const owner = systemIdentity.newOwner()
    expect(systemIdentity.liveness(owner)).toBe('alive')
    if (owner.start !== '') expect(systemIdentity.liveness({ ...owner, start: '1' })).toBe('dead')
    expect(systemIdentity.liveness({ ...owner, boot: 'another boot' })).toBe('rebooted')
    expect(systemIdentity.liveness({ ...owner, boot: 'x', host: 'another' })).toBe('foreign')
    expect(systemIdentity.liveness({ ...owner, namespace: 'pid:[1]', pid: 1 })).toBe('alive')
  })
})

it('a repository that waits for a lock can be closed', async () => {
  const scene = new Scene()
  const repository = scene.repository({ lockTimeout: 60 })
  await scene.save(repository, 'refs/heads/s/main', 'one')
  scene.disk.writeFile(`${ROOT}/refs/heads/s/main.lock`, Buffer.from(''))
  const refused = expect(scene.save(repository, 'refs/heads/s/main', 'two')).rejects.toMatchObject({
    code: 'LOCKED',
  })
  await repository.close()
  await refused
})
