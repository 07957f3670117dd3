import fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { StorageError, StoreMovedError } from '../../src/errors.ts'
import { type FileSystem, nodeFileSystem, type OpenFile } from '../../src/git/disk/file-system.ts'
import { Repository } from '../../src/git/repository.ts'
import type { ObjectId } from '../../src/ids.ts'
import { git, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'
import { aftermaths, expectKept, expectRecovered, ROOT, Scene } from './support/crash.ts'
import { judge } from './support/judge.ts'

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'
const MOVED = '/data/moved'

/** Renames the store once the disk has done `n` more operations. */
function moveAfter(scene: Scene, n: number, then: () => void = () => undefined): void {
  const end = scene.disk.operations + n
  scene.disk.onOperation = ({ half }) => {
    if (half || scene.disk.operations < end) return
    scene.disk.onOperation = undefined
    scene.disk.rename(ROOT, MOVED)
    then()
  }
}

async function stage() {
  const scene = new Scene()
  const repository = scene.repository()
  const tip = await scene.save(repository, MAIN, 'one')
  return { scene, repository, tip }
}

async function operationsOfSave(): Promise<number> {
  const { scene, repository, tip } = await stage()
  const first = scene.disk.operations
  await scene.save(repository, MAIN, 'two', tip)
  return scene.disk.operations - first
}

describe('a store that is renamed in the middle of a save', () => {
  it('acknowledges only what is in it, and makes nothing at its old place', async () => {
    const count = await operationsOfSave()
    expect(count).toBeGreaterThan(8)
    let refused = 0
    for (let n = 1; n <= count; n++) {
      const { scene, repository, tip } = await stage()
      moveAfter(scene, n)
      const error: unknown = await scene.save(repository, MAIN, 'two', tip).catch((reason: unknown) => reason)
      const what = `renamed after operation ${n}`
      if (typeof error !== 'string') {
        expect(error, what).toBeInstanceOf(StoreMovedError)
        refused++
      }
      await expect(scene.save(repository, TRY, 'three'), what).rejects.toThrow(StoreMovedError)
      await repository.close().catch((reason: unknown) => expect(reason).toBeInstanceOf(StoreMovedError))
      expect(scene.disk.openFiles, what).toBe(0)
      expect(scene.disk.stat(ROOT), what).toBeUndefined()
      expect(judge(scene.disk.state, MOVED).problems, what).toEqual([])

      // Whoever opens it at its new place, after a kill or a power loss, finds what was acknowledged.
      scene.disk.rename(MOVED, ROOT)
      const cut = {
        operation: { n, kind: 'rename', path: ROOT } as const,
        isDamaged: false,
        life: scene.life,
        disk: scene.disk.state.snapshot(),
        attempts: scene.attempts.map((one) => ({ ...one })),
      }
      for (const aftermath of aftermaths(cut, ['everything', 'contents'])) await expectRecovered(aftermath)
    }
    expect(refused).toBeGreaterThan(count / 2)
  })

  it('acknowledges nothing that went into the store that is there now', async () => {
    const count = await operationsOfSave()
    for (let n = 1; n < count; n++) {
      const { scene, repository, tip } = await stage()
      const other = new Scene(scene.disk.state, scene.life)
      const otherRepository = other.repository()
      moveAfter(scene, n, () => {
        for (const folder of ['refs/heads/s', 'objects/pack', 'forkpoint/tmp', 'forkpoint/journals'])
          scene.disk.makeDir(join(ROOT, folder))
        scene.disk.writeFile(join(ROOT, 'HEAD'), Buffer.from('ref: refs/heads/main\n'))
      })
      const error: unknown = await scene.save(repository, MAIN, 'two', tip).catch((reason: unknown) => reason)
      if (typeof error === 'string')
        expect(judge(scene.disk.state, MOVED).refs.get(MAIN), `operation ${n}`).toBe(error)
      else expect(error, `operation ${n}`).toBeInstanceOf(StoreMovedError)
      await otherRepository.close()
    }
  })
})

describe('a journal that somebody has taken away', () => {
  it('counts no more: the next save goes to another one, and is as durable', async () => {
    const { scene, repository, tip } = await stage()
    const journals = `${ROOT}/forkpoint/journals`
    for (const owner of scene.disk.readDir(journals))
      scene.disk.rename(`${journals}/${owner}`, `${ROOT}/aside`)
    await scene.save(repository, MAIN, 'two', tip)
    await scene.save(repository, TRY, 'three')
    const cut = {
      operation: { n: 0, kind: 'rename', path: journals } as const,
      isDamaged: false,
      life: scene.life,
      disk: scene.disk.state.snapshot(),
      attempts: [...scene.attempts],
    }
    for (const aftermath of aftermaths(cut, ['nothing', 'names', 'zeros'])) await expectRecovered(aftermath)
    await scene.end()
    expectKept(scene.disk.state, scene.attempts, 'a journal taken away')
  })

  it('during a save is an error, and that save can be made again', async () => {
    const { scene, repository, tip } = await stage()
    const journals = `${ROOT}/forkpoint/journals`
    scene.disk.onOperation = ({ kind, path }) => {
      if (kind !== 'syncFile' || !path.endsWith('.journal')) return
      scene.disk.onOperation = undefined
      for (const owner of scene.disk.readDir(journals))
        scene.disk.rename(`${journals}/${owner}`, `${ROOT}/aside`)
    }
    await expect(scene.save(repository, MAIN, 'two', tip)).rejects.toThrow(StorageError)
    await scene.save(repository, MAIN, 'two', tip)
    await scene.end()
    expectKept(scene.disk.state, scene.attempts, 'a journal taken away')
  })
})

it('a disk that makes up the numbers of files is none that was moved', async () => {
  let numbers = 1
  const file = (open: OpenFile): OpenFile => ({ ...open, isInPlace: () => false })
  const disk: FileSystem = {
    ...nodeFileSystem,
    localDisk: () => undefined,
    stat(path) {
      const stat = nodeFileSystem.stat(path)
      return stat && { ...stat, ino: numbers++ }
    },
    open(path, mode) {
      const open = nodeFileSystem.open(path, mode)
      return open && file(open)
    },
  }
  const folder = join(tempFolder(), 'store')
  const repository = new Repository(folder, { fs: disk })
  const save = (text: string, parent?: ObjectId): Promise<ObjectId> => {
    const commit = commitOf(text, parent)
    return repository.change({
      refs: [MAIN],
      prepare: () => ({ objects: commit.objects, moves: new Map([[MAIN, commit.id]]), result: commit.id }),
    })
  }
  const one = await save('one')
  const two = await save('two', one)
  await repository.settle()
  await save('three', two)
  fs.renameSync(folder, `${folder}-aside`)
  await expect(save('four')).rejects.toThrow(StoreMovedError)
  fs.renameSync(`${folder}-aside`, folder)
  await repository.close()
  git(folder, ['fsck', '--strict'])
})
