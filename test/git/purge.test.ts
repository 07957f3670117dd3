import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { CorruptError, LockedError, UnsupportedError } from '../../src/errors.ts'
import { type FileSystem, nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { removePacks } from '../../src/git/merging/removal.ts'
import { Placement } from '../../src/git/packs/placement.ts'
import { Repository } from '../../src/git/repository.ts'
import type { RepositoryOptions } from '../../src/git/repository-options.ts'
import { exclusively, maintenance } from '../../src/git/upkeep/maintenance.ts'
import { type PurgeOptions, purge } from '../../src/git/upkeep/purge.ts'
import { purgeMark } from '../../src/git/upkeep/purge-mark.ts'
import type { ObjectId, RefName } from '../../src/ids.ts'
import { git, gitText, tempFolder } from './real-git.ts'
import { commitOf, type MadeCommit } from './support/commits.ts'

const opened: Repository[] = []
afterEach(async () => {
  for (const repository of opened.splice(0)) await repository.close()
})

function repositoryAt(root: string, options: RepositoryOptions = {}): Repository {
  const repository = new Repository(root, { lockTimeout: 2000, ...options })
  opened.push(repository)
  return repository
}

/** Saves a line of commits on a ref; returns them, oldest first. */
async function line(
  repository: Repository,
  ref: RefName,
  count = 3,
  start?: ObjectId,
): Promise<MadeCommit[]> {
  const made: MadeCommit[] = []
  for (let n = 0; n < count; n++) {
    const commit = commitOf(`${ref} ${n}`, made.at(-1)?.id ?? start, 500)
    await set(repository, ref, commit.id, commit.objects)
    made.push(commit)
  }
  return made
}

function set(repository: Repository, ref: RefName, to: ObjectId | null, objects: MadeCommit['objects'] = []) {
  const refs = to === null ? [ref] : [ref]
  const plan = () => ({ objects, moves: new Map([[ref, to]]), result: undefined })
  return repository.change({ refs, prepare: plan })
}

const purgeNow = (repository: Repository, change: Partial<PurgeOptions> = {}): Promise<number> =>
  maintenance(repository, () =>
    purge(repository, { exclusively: (work) => exclusively(repository, work), ...change }),
  )

/** Keeps a group under way, so that nothing is settled, until `end` is called. */
function busyWith(repository: Repository): { end(): Promise<void> } {
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const prepare = async () => {
    await finished
    return { objects: [], moves: new Map(), result: undefined }
  }
  const done = repository.change({ refs: ['refs/heads/busy/main'], prepare })
  return {
    end: () => {
      finish()
      return done
    },
  }
}

const has = (root: string, id: string): boolean => {
  try {
    git(root, ['cat-file', '-e', id])
    return true
  } catch {
    return false
  }
}

function expectPurged(root: string, gone: readonly MadeCommit[], kept: readonly MadeCommit[]): void {
  for (const { objects } of kept) for (const { id } of objects) expect(has(root, id), `kept ${id}`).toBe(true)
  for (const { objects } of gone)
    for (const { id } of objects) expect(has(root, id), `gone ${id}`).toBe(false)
  git(root, ['fsck', '--strict', '--full'])
}

const ONE = 'refs/heads/one/main'
const TWO = 'refs/heads/two/main'

/** Two lines, of which the second is deleted. */
async function twoLines(prepare: (root: string) => void = () => {}, options: RepositoryOptions = {}) {
  const root = tempFolder()
  const repository = repositoryAt(root, options)
  const kept = await line(repository, ONE)
  const gone = await line(repository, TWO)
  await repository.settle()
  prepare(root)
  await set(repository, TWO, null)
  return { root, repository, kept, gone }
}

describe('A purge', () => {
  test('removes what nothing reaches, and leaves the rest whole', async () => {
    const { root, repository, kept, gone } = await twoLines()
    const dead = gone.flatMap(({ objects }) => objects).length
    expect(await purgeNow(repository)).toBe(dead)
    expectPurged(root, gone, kept)
    expect(await repository.objects.tryRead(gone[0]!.id)).toBeUndefined()
    expect(await purgeNow(repository)).toBe(0)
  })

  test('leaves no byte of it in the store, journals included', async () => {
    const root = tempFolder()
    const repository = repositoryAt(root)
    await line(repository, ONE)
    // Too short to be compressed, so that it can be looked for.
    const secret = commitOf('sk-very-secret-7f3a', undefined)
    await set(repository, TWO, secret.id, secret.objects)
    const find = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return find(path)
        if (!entry.isFile()) return []
        return readFileSync(path).includes('sk-very-secret-7f3a') ? [path] : []
      })
    expect(find(root).length).toBeGreaterThan(0)
    await set(repository, TWO, null)
    await purgeNow(repository)
    expect(find(root)).toEqual([])
  })

  test.each([
    ['with deltas', ['repack', '-adfq', '--depth=50', '--window=50']],
    ['and cruft packs', ['repack', '-adq']],
    ['and bitmaps', ['repack', '-adbq']],
    ['loose', ['unpack-objects', '-q']],
  ])('of a repository that git has packed %s', async (what, command) => {
    const pack = (root: string): void => {
      if (what !== 'loose') {
        git(root, command)
        return
      }
      const packs = readdirSync(join(root, 'objects/pack')).filter((name) => name.endsWith('.pack'))
      const contents = packs.map((name) => readFileSync(join(root, 'objects/pack', name)))
      for (const name of readdirSync(join(root, 'objects/pack'))) rmSync(join(root, 'objects/pack', name))
      for (const content of contents) git(root, command, content)
      makeOld(root)
    }
    const { root, repository, kept, gone } = await twoLines(pack)
    if (what === 'and cruft packs') git(root, ['repack', '--cruft', '-dq'])
    await purgeNow(repository)
    expectPurged(root, gone, kept)
    const names = readdirSync(join(root, 'objects/pack'))
    for (const name of names) expect(names).toContain(name.replace(/\.\w+$/, '.pack'))
  })

  test('leaves a commit-graph and a multi-pack-index that are right, or none', async () => {
    const graph = (root: string): void => {
      git(root, ['repack', '-dq'])
      git(root, ['commit-graph', 'write', '--reachable'])
      git(root, ['multi-pack-index', 'write', '--bitmap'])
    }
    const { root, repository, kept, gone } = await twoLines(graph)
    await purgeNow(repository)
    expectPurged(root, gone, kept)
    git(root, ['commit-graph', 'verify'])
    expect(readdirSync(join(root, 'objects/pack')).filter((name) => name.startsWith('multi'))).toEqual([])
  })

  test('and a chain of commit-graphs too', async () => {
    const graph = (root: string): void => {
      git(root, ['commit-graph', 'write', '--reachable', '--split'])
    }
    const { root, repository, kept, gone } = await twoLines(graph)
    expect(existsSync(join(root, 'objects/info/commit-graphs'))).toBe(true)
    await purgeNow(repository)
    expectPurged(root, gone, kept)
    expect(existsSync(join(root, 'objects/info/commit-graphs'))).toBe(false)
  })

  test('keeps what refs of others, tags, HEAD and reflogs lead to', async () => {
    const root = tempFolder()
    const repository = repositoryAt(root)
    const refs = [
      ONE,
      'refs/heads/one/_line',
      'refs/notes/commits',
      'refs/stash',
      'refs/remotes/o/x',
      TWO,
    ] as const
    const lines = []
    for (const ref of refs) lines.push(await line(repository, ref, 2))
    const tagged = await line(repository, 'refs/heads/tagged/main', 2)
    git(root, ['tag', '-a', '-m', 'annotated', 'outer', tagged[1]!.id])
    git(root, ['tag', '-a', '-m', 'nested', 'nested', 'outer'])
    const detached = await line(repository, 'refs/heads/detached/main', 2)
    writeFileSync(join(root, 'HEAD'), `${detached[1]!.id}\n`)
    const logged = await line(repository, 'refs/heads/logged/main', 2)
    mkdirSync(join(root, 'logs/refs/heads/x'), { recursive: true })
    const entry = `${'0'.repeat(40)} ${logged[1]!.id} A <a@example.com> 1700000000 +0000\tx\n`
    writeFileSync(join(root, 'logs/refs/heads/x/main'), entry)
    for (const name of ['tagged', 'detached', 'logged'])
      await set(repository, `refs/heads/${name}/main`, null)
    await set(repository, TWO, null)
    const gone = lines.pop()!
    await purgeNow(repository)
    expectPurged(root, gone, [...lines.flat(), ...tagged, ...detached, ...logged])
  })

  test('of packed refs too', async () => {
    const { root, repository, kept, gone } = await twoLines(
      (folder) => void git(folder, ['pack-refs', '--all']),
    )
    await purgeNow(repository)
    expectPurged(root, gone, kept)
  })

  test('of a shallow clone knows where its history ends', async () => {
    const { root, repository, kept, gone } = await twoLines()
    await purgeNow(repository)
    const clone = tempFolder()
    git(clone, ['clone', '-q', '--bare', '--depth=1', `file://${root}`, '--branch=one/main', 's.git'])
    const shallow = repositoryAt(join(clone, 's.git'))
    await purgeNow(shallow)
    expect(has(join(clone, 's.git'), kept.at(-1)!.id)).toBe(true)
    expectPurged(root, gone, kept)
  })

  test('does not touch packs that are kept', async () => {
    const { root, repository, gone } = await twoLines((folder) => {
      git(folder, ['repack', '-adq'])
      const pack = readdirSync(join(folder, 'objects/pack')).find((name) => name.endsWith('.pack'))!
      writeFileSync(join(folder, 'objects/pack', pack.replace('.pack', '.keep')), 'mine\n')
    })
    await purgeNow(repository)
    for (const { id } of gone) expect(has(root, id)).toBe(true)
    expect(readdirSync(join(root, 'objects/pack')).some((name) => name.endsWith('.keep'))).toBe(true)
  })

  test('gives loose objects of others time to get a ref', async () => {
    const { root, repository } = await twoLines()
    const old = gitText(root, ['hash-object', '-w', '--stdin'], 'old')
    makeOld(root)
    const during: string[] = []
    const purging = purgeNow(repository, {
      exclusively: (work) => {
        // As a git that is pushing does it: objects, and in a moment a ref.
        during.push(gitText(root, ['hash-object', '-w', '--stdin'], 'young'))
        return exclusively(repository, work)
      },
    })
    await purging
    expect(has(root, old)).toBe(false)
    expect(during.map((id) => has(root, id))).toEqual(during.map(() => true))
    const written = statSync(join(root, 'objects', during[0]!.slice(0, 2), during[0]!.slice(2))).mtimeMs
    await purgeNow(repository)
    // Two seconds, less the fraction of a millisecond by which a timer may be early.
    expect(Date.now() - written).toBeGreaterThan(1997)
    expect(has(root, during[0]!)).toBe(false)
  })

  test('removes nothing when something that is reached cannot be read', async () => {
    const { root, repository, gone, kept } = await twoLines((folder) => {
      git(folder, ['repack', '-adfq'])
    })
    await repository.close()
    const lost = kept[0]!.objects[1]!
    const loose = git(root, ['cat-file', 'tree', lost.id])
    expect(loose.length).toBeGreaterThan(0)
    damage(root, lost.id)
    const again = repositoryAt(root)
    await expect(purgeNow(again)).rejects.toBeInstanceOf(CorruptError)
    for (const { id } of gone) expect(has(root, id)).toBe(true)
  })

  test('removes nothing while a ref cannot be read', async () => {
    const { root, repository, gone } = await twoLines()
    writeFileSync(join(root, 'refs/heads/one/broken'), '')
    await expect(purgeNow(repository)).rejects.toBeInstanceOf(CorruptError)
    expect(has(root, gone[0]!.id)).toBe(true)
  })

  test.each(['worktrees/x/HEAD', 'index'])(
    'is refused while there is %s, which may need anything',
    async (name) => {
      const { root, repository, gone } = await twoLines()
      mkdirSync(join(root, name, '..'), { recursive: true })
      writeFileSync(join(root, name), 'ref: refs/heads/x\n')
      await expect(purgeNow(repository)).rejects.toBeInstanceOf(UnsupportedError)
      expect(has(root, gone[0]!.id)).toBe(true)
    },
  )

  test('is announced to whoever is about to name an old checkpoint', async () => {
    const { repository } = await twoLines()
    const before = purgeMark(repository)
    expect(purgeMark(repository)).toBe(before)
    await purgeNow(repository)
    expect(purgeMark(repository)).not.toBe(before)
  })

  test('lets one process maintain at a time', async () => {
    const { root, repository } = await twoLines()
    const other = repositoryAt(root, { lockTimeout: 100 })
    await maintenance(repository, async () => {
      await expect(purgeNow(other)).rejects.toBeInstanceOf(LockedError)
    })
    await purgeNow(other)
  })
})

describe('Beside other processes, a purge', () => {
  test('keeps what a save that is under way builds on and brings', async () => {
    const { root, repository, kept, gone } = await twoLines()
    const other = repositoryAt(root)
    await other.open()
    const next = commitOf('next', kept.at(-1)!.id)
    const fresh = commitOf('fresh')
    let saving: Promise<unknown> = Promise.resolve()
    await purgeNow(repository, {
      exclusively: async (work) => {
        const result = await exclusively(repository, work)
        // After the look, before anything is removed.
        saving = Promise.all([
          set(other, ONE, next.id, next.objects),
          set(other, 'refs/heads/three/main', fresh.id, fresh.objects),
        ])
        await saving
        return result
      },
    })
    await saving
    expectPurged(root, gone, [...kept, next, fresh])
  })

  test('keeps what a group that fails may put back', async () => {
    const { root, repository, gone, kept } = await twoLines()
    const other = repositoryAt(root)
    const again = await line(other, 'refs/heads/three/main', 2)
    // Deleted, and not settled: until then the journal may be replayed. It settles when it sees the purge, unless it is busy.
    await set(other, 'refs/heads/three/main', null)
    const busy = busyWith(other)
    await purgeNow(repository)
    expectPurged(root, gone, [...kept, ...again])
    await busy.end()
    await other.settle()
    await purgeNow(repository)
    expectPurged(root, [...gone, ...again], kept)
  })

  test('starts anew when packs were merged meanwhile, with all that was in them', async () => {
    const { root, repository, kept, gone } = await twoLines()
    const other = repositoryAt(root)
    await other.open()
    let merged = false
    await purgeNow(repository, {
      exclusively: async (work) => {
        const result = await exclusively(repository, work)
        if (!merged) {
          merged = true
          kept.push(...(await line(other, 'refs/heads/three/main', 1)))
          const before = other.objects.packs().map(({ name }) => name)
          await other.merger.merge(before)
          other.objects.refresh()
          expect(other.objects.packs().length).toBe(before.length + 1)
        }
        return result
      },
    })
    expectPurged(root, gone, kept)
  })

  test('gives a pack back that is placed again in the same moment', async () => {
    const { root, repository, gone } = await twoLines()
    const pack = repository.objects.packs()[0]!.name
    const fs: FileSystem = {
      ...nodeFileSystem,
      rename: (from, to) => {
        const done = nodeFileSystem.rename(from, to)
        if (from.endsWith('.idx')) repository.placement.keep(pack)
        return done
      },
    }
    expect(await removePacks(new Placement({ ...repository.folder, fs }), [pack])).toEqual([])
    repository.placement.unkeep(pack)
    git(root, ['verify-pack', `objects/pack/pack-${pack}.idx`])
    expect(has(root, gone[0]!.id)).toBe(true)
    expect(await removePacks(repository.placement, [pack])).toEqual([pack])
  })
})

/** As if all loose objects had been written a minute ago. */
function makeOld(root: string): void {
  const then = new Date(Date.now() - 60_000)
  for (const folder of readdirSync(join(root, 'objects'))) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue
    for (const name of readdirSync(join(root, 'objects', folder)))
      utimesSync(join(root, 'objects', folder, name), then, then)
  }
}

/** Flips a bit of the object in its pack. */
function damage(root: string, id: string): void {
  const name = readdirSync(join(root, 'objects/pack')).find((file) => file.endsWith('.pack'))!
  const file = join(root, 'objects/pack', name)
  const entry = gitText(root, ['verify-pack', '-v', file])
    .split('\n')
    .find((row) => row.startsWith(id))!
  const [, , , length, offset] = entry.split(/\s+/).map(Number) as [number, number, number, number, number]
  const bytes = readFileSync(file)
  bytes[offset + length - 6]! ^= 0xff
  rmSync(file)
  writeFileSync(file, bytes)
}
