/**
 * Broken disks and repositories of strangers: a typed error that names the file and a way out, nothing run, nothing
 * written outside, no unbounded memory, and every other session as usable as before.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CorruptError, ForkpointError, StorageError, UnsupportedError } from '../../src/errors.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, expectWhole, fill, message, realGit, storeAt, words } from './support/git-store.ts'
import { lose, remake } from './support/remade.ts'

/** Two sessions, each in a pack of its own that is there once. */
const template = { folder: '', good: '', bad: '' }
beforeAll(async () => {
  template.folder = mkdtempSync(join(tmpdir(), 'forkpoint-two-'))
  for (const id of ['good', 'bad'] as const) {
    const store = new GitSessionStore(template.folder)
    await fill(store, id, 5, 400)
    await store.maintain()
    await store.close()
    template[id] = packsOf(template.folder).find((pack) => pack !== template.good)!
    writeFileSync(template[id].replace('.pack', '.keep'), 'so that it stays alone\n')
  }
})
afterAll(() => rmSync(template.folder, { recursive: true, force: true }))

/** A copy of them: the store's folder, and the packs. */
async function twoSessions(): Promise<{ folder: string; good: string; bad: string }> {
  const folder = tempFolder()
  cpSync(template.folder, folder, { recursive: true })
  const moved = (file: string): string => file.replace(template.folder, folder)
  return { folder, good: moved(template.good), bad: moved(template.bad) }
}

const packsOf = (folder: string): string[] => {
  const packs = join(folder, 'objects/pack')
  return readdirSync(packs).flatMap((name) => (name.endsWith('.pack') ? [join(packs, name)] : []))
}

/** Git makes its packs read-only. */
function overwrite(file: string, content: Uint8Array | string): void {
  rmSync(file, { force: true })
  writeFileSync(file, content)
}

/** What is done with a session ends in an error of ours that says which file or object, and what to do. */
async function expectRefused(work: Promise<unknown>, names: string | RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ForkpointError)
  expect((error as Error).message).toMatch(names)
  expect((error as Error).message).toMatch(WAY_OUT)
}

const WAY_OUT =
  /restore|use the previous checkpoint|remove|delete|trusted copy|take the|write the|free some|check who|read-only|move it/i

/** The session loads and saves, and what it saves is whole. */
async function expectUsable(folder: string, session = 'good'): Promise<void> {
  const store = storeAt(folder)
  const before = (await store.load(session))!
  expect(before.messages.length).toBeGreaterThanOrEqual(5)
  const id = `more-${before.messages.length}`
  await store.append(session, { messages: [message(id, 'more')] })
  const state = (await store.load(session))!
  state.title = `after ${id}`
  await store.save(state)
  await store.fork(session, { at: 'main~1', branch: `try-${before.messages.length}` })
  const titles: string[] = []
  for await (const { subject } of store.log(session, { limit: 2 })) titles.push(subject)
  expect(titles.length).toBe(2)
  const tip = await store.resolve(session, 'main')
  expect(realGit(folder, 'rev-list', '--objects', tip).status).toBe(0)
  await store.close()
}

describe('A store of which one pack', () => {
  test('is cut short still has the sessions of the others', async () => {
    const { folder, bad } = await twoSessions()
    const bytes = readFileSync(bad)
    for (const length of [0, 4, 12, 100, bytes.length >> 1, bytes.length - 1]) {
      overwrite(bad, bytes.subarray(0, length))
      await expectRefused(storeAt(folder).load('bad'), bad)
      await expectUsable(folder)
    }
    overwrite(bad, bytes)
    await expectUsable(folder, 'bad')
    expectWhole(folder)
  })

  test('has a flipped bit gives the right state or none', async () => {
    const { folder, bad } = await twoSessions()
    const state = await storeAt(folder).load('bad')
    const bytes = readFileSync(bad)
    let refused = 0
    for (let n = 0; n < 40; n++) {
      const flipped = Buffer.from(bytes)
      flipped[Math.floor((n * bytes.length) / 40)]! ^= 1 << (n % 8)
      overwrite(bad, flipped)
      const store = storeAt(folder)
      try {
        expect(await store.load('bad')).toEqual(state)
      } catch (error) {
        refused++
        expect(error).toBeInstanceOf(CorruptError)
        expect((error as CorruptError).message).toContain(bad)
      }
    }
    expect(refused).toBeGreaterThan(5)
    await expectUsable(folder)
  })

  test('has an index that is damaged', async () => {
    const { folder, bad } = await twoSessions()
    const index = bad.replace('.pack', '.idx')
    const bytes = readFileSync(index)
    const damages: Buffer[] = [Buffer.alloc(0), Buffer.from('garbage'), bytes.subarray(0, bytes.length >> 1)]
    const wild = Buffer.from(bytes)
    wild.fill(0xff, 8, 8 + 1024)
    damages.push(wild, Buffer.alloc(bytes.length, 0xff))
    for (const damage of damages) {
      overwrite(index, damage)
      await expectRefused(storeAt(folder).load('bad'), /\.idx|missing/)
      await expectUsable(folder)
    }
  })

  test('is a symbolic link is not followed', async () => {
    const { folder, bad } = await twoSessions()
    const elsewhere = join(tempFolder(), 'pack')
    renameSync(bad, elsewhere)
    symlinkSync(elsewhere, bad)
    await expectRefused(storeAt(folder).load('bad'), bad)
    await expectUsable(folder)
  })
})

describe('An object that', () => {
  test.each([
    'bad/main',
    'bad/main^{tree}',
    'bad/main:session.json',
    'bad/main:messages/0000/000003-user.json',
  ])('is missing (%s) is named', async (revision) => {
    const { folder } = await twoSessions()
    const id = gitText(folder, ['rev-parse', revision])
    lose(folder, id)
    await expectRefused(storeAt(folder).load('bad'), id)
    await expectUsable(folder)
  })

  test.each([
    ['claims 2 GB', Buffer.concat([Buffer.from('blob 2147483647\0'), Buffer.from('x')])],
    ['claims 60 MB and has none', Buffer.from(`blob ${60 << 20}\0`)],
    ['claims little and is a bomb', Buffer.concat([Buffer.from('blob 10\0'), Buffer.alloc(300 << 20)])],
    ['claims nothing that can be read', Buffer.from('blob x\0garbage')],
    ['is of no type', Buffer.from('wolf 3\0abc')],
  ])('%s takes no memory', async (_, content) => {
    const { folder } = await twoSessions()
    const id = gitText(folder, ['rev-parse', 'bad/main:session.json'])
    lose(folder, id)
    mkdirSync(join(folder, 'objects', id.slice(0, 2)), { recursive: true })
    const file = join(folder, 'objects', id.slice(0, 2), id.slice(2))
    writeFileSync(file, deflateSync(content))
    const before = process.memoryUsage().rss
    await expectRefused(storeAt(folder).load('bad'), file)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20)
    await expectUsable(folder)
  })

  test('claims 2 GB in a pack takes no memory', async () => {
    const { folder, bad } = await twoSessions()
    const id = gitText(folder, ['rev-parse', 'bad/main:session.json'])
    const row = gitText(folder, ['verify-pack', '-v', bad])
      .split('\n')
      .find((line) => line.startsWith(id))!
    const offset = Number(row.split(/\s+/)[4])
    const bytes = readFileSync(bad)
    // Type and size of the entry: a blob of 2^31 - 1 bytes.
    Buffer.from([0xbf, 0xff, 0xff, 0xff, 0x7f]).copy(bytes, offset)
    overwrite(bad, bytes)
    const before = process.memoryUsage().rss
    await expectRefused(storeAt(folder).load('bad'), bad)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20)
    await expectUsable(folder)
  })
})

describe('A tree with', () => {
  const entries: [string, string, string, RegExp][] = [
    ['an entry .git', '.git', '100644', /\.git/],
    ['an entry .GIT', '.GIT', '100644', /\.GIT/],
    ['an entry ..', '..', '100644', /'\.\.'/],
    ['a link', 'session.json', '120000', /session\.json/],
    ['a link for a folder', 'messages', '120000', /messages/],
    ['a link among messages', 'messages/0000/000001-user.json', '120000', /000001-user\.json/],
    ['a program', 'messages/0000/000001-user.json', '100755', /000001-user\.json/],
    ['a submodule', 'runs', '160000', /runs/],
  ]
  test.each(entries)('%s is refused', async (_, path, mode, named) => {
    const { folder } = await twoSessions()
    const before = readFileSync('/etc/hostname', 'utf8')
    const content = mode === '160000' ? 'a'.repeat(40) : '/etc/hostname'
    remake(folder, 'refs/heads/bad/main', { tree: (edit) => edit(path, mode, content) })
    await expectRefused(storeAt(folder).load('bad'), named)
    await expectRefused(storeAt(folder).append('bad', { set: { title: 'x' } }), named)
    // What was before the bad checkpoint can be gone on from.
    const store = storeAt(folder)
    expect((await store.load('bad', { at: 'main~1' }))!.messages.length).toBe(4)
    expect(readFileSync('/etc/hostname', 'utf8')).toBe(before)
    await expectUsable(folder)
  })

  test('a path that leads out (../x) is refused', async () => {
    const { folder } = await twoSessions()
    remake(folder, 'refs/heads/bad/main', { tree: (edit) => edit('../x', '100644', 'x') })
    await expectRefused(storeAt(folder).load('bad'), /'\.\.'/)
    await expectUsable(folder)
  })

  test.each([
    ['one log', 1],
    ['many logs', 224],
  ])(
    'folders that unfold into millions of files, each item with %s, is refused before it is unfolded',
    async (_, logs) => {
      const { folder } = await twoSessions()
      remake(folder, 'refs/heads/bad/main', { tree: (edit) => edit('messages', '40000', bomb(folder, logs)) })
      const before = process.memoryUsage().rss
      await expectRefused(storeAt(folder).load('bad'), /expands to more than|second log/)
      expect((await storeAt(folder).verify('bad')).ok).toBe(false)
      const diff = storeAt(folder).diff({ session: 'good' }, { session: 'bad' })
      await expectRefused(diff, /expands to more than/)
      expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20)
      await expectUsable(folder)
    },
  )

  test('the same in a folder that is not ours costs nothing', async () => {
    const { folder } = await twoSessions()
    const before = await storeAt(folder).load('bad')
    const photos = bomb(folder)
    remake(folder, 'refs/heads/bad/main', { tree: (edit) => edit('.photos', '40000', photos) })
    const reading = (['read', 'readTree', 'readMany'] as const).map((name) =>
      vi.spyOn(ObjectStore.prototype, name),
    )
    expect(await storeAt(folder).load('bad')).toEqual(before)
    expect((await storeAt(folder).verify('bad')).ok).toBe(true)
    const read = reading.flatMap(({ mock }) => mock.calls.flatMap(([ids]) => [ids].flat() as string[]))
    const inside = gitText(folder, ['ls-tree', '--object-only', photos]).split('\n')[0]
    for (const spy of reading) spy.mockRestore()
    expect(read.length).toBeGreaterThan(10)
    expect(read).not.toContain(inside)
    await expectUsable(folder)
  })
})

/**
 * A tree that unfolds into 11 million files for each log that an item has, each at a path that a log of a message may have;
 * its id.
 */
function bomb(folder: string, logs = 224): string {
  const blob = gitText(folder, ['hash-object', '-w', '--stdin'], '{}\n')
  const levels: ((n: number) => string)[] = [
    (n) => `100644 blob ${blob}\t${String(n).padStart(6, '0')}.jsonl\n`,
    (n) => `\tevents${String(n).padStart(4, '0')}\n`,
    (n) => `\t${String(n).padStart(6, '0')}\n`,
    (n) => `\t${String(n).padStart(4, '0')}\n`,
  ]
  return levels.reduce((tree, row, level) => {
    const rows = Array.from({ length: level === 1 ? logs : 224 }, (_, n) => row(n))
    return gitText(
      folder,
      ['mktree'],
      (tree === '' ? rows : rows.map((one) => `040000 tree ${tree}${one}`)).join(''),
    )
  }, '')
}

describe('A ref that', () => {
  test.each([
    ['is empty', ''],
    ['holds garbage', 'garbage\n'],
    ['holds half an id', 'abcdef0123\n'],
    ['refers to itself', 'ref: refs/heads/bad/main\n'],
    ['leads out of the store', 'ref: refs/../../../etc/passwd\n'],
  ])('%s is named', async (_, content) => {
    const { folder } = await twoSessions()
    const file = join(folder, 'refs/heads/bad/main')
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, content)
    await expectRefused(storeAt(folder).load('bad'), 'refs/heads/bad/main')
    await expectRefused(storeAt(folder).append('bad', { set: { title: 'x' } }), 'refs/heads/bad/main')
    await expectUsable(folder)
    expect((await storeAt(folder).verify()).problems.map(({ session }) => session)).toEqual(['bad'])
  })

  test('is a symbolic link, a folder or a pipe is named', async () => {
    const { folder } = await twoSessions()
    const file = join(folder, 'refs/heads/bad/main')
    const outside = join(tempFolder(), 'secret')
    writeFileSync(outside, 'secret\n')
    const make: (() => void)[] = [
      () => symlinkSync(outside, file),
      () => void execFileSync('mkfifo', [file]),
      () => mkdirSync(join(file, 'deeper'), { recursive: true }),
    ]
    for (const one of make) {
      rmSync(file, { recursive: true, force: true })
      mkdirSync(join(file, '..'), { recursive: true })
      one()
      const store = storeAt(folder)
      const state = await store.load('bad').catch((error: unknown) => error)
      if (state instanceof Error) {
        expect(state).toBeInstanceOf(ForkpointError)
        expect(state.message).toContain(file)
      }
      await expectUsable(folder)
    }
    expect(readFileSync(outside, 'utf8')).toBe('secret\n')
  })
})

describe('Where a symbolic link stands in the place of', () => {
  test.each([
    'objects',
    'objects/pack',
    'refs',
    'forkpoint',
    'forkpoint/tmp',
    'forkpoint/journals',
    'forkpoint/retired',
  ])('%s, the store is not opened', async (name) => {
    const { folder } = await twoSessions()
    const outside = moveOut(folder, name)
    const before = listing(outside)
    const store = storeAt(folder)
    await expectRefused(store.load('good'), join(folder, name))
    await expectRefused(store.append('good', { set: { title: 'x' } }), join(folder, name))
    await expectRefused(store.save(emptySession('new')), join(folder, name))
    await expectRefused(store.maintain({ purge: true }), join(folder, name))
    expect(listing(outside)).toEqual(before)
  })

  test('config, the store is not opened', async () => {
    const { folder } = await twoSessions()
    const outside = moveOut(folder, 'config')
    const before = readFileSync(outside, 'utf8')
    await expectRefused(storeAt(folder).save(emptySession('new')), join(folder, 'config'))
    expect(readFileSync(outside, 'utf8')).toBe(before)
  })

  test('HEAD, nothing is written through it', async () => {
    const { folder } = await twoSessions()
    const outside = moveOut(folder, 'HEAD')
    const before = readFileSync(outside, 'utf8')
    const store = storeAt(folder)
    await store.save(emptySession('new'))
    await expectRefused(store.maintain(), join(folder, 'HEAD'))
    await store.delete('good').catch((error: unknown) => expect(error).toBeInstanceOf(ForkpointError))
    expect(readFileSync(outside, 'utf8')).toBe(before)
  })

  test.each(['refs/heads', 'refs/heads/bad', 'refs/tags'])(
    '%s, nothing is written through it',
    async (name) => {
      const { folder } = await twoSessions()
      const store = storeAt(folder)
      await store.tag('bad', 'old')
      await store.close()
      const outside = moveOut(folder, name)
      const before = listing(outside)
      const again = storeAt(folder)
      const work = [
        () => again.append('bad', { set: { title: 'x' } }),
        () => again.tag('bad', 'new'),
        () => again.delete('bad'),
        () => again.maintain({ purge: true }),
      ]
      for (const one of work)
        await one().catch((error: unknown) => expect(error).toBeInstanceOf(ForkpointError))
      expect(listing(outside)).toEqual(before)
      if (name === 'refs/heads/bad') await expectUsable(folder)
    },
  )

  test('a folder of loose objects or a journal, nothing is deleted through it', async () => {
    const { folder } = await twoSessions()
    const outside = tempFolder()
    const id = gitText(folder, ['rev-parse', 'good/main'])
    writeFileSync(join(outside, id.slice(2)), 'precious')
    writeFileSync(join(outside, '0.journal'), 'precious')
    writeFileSync(join(outside, 'owner'), 'precious')
    const before = listing(outside)
    for (const name of [`objects/${id.slice(0, 2)}`, 'forkpoint/journals/0123456789abcdef']) {
      symlinkSync(outside, join(folder, name))
      await expectRefused(storeAt(folder).maintain({ purge: true }), join(folder, name))
      await expectUsable(folder)
      expect(listing(outside)).toEqual(before)
      rmSync(join(folder, name))
    }
  })
})

/** Puts a link in a file's or folder's place; returns where it is now. */
function moveOut(folder: string, name: string): string {
  const outside = join(tempFolder(), 'moved')
  mkdirSync(join(folder, name, '..'), { recursive: true })
  if (!existsSync(join(folder, name))) mkdirSync(join(folder, name))
  renameSync(join(folder, name), outside)
  symlinkSync(outside, join(folder, name))
  return outside
}

function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name))
      return `${name} ${size} ${mtimeMs}`
    })
}

test('Nothing that a store’s configuration, hooks or attributes name is ever run', async () => {
  const { folder } = await twoSessions()
  const canary = join(tempFolder(), 'sang')
  const program = join(tempFolder(), 'canary')
  writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\ncat\n`, { mode: 0o755 })
  for (const key of [
    'diff.external',
    'diff.json.textconv',
    'diff.json.command',
    'core.fsmonitor',
    'core.pager',
    'core.editor',
    'core.sshCommand',
    'core.alternateRefsCommand',
    'filter.json.clean',
    'filter.json.smudge',
    'gpg.program',
    'credential.helper',
    'uploadpack.packObjectsHook',
    'gc.recentObjectsHook',
  ])
    git(folder, ['config', '--file', join(folder, 'config'), key, program])
  for (const command of ['diff-tree', 'pack-objects', 'pack-refs', 'repack', 'gc'])
    git(folder, ['config', '--file', join(folder, 'config'), `alias.${command}`, `!${program}`])
  mkdirSync(join(folder, 'hooks'))
  for (const hook of ['reference-transaction', 'post-update', 'pre-auto-gc', 'post-receive', 'pre-commit'])
    writeFileSync(join(folder, 'hooks', hook), readFileSync(program), { mode: 0o755 })
  mkdirSync(join(folder, 'info'), { recursive: true })
  writeFileSync(join(folder, 'info/attributes'), '* diff=json filter=json\n')
  const store = storeAt(folder)
  await expectUsable(folder)
  expect((await store.maintain({ purge: true })).native).toBe(false)
  expect((await store.verify()).ok).toBe(true)
  await expect((await store.diff('good', 'main~1', 'main')).patch()).rejects.toBeInstanceOf(UnsupportedError)
  await store.delete('bad')
  expect(existsSync(canary)).toBe(false)
  // The hook would have sung.
  git(folder, ['update-ref', 'refs/heads/x', gitText(folder, ['rev-parse', 'good/main'])])
  expect(existsSync(canary)).toBe(true)
})

const mounts: string[] = []
afterEach(() => {
  for (const folder of mounts.splice(0).reverse()) spawnSync('umount', ['-l', folder])
})

/** Mounts; `false`, said out loud, where that is not permitted. */
function mount(...args: string[]): boolean {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
  if (status === 0) mounts.push(args.at(-1)!)
  else console.warn(`skipped, because mounting is not permitted here: ${stderr?.trim() ?? 'no mount'}`)
  return status === 0
}

describe('A disk that', () => {
  test('is full fails a save with an error that says so, and keeps what was saved', async ({ skip }) => {
    const folder = tempFolder()
    if (!mount('-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder)) skip()
    const root = join(folder, 'store')
    const store = storeAt(root)
    await fill(store, 'good', 5)
    let saved = 0
    let failure: unknown
    for (let n = 0; n < 200 && failure === undefined; n++) {
      try {
        await store.append('good', { messages: [message(`big${n}`, noise(60_000, n))] })
        saved++
      } catch (error) {
        failure = error
      }
    }
    expect(failure).toBeInstanceOf(StorageError)
    expect((failure as StorageError).errno).toBe('ENOSPC')
    expect((failure as StorageError).message).toMatch(/full.*free some space/i)
    expect((await store.load('good'))!.messages.length).toBe(5 + saved)
    await expect(store.maintain()).rejects.toBeInstanceOf(ForkpointError)
    expect((await store.load('good'))!.messages.length).toBe(5 + saved)
    await store.close().catch(() => undefined)
    const again = storeAt(root)
    expect((await again.load('good'))!.messages.length).toBe(5 + saved)
    expect(realGit(root, 'fsck', '--strict', '--full', '--no-dangling').status).toBe(0)
    // With some space again everything goes on.
    spawnSync('mount', ['-o', 'remount,size=30m', folder])
    await again.append('good', { messages: [message('after', 'space again')] })
    await again.maintain()
    expect((await again.load('good'))!.messages.length).toBe(6 + saved)
    await again.close()
    expectWhole(root)
  })

  test('can only be read is read, and says so when it is written to', async ({ skip }) => {
    const { folder } = await twoSessions()
    const readOnly = tempFolder()
    if (!mount('--bind', folder, readOnly)) skip()
    if (spawnSync('mount', ['-o', 'remount,ro,bind', readOnly]).status !== 0) skip()
    const store = storeAt(readOnly)
    expect((await store.load('good'))!.messages.length).toBe(5)
    expect((await store.branches('good')).length).toBe(1)
    expect((await store.verify()).ok).toBe(true)
    expect(await (await store.diff('good', 'main~1', 'main')).patch()).toContain('diff --git')
    for (const work of [
      () => store.append('good', { set: { title: 'x' } }),
      () => store.save(emptySession('new')),
      () => store.tag('good', 'x'),
      () => store.delete('bad'),
      () => store.maintain(),
    ]) {
      await expectRefused(work(), /read-only/i)
    }
    expect((await store.load('bad'))!.messages.length).toBe(5)
  })

  test('gives no permission says so', async ({ skip }) => {
    if (process.getuid?.() === 0) {
      console.warn('skipped, because nothing is forbidden to root')
      skip()
    }
    const { folder } = await twoSessions()
    execFileSync('chmod', ['-R', 'a-w', folder])
    try {
      await expectRefused(storeAt(folder).append('good', { set: { title: 'x' } }), /permission/i)
    } finally {
      execFileSync('chmod', ['-R', 'u+w', folder])
    }
  })
})

/** Text that does not compress. */
function noise(size: number, seed: number): string {
  let x = seed + 1
  const bytes = Buffer.alloc(Math.ceil((size * 3) / 4))
  for (let n = 0; n < bytes.length; n++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0
    bytes[n] = x >>> 16
  }
  return `${words(String(seed), 10)} ${bytes.toString('base64').replace(/\//g, ' ')}`
}
