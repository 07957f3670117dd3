import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NotFoundError, UnsupportedError } from '../../src/errors.ts'
import { ownerText, systemIdentity } from '../../src/git/disk/identity.ts'
import { Repository } from '../../src/git/repository.ts'
import { planRepack } from '../../src/git/upkeep/native/repack.ts'
import { purge } from '../../src/git/upkeep/purge.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import {
  bytesOfPacks,
  emptySession,
  expectWhole,
  fill,
  isThere,
  message,
  realGit,
  storeAt,
  withoutGit,
  words,
} from './support/git-store.ts'

describe('Maintenance', () => {
  test('of a store that is not there yet does nothing', async () => {
    const folder = join(tempFolder(), 'none')
    const report = await storeAt(folder).maintain({ purge: true })
    expect(report).toEqual({ native: false, packsBefore: 0, packsAfter: 0, bytesBefore: 0, bytesAfter: 0 })
    expect(existsSync(folder)).toBe(false)
  })

  test('makes one small pack of many, and says what it did', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 60)
    await fill(store, 'b', 20)
    const seen: string[] = []
    const report = await store.maintain({ onProgress: ({ phase }) => seen.push(phase) })
    expect(report.native).toBe(true)
    expect(report.packsAfter).toBe(1)
    expect(report.packsBefore).toBeGreaterThan(1)
    expect(report.bytesAfter).toBeLessThan(report.bytesBefore / 3)
    const { packs, bytes } = await store.stats()
    expect(packs).toBe(1)
    expect(Math.abs(bytes - report.bytesAfter)).toBeLessThan(1000)
    for (const phase of ['settling', 'packing', 'packing refs', 'cleaning up']) expect(seen).toContain(phase)
    expectWhole(folder)
    expect((await store.load('a'))!.messages.length).toBe(60)
    expect((await store.load('b', { at: 'main~10' }))!.messages.length).toBe(10)
    await store.close()
    expect(readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
  })

  test('of 300 turns of 4 KB gets about as small as git can make it', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 300, 4096)
    await store.maintain()
    await store.close()
    const ours = bytesOfPacks(folder)
    expect(realGit(folder, 'gc', '--aggressive', '--quiet').status).toBe(0)
    expect(ours).toBeLessThanOrEqual(bytesOfPacks(folder) * 1.2)
  })

  test('with a purge leaves what was saved since the last time as small as the rest', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 30, 4096)
    await fill(store, 'old', 5)
    await store.maintain()
    await fill(store, 'b', 100, 4096)
    await fill(store, 'new', 5)
    // The purge makes one pack of both, because each has something to remove.
    for (const id of ['old', 'new']) await store.delete(id)
    await store.maintain({ purge: true })
    await store.close()
    const ours = bytesOfPacks(folder)
    expect(realGit(folder, 'gc', '--aggressive', '--quiet').status).toBe(0)
    expect(ours).toBeLessThanOrEqual(bytesOfPacks(folder) * 1.2)
  })

  test('again and again stays small, and changes nothing when there is nothing to do', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await store.save(emptySession('a'))
    for (let round = 0; round < 8; round++) {
      for (let n = 0; n < 12; n++) {
        const id = `m${round}-${n}`
        await store.append('a', { messages: [message(id, words(id, 2000))] })
      }
      await store.maintain()
      expect((await store.stats()).packs).toBeLessThanOrEqual(4)
    }
    const before = readdirSync(join(folder, 'objects/pack'))
    await store.maintain()
    expect(readdirSync(join(folder, 'objects/pack'))).toEqual(before)
    const ours = bytesOfPacks(folder)
    realGit(folder, 'gc', '--aggressive', '--quiet')
    expect(ours).toBeLessThanOrEqual(bytesOfPacks(folder) * 1.6)
    expectWhole(folder)
  })

  test('without git merges, and says that git was not there', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    for (const id of ['a', 'b']) await fill(store, id, 20)
    withoutGit()
    const report = await store.maintain()
    expect(report.native).toBe(false)
    expect(report.packsAfter).toBeLessThanOrEqual(64)
    expectWhole(folder)
  })

  test('does without git where git may not be run', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 5)
    await fill(store, 'gone', 2)
    const gone = (await store.checkpoint('gone')).id
    await store.delete('gone')
    git(folder, ['config', '--file', join(folder, 'config'), 'diff.external', '/bin/false'])
    expect((await store.maintain({ purge: true })).native).toBe(false)
    expect(isThere(folder, gone)).toBe(false)
    expectWhole(folder)
  })

  test('never removes what is merely unreachable', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 10)
    await fill(store, 'gone', 10)
    const gone = (await store.checkpoint('gone')).id
    await store.delete('gone')
    const loose = gitText(folder, ['hash-object', '-w', '--stdin'], 'by hand')
    for (let round = 0; round < 2; round++) {
      await store.maintain()
      expect(realGit(folder, 'rev-list', '--objects', gone).status).toBe(0)
      expect(isThere(folder, loose)).toBe(true)
    }
    expect((await store.stats()).looseObjects).toBe(0)
  })

  test('packs refs, and leaves branches, tags and the active branch as they were', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 3)
    await store.fork('a', { at: 'main~1', branch: 'try' })
    await store.switch('a', 'try')
    await store.tag('a', 'before', { at: 'main~2' })
    const before = [await store.branches('a'), await store.tags('a')]
    await store.maintain()
    expect(readFileSync(join(folder, 'packed-refs'), 'utf8')).toContain('refs/heads/a/try')
    expect([await store.branches('a'), await store.tags('a')]).toEqual(before)
    await store.append('a', { messages: [message('new', 'more')] })
    expect((await store.branches('a')).find(({ name }) => name === 'try')!.active).toBe(true)
    expect(await store.delete('a', { branch: 'try' })).toBe(true)
    expectWhole(folder)
  })

  test('keeps a commit-graph and a multi-pack-index right', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 10)
    await fill(store, 'gone', 3)
    await store.maintain()
    git(folder, ['commit-graph', 'write', '--reachable'])
    git(folder, ['multi-pack-index', 'write'])
    for (const purge of [false, true]) {
      await fill(store, `more-${purge}`, 10)
      if (purge) await store.delete('gone')
      await store.maintain({ purge })
      expectWhole(folder)
      expect(realGit(folder, 'commit-graph', 'verify').status).toBe(0)
      expect(realGit(folder, 'multi-pack-index', 'verify').status).toBe(0)
      expect(existsSync(join(folder, 'objects/info/commit-graph'))).toBe(true)
      expect(existsSync(join(folder, 'objects/pack/multi-pack-index'))).toBe(true)
    }
  })

  test('leaves packs that are kept alone', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 5)
    await store.maintain()
    const kept = readdirSync(join(folder, 'objects/pack')).find((name) => name.endsWith('.pack'))!
    writeFileSync(join(folder, 'objects/pack', kept.replace('.pack', '.keep')), 'mine\n')
    await fill(store, 'b', 5)
    await store.maintain()
    expect(readdirSync(join(folder, 'objects/pack'))).toContain(kept)
    expectWhole(folder)
  })

  test('takes away what dead processes left', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 3)
    const packs = join(folder, 'objects/pack')
    await store.maintain()
    const pack = readdirSync(packs).find((name) => name.endsWith('.pack'))!
    const old = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000)
    const leave = (name: string, text = 'forkpoint\n'): string => {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), text)
      utimesSync(join(folder, name), old, old)
      return join(folder, name)
    }
    const left = [
      leave(
        `objects/pack/${pack.replace('.pack', '.keep')}`,
        ownerText({ ...systemIdentity.newOwner(), pid: 4_194_304 }),
      ),
      leave('objects/pack/tmp_pack_x'),
      leave('objects/pack/.tmp-1-pack-x.idx'),
      leave(`objects/pack/pack-${'a'.repeat(40)}.pack`),
      leave(`objects/pack/pack-${'b'.repeat(40)}.rev`),
      leave('objects/ab/tmp_obj_x'),
      leave('forkpoint/tmp/0123456789abcdef-7'),
      leave(`forkpoint/tmp/0123456789abcdef-8-${'c'.repeat(40)}.pack`),
      leave(`forkpoint/retired/${'d'.repeat(40)}`, `${'e'.repeat(40)}\n`),
    ]
    mkdirSync(join(folder, 'refs/heads/empty/deeper'), { recursive: true })
    const theirs = leave(`objects/pack/pack-${'f'.repeat(40)}.keep`, 'somebody else\n')
    await store.maintain()
    for (const file of left) expect(existsSync(file), file).toBe(false)
    expect(existsSync(join(folder, 'refs/heads/empty'))).toBe(false)
    expect(existsSync(theirs)).toBe(true)
    expectWhole(folder)
    await store.save(emptySession('empty'))
  })
})

describe('A purge of sessions', () => {
  test.each([true, false])('removes a deleted one for good (git there: %s)', async (native) => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 12)
    await fill(store, 'gone', 12)
    if (native) await store.maintain()
    await store.fork('gone', { at: 'main~6', session: 'kept' })
    await store.tag('a', 'old', { at: 'main~3' })
    const gone = [await store.resolve('gone', 'main'), await store.resolve('gone', 'main~5')]
    const shared = await store.resolve('gone', 'main~6')
    await store.delete('gone')
    if (!native) withoutGit()
    const report = await store.maintain({ purge: true })
    expect(report.native).toBe(native)
    for (const id of gone) expect(isThere(folder, id)).toBe(false)
    expect(isThere(folder, shared)).toBe(true)
    expectWhole(folder)
    expect((await store.load('kept'))!.messages.length).toBe(6)
    expect((await store.load('a'))!.messages.length).toBe(12)
    expect(await store.load('gone')).toBeUndefined()
    expect((await store.verify()).ok).toBe(true)
  })

  test('leaves what others hold open of other sessions usable', async () => {
    const folder = tempFolder()
    const [store, other] = [storeAt(folder), storeAt(folder)]
    await fill(store, 'a', 5)
    await fill(store, 'gone', 5)
    const handle = await other.open('a')
    await other.load('gone')
    await store.delete('gone')
    await store.maintain({ purge: true })
    const next = await handle.append({ messages: [message('x', 'more')] })
    const state = (await other.load('a'))!
    await other.save({ ...state, title: 'after' }, { expected: next.id })
    expect(await other.load('gone')).toBeUndefined()
    await other.save(emptySession('gone'))
    expectWhole(folder)
  })

  test('is not undone by a tag or a fork that was asked for before', async () => {
    const folder = tempFolder()
    const [store, other] = [storeAt(folder), storeAt(folder, { lockTimeout: 10_000 })]
    await fill(store, 'a', 3)
    await store.fork('a', { at: 'main', branch: 'try' })
    await store.append('a', { messages: [message('t', 'on try')] }, { branch: 'try' })
    const tip = await store.resolve('a', 'try')
    await other.load('a', { branch: 'try' })
    // The other one has resolved the revision, and waits for the lock.
    const lock = join(folder, 'forkpoint/purge.lock')
    const maintained = join(folder, 'forkpoint/maintain.lock')
    for (const file of [lock, maintained]) writeFileSync(file, 'held by a test\n')
    const settled = Promise.allSettled([
      other.tag('a', 'late', { at: 'try' }),
      other.fork('a', { at: 'try', branch: 'late' }),
      other.fork('a', { at: 'try', session: 'b' }),
    ])
    await new Promise((resolve) => setTimeout(resolve, 200))
    await store.delete('a', { branch: 'try' })
    const repository = new Repository(folder)
    await repository.open()
    await purge(repository, { exclusively: async (work) => work() })
    await repository.close()
    expect(isThere(folder, tip)).toBe(false)
    for (const file of [lock, maintained]) rmSync(file)
    for (const result of await settled) {
      expect(result.status).toBe('rejected')
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(NotFoundError)
    }
    expectWhole(folder)
  })

  test('of a repository that is not to lose objects is refused', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 3)
    git(folder, ['config', '--file', join(folder, 'config'), 'extensions.preciousObjects', 'true'])
    git(folder, ['config', '--file', join(folder, 'config'), 'core.repositoryFormatVersion', '1'])
    await store.maintain()
    await expect(store.maintain({ purge: true })).rejects.toBeInstanceOf(UnsupportedError)
    expectWhole(folder)
  })
})

describe('What is put into one pack', () => {
  const pack = (size: number, isCompressed = true) => ({
    name: `${size}`,
    size,
    isCompressed,
    mtimeMs: 0,
    isCruft: false,
  })
  const plan = (packs: readonly ReturnType<typeof pack>[], hasLoose = false, canChoose = true) =>
    planRepack(
      [...packs].sort((a, b) => a.size - b.size),
      hasLoose,
      canChoose,
    )

  test('is nothing when all is in one pack, or each is twice as big as all smaller ones', () => {
    expect(plan([])).toBeUndefined()
    expect(plan([pack(10)])).toBeUndefined()
    expect(plan([pack(1), pack(3), pack(9)])).toBeUndefined()
  })

  test('is every pack as saves write them, and the small ones', () => {
    expect(plan([pack(1000), pack(20, false), pack(5)])).toMatchObject({
      merged: ['5', '20'],
      staying: ['1000'],
    })
    expect(plan([pack(10, false)])).toMatchObject({ merged: ['10'], isFull: true })
    expect(plan([pack(100), pack(90), pack(1000)])).toMatchObject({ merged: ['90', '100'], isFull: false })
    expect(plan([pack(1000)], true)).toMatchObject({ merged: [], staying: ['1000'] })
  })

  test('is everything where git is too old to choose', () => {
    expect(plan([pack(1000), pack(20, false)], false, false)).toMatchObject({ isFull: true, staying: [] })
  })
})
