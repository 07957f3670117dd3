import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/git/repository.ts'
import { exclusively, maintenance } from '../../src/git/upkeep/maintenance.ts'
import { purge } from '../../src/git/upkeep/purge.ts'
import type { ObjectId } from '../../src/ids.ts'
import { commitOf } from './support/commits.ts'
import { aftermaths, cutsOf, expectRecovered, POWER_LOSSES, type Scenario, Scene } from './support/crash.ts'
import { afterPowerLoss } from './support/disk-state.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'

const KEPT = 'refs/heads/kept/main'
const GONE = 'refs/heads/gone/main'

async function line(scene: Scene, repository: Repository, ref: string, count: number): Promise<ObjectId> {
  let tip: ObjectId | undefined
  for (let n = 0; n < count; n++) tip = await scene.save(repository, ref, `${ref} ${n}`, tip, 300)
  return tip!
}

const purgeNow = (repository: Repository): Promise<number> =>
  maintenance(repository, () => purge(repository, { exclusively: (work) => exclusively(repository, work) }))

const scenarios: Record<string, Scenario> = {
  'a purge of a store at rest': async (scene) => {
    const before = scene.repository()
    await line(scene, before, GONE, 2)
    await line(scene, before, KEPT, 3)
    await scene.change(before, { moves: { [GONE]: null } })
    await before.close()
    return async () => {
      expect(await purgeNow(scene.repository())).toBe(6)
    }
  },

  'a purge right after saves, of several packs': async (scene) => {
    const repository = scene.repository()
    await line(scene, repository, GONE, 2)
    await repository.settle()
    await line(scene, repository, KEPT, 2)
    await line(scene, repository, 'refs/heads/gone/try', 2)
    await repository.settle()
    return async () => {
      await scene.change(repository, { moves: { [GONE]: null, 'refs/heads/gone/try': null } })
      await purgeNow(repository)
      const next = commitOf('next')
      await scene.change(repository, { moves: { [GONE]: next.id }, objects: next.objects })
    }
  },

  'a purge while somebody else saves': async (scene) => {
    const [repository, other] = [scene.repository(), scene.repository()]
    await line(scene, repository, GONE, 2)
    const tip = await line(scene, other, KEPT, 2)
    await repository.settle()
    await other.settle()
    await scene.change(repository, { moves: { [GONE]: null } })
    await repository.settle()
    return async () => {
      await Promise.all([
        purgeNow(repository),
        scene.save(other, KEPT, 'meanwhile', tip).then((next) => scene.save(other, KEPT, 'and again', next)),
        scene.save(other, 'refs/heads/third/main', 'anew'),
      ])
    }
  },
}

it('What was purged does not come back after a power loss', async () => {
  const scene = new Scene()
  const repository = scene.repository()
  const gone = await line(scene, repository, GONE, 2)
  await line(scene, repository, KEPT, 2)
  await scene.change(repository, { moves: { [GONE]: null } })
  await purgeNow(repository)
  for (const loss of POWER_LOSSES) {
    const later = new Scene(afterPowerLoss(scene.disk.state, loss), scene.life.afterPowerLoss())
    const opened = later.repository()
    await opened.open()
    expect(await opened.objects.tryRead(gone), `${loss}`).toBeUndefined()
    expect(opened.refs.read(GONE), `${loss}`).toBeUndefined()
    expect(opened.refs.read(KEPT), `${loss}`).toBeDefined()
    await later.end()
  }
  await scene.end()
})

describe.each(Object.entries(scenarios))('Stopped anywhere in %s', (_, scenario) => {
  it('everything that is reached is there, and the store goes on', async () => {
    const cuts = await cutsOf(scenario)
    expect(cuts.length).toBeGreaterThan(20)
    for (const cut of cuts) {
      for (const aftermath of aftermaths(cut, SOAK ? POWER_LOSSES : ['nothing', 'names', 'everything'])) {
        const scene = await expectRecovered(aftermath)
        await scene.end()
      }
    }
  })
})
