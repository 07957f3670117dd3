/** Kinds of disks that not every machine has: simulated ones, and real ones where the kernel can mount them. */

import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { Repository } from '../../src/git/repository.ts'
import type { RefName } from '../../src/ids.ts'
import { encodeName } from '../../src/ref-part.ts'
import { gitText, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'
import { expectKept, expectTidy, Scene } from './support/crash.ts'
import { afterPowerLoss } from './support/disk-state.ts'
import type { SimulatedDisk } from './support/simulated-disk.ts'

const NAMES = ['demo', 'Demo', 'DEMO', 'dEMO']
const refOf = (name: string): RefName => `refs/heads/${encodeName(name)}/main`

const kinds: [what: string, make: (disk: SimulatedDisk) => void][] = [
  [
    'with sockets',
    (disk) => {
      disk.local = true
    },
  ],
  [
    'without hard links',
    (disk) => {
      disk.link = () => 'unsupported'
    },
  ],
  [
    'that does not tell capitals',
    (disk) => {
      disk.caseless = true
    },
  ],
  [
    'that does not tell capitals, has sockets and no hard links',
    (disk) => {
      disk.caseless = true
      disk.local = true
      disk.link = () => 'unsupported'
    },
  ],
]

describe.each(kinds)('a disk %s', (_what, make) => {
  for (const end of ['a kill', 'a power loss'])
    it(`keeps sessions apart that differ in capitals alone, and recovers after ${end}`, async () => {
      const scene = new Scene()
      make(scene.disk)
      const repository = scene.repository()
      await Promise.all(NAMES.map((name) => scene.save(repository, refOf(name), name)))
      // Killed while it holds the lock of the second one.
      scene.disk.onOperation = ({ path, kind }) => {
        if (kind !== 'syncFile' && path.endsWith(`${refOf('Demo')}.lock`)) scene.disk.die()
      }
      scene.save(repository, refOf('Demo'), 'again').catch(() => undefined)
      while (!scene.disk.dead) await new Promise(setImmediate)
      const next =
        end === 'a kill'
          ? new Scene(scene.disk.state, scene.life.afterKill(), scene.attempts)
          : new Scene(
              afterPowerLoss(scene.disk.state, 'nothing'),
              scene.life.afterPowerLoss(),
              scene.attempts,
            )
      make(next.disk)
      const later = next.repository()
      for (const name of NAMES) await next.save(later, refOf(name), `${name} later`)
      await next.end()
      expectTidy(expectKept(next.disk.state, next.attempts, end), end)
    })
})

describe('a folder that does not tell capitals', () => {
  const mounted: string[] = []
  afterAll(() => {
    for (const folder of mounted) execFileSync('umount', [folder])
  })

  /** A folder on ext4 with casefold. */
  function caselessFolder(): string | undefined {
    const image = join(tempFolder(), 'image')
    const folder = tempFolder()
    fs.writeFileSync(image, '')
    fs.truncateSync(image, 64 << 20)
    const made = spawnSync('mkfs.ext4', ['-q', '-O', 'casefold', image]).status === 0
    if (!made || spawnSync('mount', ['-o', 'loop', image, folder]).status !== 0) return undefined
    mounted.push(folder)
    fs.mkdirSync(join(folder, 'caseless'))
    execFileSync('chattr', ['+F', join(folder, 'caseless')])
    return join(folder, 'caseless')
  }

  it('of a real kernel keeps sessions apart that differ in capitals alone', async (context) => {
    const folder = process.platform === 'linux' && process.getuid?.() === 0 ? caselessFolder() : undefined
    if (folder === undefined) {
      console.warn('SKIPPED: a real folder without capitals needs root and a kernel with casefold.')
      context.skip()
      return
    }
    const store = join(folder, 'store')
    for (const link of [nodeFileSystem.link, () => 'unsupported' as const]) {
      const repository = new Repository(store, { fs: { ...nodeFileSystem, link } })
      for (const name of NAMES) {
        const { id, objects } = commitOf(name)
        const moves = new Map([[refOf(name), id]])
        await repository.change({ refs: [refOf(name)], prepare: () => ({ objects, moves, result: 0 }) })
      }
      await repository.close()
    }
    for (const name of NAMES) expect(gitText(store, ['rev-parse', refOf(name)])).toBe(commitOf(name).id)
    expect(gitText(store, ['fsck', '--strict', '--no-dangling'])).toBe('')
  })
})
