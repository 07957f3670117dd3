import { describe, expect, it } from 'vitest'
import type { FileSystem } from '../../src/git/disk/file-system.ts'
import { ownerText, parseOwner, systemIdentity } from '../../src/git/disk/identity.ts'
import { Locks } from '../../src/git/disk/locks.ts'
import { ownerFolders } from '../../src/git/disk/presence.ts'
import { expectKept, expectTidy, ROOT, Scene } from './support/crash.ts'
import { afterPowerLoss, type DiskState, type PowerLoss } from './support/disk-state.ts'
import { Life } from './support/life.ts'
import { Died, SimulatedDisk } from './support/simulated-disk.ts'

const FILE = '/s/refs/heads/x/main'
const LOSSES: readonly PowerLoss[] = ['nothing', 'everything', 'names', 'zeros', 'contents', 1, 2, 3]

function locksOf(disk: FileSystem, life = new Life()): Locks {
  const owner = life.identity.newOwner()
  return new Locks(disk, ownerFolders('/s/forkpoint/journals'), owner, life.identity)
}

describe('a lock', () => {
  it('is taken by one, says whose it is, and is free when it was released', async () => {
    const disk = new SimulatedDisk()
    const [a, b] = [locksOf(disk), locksOf(disk)]
    expect(a.take(FILE)).toBe(true)
    expect(b.take(FILE)).toBe(false)
    expect(a.take(FILE)).toBe(false)
    expect(b.holder(FILE)).toEqual(a.owner)
    expect(await b.deadHolder(FILE)).toBeUndefined()
    a.release(FILE)
    expect(b.holder(FILE)).toBeUndefined()
    expect(b.take(FILE)).toBe(true)
  })

  it("of git's, or of anybody else's, is never dead", async () => {
    const disk = new SimulatedDisk()
    const locks = locksOf(disk)
    disk.makeDir('/s/refs/heads/x')
    for (const content of ['', 'f'.repeat(40), 'forkpoint {}', 'forkpoint {"id":7}']) {
      disk.writeFile(`${FILE}.lock`, Buffer.from(content))
      expect(locks.holder(FILE)).toBe('other')
      expect(await locks.deadHolder(FILE)).toBeUndefined()
      expect(locks.take(FILE)).toBe(false)
    }
  })

  it('is dead when its process is, in this boot or before, and never on another host', async () => {
    const disk = new SimulatedDisk()
    const life = new Life()
    const old = locksOf(disk, life)
    old.take(FILE)
    expect(await locksOf(disk, life.afterKill()).deadHolder(FILE)).toEqual(old.owner)
    expect(await locksOf(disk, life.afterPowerLoss()).deadHolder(FILE)).toEqual(old.owner)
    expect(await locksOf(disk, new Life(2, 9, 'elsewhere')).deadHolder(FILE)).toBeUndefined()
  })

  it('does not make its holder answer each time that somebody looks', async () => {
    const disk = new SimulatedDisk()
    const life = new Life()
    const [a, b] = [locksOf(disk, life), locksOf(disk, life)]
    a.take(FILE)
    let asked = 0
    const { liveness } = b
    b.liveness = (owner) => {
      asked++
      return liveness.call(b, owner)
    }
    for (let n = 0; n < 50; n++) expect(await b.deadHolder(FILE)).toBeUndefined()
    expect(asked).toBeLessThan(5)
  })

  it('is broken for the owner that it was asked about alone', async () => {
    const disk = new SimulatedDisk()
    const life = new Life()
    const [a, b] = [locksOf(disk, life), locksOf(disk, life)]
    a.take(FILE)
    b.breakOpen(FILE, b.owner)
    expect(b.holder(FILE)).toEqual(a.owner)
    b.breakOpen(FILE, a.owner)
    expect(b.holder(FILE)).toBeUndefined()
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

describe('a lock on a disk without hard links', () => {
  const plain = (state?: DiskState): SimulatedDisk => {
    const disk = new SimulatedDisk(state && { state })
    disk.link = () => 'unsupported'
    return disk
  }

  it('is taken by one, says whose it is, and is free when it was released', async () => {
    const disk = plain()
    const [a, b] = [locksOf(disk), locksOf(disk)]
    expect(a.take(FILE)).toBe(true)
    expect(b.take(FILE)).toBe(false)
    expect(b.holder(FILE)).toEqual(a.owner)
    expect(await b.deadHolder(FILE)).toBeUndefined()
    a.release(FILE)
    expect(b.holder(FILE)).toBeUndefined()
    expect(b.take(FILE)).toBe(true)
    for (const locks of [b, a]) {
      locks.release(FILE)
      locks.close()
    }
    expect([...disk.state.files().keys()].filter((path) => path.includes('.lock'))).toEqual([])
  })

  it("is not taken while git's own stands, nor does git take it", () => {
    const disk = plain()
    const locks = locksOf(disk)
    disk.makeDir('/s/refs/heads/x')
    disk.writeFile(`${FILE}.lock`, Buffer.alloc(0), { exclusive: true })
    expect(locks.take(FILE)).toBe(false)
    disk.unlink(`${FILE}.lock`)
    expect(locks.take(FILE)).toBe(true)
    expect(disk.writeFile(`${FILE}.lock`, Buffer.alloc(0), { exclusive: true })).toBe(false)
  })

  it('is never anonymous: whenever its process is killed, the next one can break it', async () => {
    let cuts = 0
    for (let at = 1; ; at++) {
      const disk = plain()
      const life = new Life()
      const old = locksOf(disk, life)
      await old.prepareToken()
      disk.stopAt = disk.operations + at
      try {
        old.take(FILE)
        old.release(FILE)
        if (!disk.dead) break
      } catch (error) {
        expect(error).toBeInstanceOf(Died)
      }
      cuts++
      for (const state of [disk.state, ...LOSSES.map((loss) => afterPowerLoss(disk.state, loss))]) {
        const next = locksOf(plain(state), life.afterPowerLoss())
        const dead = await next.deadHolder(FILE)
        if (dead !== undefined) next.breakOpen(FILE, dead)
        expect(next.take(FILE), `killed after operation ${at}`).toBe(true)
      }
    }
    expect(cuts).toBeGreaterThan(5)
  })

  it('lets saves go on after one that was killed at any time', async () => {
    const MAIN = 'refs/heads/s/main'
    for (let at = 1; at < 200; at++) {
      const scene = new Scene(plain().state)
      scene.disk.link = () => 'unsupported'
      const repository = scene.repository()
      await scene.save(repository, MAIN, 'one')
      scene.disk.stopAt = scene.disk.operations + at
      let ended = false
      const end = (): void => {
        ended = true
      }
      scene.save(repository, MAIN, 'two').then(end, end)
      while (!scene.disk.dead && !ended) await new Promise(setImmediate)
      if (!scene.disk.dead) break
      const next = new Scene(scene.disk.state, scene.life.afterKill(), scene.attempts)
      next.disk.link = () => 'unsupported'
      await next.save(next.repository(), MAIN, 'three')
      await next.end()
      expectTidy(expectKept(next.disk.state, next.attempts, `after ${at}`), `after ${at}`)
    }
  })
})

describe('a lock that blocks a save', () => {
  const MAIN = 'refs/heads/s/main'

  it('is broken at once when its process is dead, while the store is open', async () => {
    const scene = new Scene()
    // Whoever waits for the lock runs into the time limit of the test.
    const first = scene.repository({ lockTimeout: 3_600_000 })
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
    await scene.save(first, MAIN, 'two')
    await scene.save(first, 'refs/heads/s/try', 'three')
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
    const ends: number[] = []
    const saves = [
      scene.save(repository, MAIN, 'two'),
      scene.save(repository, MAIN, 'three'),
      scene.save(repository, 'refs/heads/t/main', 'four'),
      scene.save(repository, MAIN, 'five'),
    ]
    for (const save of saves) save.catch(() => ends.push(performance.now()))
    const results = await Promise.allSettled(saves)
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'saved'))).toEqual([
      'LOCKED',
      'LOCKED',
      'saved',
      'LOCKED',
    ])
    // A save that waited anew would end as much later than the first.
    expect(ends.at(-1)! - ends[0]!).toBeLessThan(ends[0]! - begun)
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
