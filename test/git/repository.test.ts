import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FileSystem, nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { Settling } from '../../src/git/journal/settling.ts'
import { Repository } from '../../src/git/repository.ts'
import type { ObjectId, RefName } from '../../src/ids.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'
import { buildGitLayer } from './support/build.ts'
import { commitOf } from './support/commits.ts'
import { expectKept, Scene } from './support/crash.ts'

const MAIN = 'refs/heads/s/main'

async function save(repository: Repository, ref: RefName = MAIN, text = 'one'): Promise<ObjectId> {
  return repository.change({
    refs: [ref],
    prepare: (current) => {
      const { id, objects } = commitOf(text, current.get(ref))
      return { objects, moves: new Map([[ref, id]]), result: id }
    },
  })
}

/** Every file below a folder with its content. */
function contents(folder: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    found.set(
      path,
      entry.isFile() ? fs.readFileSync(path, 'latin1') : entry.isSymbolicLink() ? 'link' : 'folder',
    )
  }
  return found
}

describe('a new store', () => {
  it('is made by the first save, and git finds nothing wrong with it', async () => {
    const folder = join(tempFolder(), 'deep/down/store')
    const repository = new Repository(folder)
    expect(await repository.open()).toBe(false)
    expect(fs.existsSync(folder)).toBe(false)
    const id = await save(repository)
    expect(gitText(folder, ['rev-parse', MAIN])).toBe(id)
    git(folder, ['fsck', '--strict'])
    const config = gitText(folder, ['config', '-l', '--local'])
    for (const line of ['core.bare=true', 'gc.auto=0', 'receive.autogc=false', 'core.fsync=committed'])
      expect(config).toContain(line)
    await repository.close()
    expect(fs.readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
    expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
    expect(fs.existsSync(join(folder, '.gitignore'))).toBe(false)
  })

  it("inside somebody's work tree is ignored by that repository", async () => {
    const outer = tempFolder()
    git(outer, ['init', '-q', '.'])
    const repository = new Repository(join(outer, 'a/sessions'))
    await save(repository)
    await repository.close()
    expect(gitText(outer, ['status', '--porcelain'])).toBe('')
    expect(gitText(outer, ['add', '-A', '-n', '.'])).toBe('')
  })

  it('is not made in a folder that has something else in it', async () => {
    const folder = tempFolder()
    fs.writeFileSync(join(folder, 'notes.txt'), 'mine')
    const before = contents(folder)
    const repository = new Repository(folder)
    await expect(repository.open()).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'store' })
    await expect(save(repository)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(contents(folder)).toEqual(before)
  })

  it('can be made by several at once', async () => {
    const folder = join(tempFolder(), 'store')
    const all = Array.from({ length: 4 }, () => new Repository(folder))
    const ids = await Promise.all(all.map((one, n) => save(one, `refs/heads/s${n}/main`)))
    ids.forEach((id, n) => void expect(gitText(folder, ['rev-parse', `refs/heads/s${n}/main`])).toBe(id))
    await Promise.all(all.map((one) => one.close()))
    git(folder, ['fsck', '--strict'])
  })

  it("can be somebody's bare repository", async () => {
    const folder = bareRepository()
    const repository = new Repository(folder)
    const id = await save(repository)
    await repository.close()
    expect(gitText(folder, ['rev-parse', MAIN])).toBe(id)
  })
})

describe('what cannot be worked with is refused before anything is written:', () => {
  const refused: Record<string, (folder: string) => void> = {
    'sha256 ids': (folder) => git(folder, ['init', '-q', '--bare', '--object-format=sha256', '.']),
    'a partial clone': (folder) => {
      git(folder, ['init', '-q', '--bare', '.'])
      git(folder, ['config', 'remote.origin.promisor', 'true'])
    },
    'an unknown extension': (folder) => {
      git(folder, ['init', '-q', '--bare', '.'])
      git(folder, ['config', 'core.repositoryformatversion', '1'])
      git(folder, ['config', 'extensions.refstorage', 'reftable'])
    },
    'a work tree': (folder) => {
      git(folder, ['init', '-q', '.'])
      for (const name of fs.readdirSync(join(folder, '.git')))
        fs.renameSync(join(folder, '.git', name), join(folder, name))
      fs.rmdirSync(join(folder, '.git'))
    },
    'a config that git would not read': (folder) => {
      git(folder, ['init', '-q', '--bare', '.'])
      fs.appendFileSync(join(folder, 'config'), '[core\n')
    },
  }
  const links = [
    'refs',
    'objects',
    'objects/pack',
    'forkpoint',
    'forkpoint/journals',
    'forkpoint/tmp',
    'refs/heads/s',
  ]
  for (const name of links) {
    refused[`a symbolic link at ${name}`] = (folder) => {
      git(folder, ['init', '-q', '--bare', '.'])
      const outside = tempFolder()
      fs.mkdirSync(join(folder, name, '..'), { recursive: true })
      fs.rmSync(join(folder, name), { recursive: true, force: true })
      fs.symlinkSync(outside, join(folder, name))
    }
  }
  for (const [name, make] of Object.entries(refused)) {
    it(name, async () => {
      const folder = tempFolder()
      make(folder)
      const before = contents(folder)
      const repository = new Repository(folder)
      const error = await save(repository).then(
        () => undefined,
        (thrown: { code: string }) => thrown.code,
      )
      expect(['UNSUPPORTED', 'CORRUPT']).toContain(error)
      await repository.close().catch(() => undefined)
      const link = /link at (.*)/.exec(name)?.[1]
      if (link !== undefined) expect(fs.readdirSync(fs.readlinkSync(join(folder, link)))).toEqual([])
      if (link !== 'refs/heads/s') expect(contents(folder)).toEqual(before)
    })
  }

  it('journals behind a symbolic link, whoever they say they are of', async () => {
    const folder = join(tempFolder(), 'store')
    const repository = new Repository(folder)
    await save(repository)
    await repository.close()
    const outside = tempFolder()
    const owner = { id: 'a'.repeat(16), system: 'x', host: 'x', boot: 'x', namespace: '', pid: 1, start: '' }
    fs.writeFileSync(join(outside, 'owner'), `forkpoint ${JSON.stringify(owner)}\n`)
    fs.writeFileSync(join(outside, 'precious'), 'mine')
    fs.symlinkSync(outside, join(folder, 'forkpoint/journals', owner.id))
    const again = new Repository(folder, {
      identity: { newOwner: () => ({ ...owner, id: 'b'.repeat(16) }), liveness: () => 'rebooted' },
    })
    await save(again, MAIN, 'two')
    await again.close()
    expect(fs.readdirSync(outside)).toEqual(['owner', 'precious'])
  })
})

describe('a disk without hard links', () => {
  it('has locks that git sees, and nothing else of them', async () => {
    const folder = join(tempFolder(), 'store')
    const repository = new Repository(folder, { fs: { ...nodeFileSystem, link: () => 'unsupported' } })
    const { id, objects } = commitOf('one')
    const moves = new Map<RefName, ObjectId>([[MAIN, id]])
    await repository.change({ refs: [MAIN], prepare: () => ({ objects, moves, result: 0 }) })
    await repository.change({
      refs: [MAIN],
      prepare: () => {
        expect(fs.statSync(join(folder, `${MAIN}.lock`)).isDirectory()).toBe(true)
        expect(gitText(folder, ['for-each-ref', '--format=%(refname)'])).toBe(MAIN)
        expect(gitText(folder, ['fsck', '--strict', '--no-dangling'])).toBe('')
        expect(() => git(folder, ['update-ref', '-d', MAIN])).toThrow(/File exists/)
        return { objects: [], moves: new Map(), result: 0 }
      },
    })
    expect(fs.existsSync(join(folder, `${MAIN}.lock`))).toBe(false)
    git(folder, ['update-ref', '-d', MAIN])
    await repository.close()
    expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('the number of syncs', () => {
  /** The real disk, counting. */
  function counting(): { fs: FileSystem; syncs: () => number } {
    let syncs = 0
    return {
      syncs: () => syncs,
      fs: {
        ...nodeFileSystem,
        syncFile: (path) => {
          syncs++
          return nodeFileSystem.syncFile(path)
        },
        syncDir: (path) => {
          syncs++
          return nodeFileSystem.syncDir(path)
        },
        open: (path, mode) => {
          const file = nodeFileSystem.open(path, mode)
          return (
            file && {
              ...file,
              sync: () => {
                syncs++
                return file.sync()
              },
            }
          )
        },
      },
    }
  }

  it('is at most 1.1 a save of one busy ref, opening, settling and closing included', async () => {
    const { fs: disk, syncs } = counting()
    const repository = new Repository(join(tempFolder(), 'store'), { fs: disk })
    const count = 1000
    for (let n = 0; n < count; n++) await save(repository, MAIN, `save ${n}`)
    await repository.close()
    expect(syncs() / count).toBeLessThan(1.1)
  })

  it('is at most two a save at the pace of an agent, opening and closing included', async () => {
    const { fs: disk, syncs } = counting()
    const folder = join(tempFolder(), 'store')
    const first = new Repository(folder)
    await save(first, 'refs/heads/other/main')
    await first.close()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const repository = new Repository(folder, { fs: disk })
    for (let n = 0; n < 16; n++) {
      await save(repository, MAIN, `save ${n}`)
      await vi.advanceTimersByTimeAsync(1300)
    }
    await repository.close()
    expect(syncs()).toBeLessThanOrEqual(32)
  })

  it('is at most 0.1 a save with 64 refs at once', async () => {
    const { fs: disk, syncs } = counting()
    const repository = new Repository(join(tempFolder(), 'store'), { fs: disk })
    const rounds = 40
    await Promise.all(
      Array.from({ length: 64 }, async (_, n) => {
        for (let round = 0; round < rounds; round++)
          await save(repository, `refs/heads/s${n}/main`, `${n} ${round}`)
      }),
    )
    const saving = syncs()
    await repository.close()
    expect(saving / (64 * rounds)).toBeLessThan(0.1)
  })
})

describe('packs', () => {
  it('stay few, and lose nothing, over many saves and many openings', async () => {
    const scene = new Scene()
    let tip: ObjectId | undefined
    let most = 0
    for (let opening = 0; opening < 60; opening++) {
      const repository = scene.repository()
      for (let n = 0; n < 1 + (opening % 30); n++)
        tip = await scene.save(repository, MAIN, `${opening} ${n}`, tip)
      await repository.close()
      const packs = scene.disk.readDir('/data/store/objects/pack').filter((name) => name.endsWith('.pack'))
      most = Math.max(most, packs.length)
    }
    expect(most).toBeLessThanOrEqual(64)
    expectKept(scene.disk.state, scene.attempts, 'many openings')
  })

  it('that were merged go seldom while saving goes on, many at once, and down to 64 at rest', async () => {
    const scene = new Scene()
    const repository = scene.repository()
    const packs = (): number =>
      scene.disk.readDir('/data/store/objects/pack').filter((name) => name.endsWith('.pack')).length
    let [tip, most, before, removals]: [ObjectId | undefined, number, number, number] = [undefined, 0, 0, 0]
    for (let n = 0; n < 600; n++) {
      tip = await scene.save(repository, MAIN, `${n}`, tip)
      const now = packs()
      if (now < before) removals++
      most = Math.max(most, now)
      before = now
    }
    expect(most).toBeLessThan(540)
    expect(most).toBeGreaterThan(400)
    expect(removals).toBeLessThan(3)
    await repository.close()
    expect(packs()).toBeLessThanOrEqual(64)
    expectKept(scene.disk.state, scene.attempts, 'merged')
  })

  it('that were merged are deleted when nobody can be reading them any more', async () => {
    let now = Date.now()
    const scene = new Scene(undefined, undefined, [], () => now)
    const repository = scene.repository({ now: () => now })
    let tip: ObjectId | undefined
    for (let n = 0; n < 10; n++) tip = await scene.save(repository, MAIN, `${n}`, tip)
    await repository.settle()
    const packs = (): string[] =>
      scene.disk.readDir('/data/store/objects/pack').filter((name) => name.endsWith('.pack'))
    expect(packs().length).toBe(11)
    now += 11 * 60_000
    await repository.settle()
    expect(packs().length).toBe(1)
    await scene.end()
    expectKept(scene.disk.state, scene.attempts, 'merged')
  })

  it('with a .keep, or in a multi-pack-index, are never merged or deleted', async () => {
    const folder = join(tempFolder(), 'store')
    const repository = new Repository(folder)
    for (let n = 0; n < 3; n++) {
      await save(repository, MAIN, `${n}`)
      await repository.settle()
    }
    const packs = (): string[] =>
      fs.readdirSync(join(folder, 'objects/pack')).filter((name) => name.endsWith('.pack'))
    const [kept, indexed] = packs()
    fs.writeFileSync(join(folder, 'objects/pack', kept!.replace('.pack', '.keep')), '')
    git(folder, ['multi-pack-index', 'write', '--stdin-packs'], `${indexed!.replace('.pack', '.idx')}\n`)
    for (let n = 0; n < 60; n++) {
      await save(repository, MAIN, `more ${n}`)
      await repository.settle()
    }
    await repository.close()
    expect(packs()).toContain(kept)
    expect(packs()).toContain(indexed)
    expect(packs().length).toBeLessThanOrEqual(64)
    git(folder, ['fsck', '--strict'])
    expect(gitText(folder, ['rev-list', '--count', MAIN])).toBe('63')
  })
})

describe('a process that does not close its store', () => {
  it('ends by itself, and leaves nothing to recover', () => {
    const built = tempFolder()
    buildGitLayer(built)
    const folder = join(tempFolder(), 'store')
    const script = `
      import { Repository } from '${built}/git/repository.js'
      import { newObject } from '${built}/git/objects/object.js'
      const repository = new Repository(${JSON.stringify(folder)})
      const blob = newObject('blob', Buffer.from('x'))
      await repository.change({
        refs: ['refs/tags/s/x'],
        prepare: () => ({ objects: [blob], moves: new Map([['refs/tags/s/x', blob.id]]), result: 1 }),
      })
      console.log('saved')`
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      // The timer that settles takes longer.
      timeout: 20_000,
    })
    expect(`${stdout}`).toBe('saved\n')
    expect(status).toBe(0)
    expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
    expect(fs.readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
    expect(execFileSync('git', ['cat-file', '-p', 'refs/tags/s/x'], { cwd: folder }).toString()).toBe('x')
  })
})

describe('a store object', () => {
  it('that is closed says so, and makes what was asked for before', async () => {
    const folder = join(tempFolder(), 'store')
    const repository = new Repository(folder)
    const saved = save(repository)
    const closed = repository.close()
    await expect(save(repository)).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
    await expect(repository.open()).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
    const id = await saved
    await closed
    await repository.close()
    expect(gitText(folder, ['rev-parse', MAIN])).toBe(id)
    expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
  })

  it('settles by itself a while after a save', async () => {
    const scene = new Scene()
    const repository = scene.repository({ settleAfter: 20 })
    await scene.save(repository, MAIN, 'one')
    let synced = false
    scene.disk.onOperation = ({ kind, path }) => {
      synced ||= kind === 'syncFile' && path.endsWith('.pack')
    }
    for (let n = 0; n < 100 && !synced; n++) await sleep(10)
    expect(synced).toBe(true)
    await scene.end()
  })

  it.each([
    ['half a minute after its first save', 30_000, 'x'],
    ['a second after it, where other machines may wait for that', 1000, undefined],
  ])('settles a chapter %s', async (_, after, localDisk) => {
    const repository = new Repository(join(tempFolder(), 'store'), {
      fs: { ...nodeFileSystem, localDisk: () => localDisk },
    })
    const settled = vi.spyOn(Settling.prototype, 'settle')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await save(repository)
    await vi.advanceTimersByTimeAsync(after - 1)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(settled).toHaveBeenCalledOnce()
    await repository.close()
  })

  it('reports as a rejection what keeps it from settling, also when it settles by itself', async () => {
    const repository = new Repository(join(tempFolder(), 'store'))
    await save(repository)
    const broken = vi.spyOn(repository.fs, 'readDir').mockImplementation(() => {
      throw new Error('no folder')
    })
    await expect(repository.settle()).rejects.toThrow('no folder')
    broken.mockRestore()
    await repository.close()
  })

  it('settles within a second while another process maintains the store', async () => {
    const folder = join(tempFolder(), 'store')
    const repository = new Repository(folder)
    const settled = vi.spyOn(Settling.prototype, 'settle')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await save(repository)
    await vi.advanceTimersByTimeAsync(5000)
    expect(settled).not.toHaveBeenCalled()
    fs.writeFileSync(join(folder, 'forkpoint/maintain.lock'), 'held by a test')
    await vi.advanceTimersByTimeAsync(1000)
    expect(settled).toHaveBeenCalledOnce()
    await repository.close()
  })

  it('works again when somebody has deleted its folder of journals and temporaries', async () => {
    const folder = join(tempFolder(), 'store')
    const repository = new Repository(folder)
    await save(repository)
    await repository.settle()
    fs.rmSync(join(folder, 'forkpoint/tmp'), { recursive: true })
    await save(repository, MAIN, 'two')
    await save(repository, 'refs/heads/t/main', 'three')
    await repository.close()
    git(folder, ['fsck', '--strict'])
  })
})
