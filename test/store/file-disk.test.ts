/** What only a store of files has: files. */
import { existsSync } from 'node:fs'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConflictError, CorruptError, LockedError, StorageError } from '../../src/errors.ts'
import { type FileSystem, nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { type Owner, ownerText, systemIdentity } from '../../src/git/disk/identity.ts'
import { newMessage, newSession, type Session } from '../../src/state/index.ts'
import { BlobSessionStore } from '../../src/store/blob/blob-session-store.ts'
import { FileSessionStore, type FileStoreOptions } from '../../src/store/file/file-session-store.ts'
import { SessionFolder } from '../../src/store/file/session-folder.ts'
import type { SessionSummary } from '../../src/store/session-store.ts'

let root: string
let folder: string
const opened: BlobSessionStore[] = []

function open(options?: FileStoreOptions<Session>): FileSessionStore {
  const store = new FileSessionStore(folder, options)
  opened.push(store)
  return store
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'forkpoint-disk-'))
  folder = join(root, 'sessions')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  await rm(root, { recursive: true, force: true })
})

const fileOf = (id: string) => join(folder, `${id}.json`)
const own = () => join(folder, '.forkpoint')

async function list(store: FileSessionStore): Promise<SessionSummary[]> {
  const found = []
  for await (const one of store.list()) found.push(one)
  return found
}

describe('the file of a session', () => {
  test('is one line for the store and JSON for people', async () => {
    await open().save(newSession('my-review', { title: 'Ünïcode' }))
    const text = await readFile(fileOf('my-review'), 'utf8')
    const [head, ...lines] = text.split('\n')
    expect(head).toMatch(/^\{"forkpoint":1,"type":"session","checkpoint":\{"id":"[0-9a-f]{40}",.*,"state":$/)
    expect(lines.slice(0, 3)).toEqual(['{', '  "schemaVersion": 1,', '  "type": "session",'])
    expect(text.endsWith('\n}}\n')).toBe(true)
    expect(JSON.parse(text).state.title).toBe('Ünïcode')
  })

  test('is the only thing beside the folder of locks, and that is empty when the store is closed', async () => {
    const store = open()
    await store.save(newSession('a'))
    await store.append('a', { messages: [newMessage('user', 'x')] })
    await store.fork('a', { session: 'b' })
    await store.delete('a')
    expect(await readdir(folder)).toEqual(['.forkpoint', 'b.json'])
    await store.close()
    expect(await readdir(own())).toEqual([])
  })

  test('that somebody laid out anew is read all the same', async () => {
    const store = open()
    const state = newSession('a', { title: 'T' })
    const saved = await store.save(state)
    const parsed = JSON.parse(await readFile(fileOf('a'), 'utf8'))
    await writeFile(fileOf('a'), JSON.stringify(parsed, undefined, 4))
    expect(await store.load('a')).toEqual(state)
    expect(await store.checkpoint('a')).toEqual(saved)
    expect((await list(store))[0]).toMatchObject({ id: 'a', title: 'T', head: saved.id })
    expect((await store.verify()).ok).toBe(true)
  })

  test('that somebody changed is told by verify', async () => {
    const store = open()
    await store.save(newSession('a', { title: 'before' }))
    await store.save(newSession('b'))
    const text = await readFile(fileOf('a'), 'utf8')
    await writeFile(fileOf('a'), text.replaceAll('before', 'after!'))
    expect(await store.verify()).toMatchObject({
      ok: false,
      checkpoints: 1,
      problems: [{ session: 'a', where: fileOf('a') }],
    })
  })

  test('of a session that a newer forkpoint wrote is left alone, and says so', async () => {
    const store = open()
    await store.save(newSession('a'))
    const text = (await readFile(fileOf('a'), 'utf8')).replace('"schemaVersion": 1', '"schemaVersion": 2')
    await writeFile(fileOf('a'), text)
    for (const call of [
      () => store.load('a'),
      () => store.open('a'),
      () => store.append('a', { unset: ['x'] }),
    ]) {
      await expect(call()).rejects.toThrow(/newer forkpoint/)
    }
    expect((await list(store)).map(({ id }) => id)).toEqual(['a'])
    expect(await readFile(fileOf('a'), 'utf8')).toBe(text)
  })

  test('with a long head is listed as well', async () => {
    const store = open()
    const { id } = await store.save(newSession('a', { title: 'T' }), { body: 'long\n'.repeat(10_000) })
    expect(await list(store)).toMatchObject([{ id: 'a', title: 'T', head: id }])
  })

  test('other files in the folder are left alone', async () => {
    const store = open()
    await store.save(newSession('a'))
    for (const name of ['README.md', 'Capital.json', 'a.json.bak', '%.json']) {
      await writeFile(join(folder, name), 'not ours')
    }
    await mkdir(join(folder, 'sub.d'))
    expect((await list(store)).map(({ id }) => id)).toEqual(['a'])
    expect((await store.stats()).sessions).toBe(1)
    await store.maintain({ purge: true })
    expect((await readdir(folder)).length).toBe(7)
  })
})

describe('a broken file', () => {
  const breaks: [string, (file: string) => Promise<void>][] = [
    ['is empty', (file) => truncate(file, 0)],
    ['is cut short', (file) => truncate(file, 300)],
    ['is no JSON', (file) => writeFile(file, 'hello')],
    ['is no object', (file) => writeFile(file, '[]')],
    ['is somebody else’s JSON', (file) => writeFile(file, '{"name": "x"}')],
    ['is not UTF-8', (file) => writeFile(file, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
    ['is of a newer format', (file) => writeFile(file, '{"forkpoint": 2}')],
    ['nests without end', (file) => writeFile(file, '['.repeat(200_000))],
    [
      'holds another session',
      async (file) => {
        await rename(join(folder, 'b.json'), file)
      },
    ],
    [
      'is a symbolic link',
      async (file) => {
        await rename(file, join(root, 'elsewhere.json'))
        await symlink(join(root, 'elsewhere.json'), file)
      },
    ],
    [
      'is a folder',
      async (file) => {
        await rm(file)
        await mkdir(file)
      },
    ],
  ]
  test.each(breaks)(
    'that %s is a CorruptError that names it; the others stay readable',
    async (_, breakIt) => {
      const store = open()
      await store.save(newSession('a'))
      await store.save(newSession('b'))
      await store.save(newSession('c'))
      await breakIt(fileOf('a'))
      const named = { file: fileOf('a'), message: expect.stringContaining(fileOf('a')) }
      for (const call of [
        () => store.load('a'),
        () => store.checkpoint('a'),
        () => store.append('a', { set: { title: 'T' } }),
        () => store.save(newSession('a'), { expected: 'any' }),
      ]) {
        await expect(call()).rejects.toThrow(CorruptError)
        await expect(call()).rejects.toMatchObject(named)
      }
      const listed: unknown[] = []
      for await (const { id, problem } of store.list({ order: 'id' }))
        listed.push(problem ? [id, problem.where] : id)
      expect(listed).toEqual(expect.arrayContaining([['a', fileOf('a')], 'c']))
      expect(await store.load('c')).toEqual(expect.objectContaining({ id: 'c' }))
      const { ok, problems } = await store.verify()
      expect(ok).toBe(false)
      expect(problems).toMatchObject([{ session: 'a', where: fileOf('a') }])
    },
  )

  test('can be removed by deleting its session', async () => {
    const store = open()
    await store.save(newSession('a'))
    await truncate(fileOf('a'), 10)
    expect(await store.delete('a')).toBe(true)
    await store.save(newSession('a'))
  })
})

describe('nothing is written outside the folder', () => {
  test('when a session’s file is a symbolic link', async () => {
    const store = open()
    await store.save(newSession('a'))
    await rm(fileOf('a'))
    await writeFile(join(root, 'precious'), 'precious')
    await symlink(join(root, 'precious'), fileOf('a'))
    await expect(store.save(newSession('a'), { expected: 'any' })).rejects.toThrow(CorruptError)
    expect(await store.delete('a')).toBe(true)
    expect(await readFile(join(root, 'precious'), 'utf8')).toBe('precious')
  })

  test('when the folder of locks is a symbolic link', async () => {
    await mkdir(folder)
    await mkdir(join(root, 'elsewhere'))
    await symlink(join(root, 'elsewhere'), own())
    await expect(open().save(newSession('a'))).rejects.toThrow(CorruptError)
    expect(await readdir(join(root, 'elsewhere'))).toEqual([])
  })

  test('whatever a session is called', async () => {
    const store = open()
    for (const id of ['../x', '/etc/x', '..', '.forkpoint', 'a/../../x']) await store.save(newSession(id))
    expect(await readdir(root)).toEqual(['sessions'])
    expect((await readdir(folder)).length).toBe(6)
  })
})

describe('a disk that refuses', () => {
  const failing = (call: keyof FileSystem, on: RegExp, armed: { now: boolean }): FileSystem => ({
    ...nodeFileSystem,
    // biome-ignore lint/suspicious/noExplicitAny: whatever the call is, it fails the same way.
    [call]: (path: string, ...rest: any[]) => {
      if (armed.now && on.test(path)) throw new StorageError('No space left', { file: path, errno: 'ENOSPC' })
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      return (nodeFileSystem[call] as any)(path, ...rest)
    },
  })

  test.each<[keyof FileSystem, RegExp]>([
    ['writeFile', /\.tmp$/],
    ['syncFile', /\.tmp$/],
    ['rename', /\.tmp$/],
  ])('at %s leaves what was saved, and no rubbish', async (call, on) => {
    const armed = { now: false }
    const store = new BlobSessionStore(new SessionFolder(folder, { fs: failing(call, on, armed) }))
    opened.push(store)
    const state = newSession('a')
    const saved = await store.save(state)
    armed.now = true
    state.title = 'T'
    await expect(store.save(state)).rejects.toThrow(StorageError)
    await expect(store.append('a', { set: { title: 'U' } })).rejects.toMatchObject({ errno: 'ENOSPC' })
    expect(await store.checkpoint('a')).toEqual(saved)
    expect((await readdir(own())).filter((name) => !name.includes('.owner'))).toEqual([])
    armed.now = false
    expect((await store.save(state)).seq).toBe(2)
  })

  test.skipIf(process.getuid?.() === 0)('because the folder is read-only', async () => {
    const store = open()
    await store.save(newSession('a'))
    await store.close()
    await chmod(folder, 0o500)
    await chmod(own(), 0o500)
    try {
      const other = open()
      expect(await other.load('a')).toEqual(expect.objectContaining({ id: 'a' }))
      await expect(other.save(newSession('b'))).rejects.toThrow(StorageError)
    } finally {
      await chmod(folder, 0o700)
      await chmod(own(), 0o700)
    }
  })

  test('because the folder’s place is taken by a file', async () => {
    await writeFile(folder, 'a file')
    const store = open()
    await expect(store.save(newSession('a'))).rejects.toThrow(StorageError)
    expect(await store.load('a')).toBeUndefined()
  })
})

describe('a lock', () => {
  const dead: Owner = { ...systemIdentity.newOwner(), pid: 2 ** 22 + 1, start: '1' }

  test('of a process that is gone does not hold anybody up', async () => {
    const store = open({ lockTimeout: 2000 })
    await store.save(newSession('a'))
    await writeFile(join(own(), 'a.lock'), ownerText(dead))
    const other = open({ lockTimeout: 2000 })
    await Promise.all([
      store.append('a', { messages: [newMessage('user', '1', { id: 'm1' })] }),
      other.append('a', { messages: [newMessage('user', '2', { id: 'm2' })] }),
    ])
    expect((await store.load('a'))?.messages).toHaveLength(2)
    expect(existsSync(join(own(), 'a.lock'))).toBe(false)
  })

  test('of a process that lives is waited for, and named in the end', async () => {
    const store = open({ lockTimeout: 100 })
    await store.save(newSession('a'))
    await writeFile(join(own(), 'a.lock'), ownerText(systemIdentity.newOwner()))
    const failure = store.append('a', { set: { title: 'T' } })
    await expect(failure).rejects.toThrow(LockedError)
    await expect(failure).rejects.toMatchObject({ file: join(own(), 'a.lock') })
    expect(await store.load('a')).toEqual(expect.objectContaining({ id: 'a' }))
    await store.save(newSession('b'))
    setTimeout(() => rm(join(own(), 'a.lock')), 30)
    await store.append('a', { set: { title: 'T' } })
  })

  test('of a living process is never broken, nor is one of nobody we know', async () => {
    const store = open({ lockTimeout: 50 })
    await store.save(newSession('a'))
    for (const text of ['', 'somebody else', ownerText({ ...dead, host: 'other/other', boot: 'other' })]) {
      await writeFile(join(own(), 'a.lock'), text)
      await expect(store.delete('a')).rejects.toThrow(LockedError)
    }
    expect(await store.exists('a')).toBe(true)
  })

  test('and what else a dead process left is swept by maintain; the living keep theirs', async () => {
    const [store, other] = [open(), open()]
    await store.save(newSession('a'))
    await other.save(newSession('b'))
    await writeFile(join(own(), `${dead.id}.owner`), ownerText(dead))
    await writeFile(join(own(), `${dead.id}-0.tmp`), 'half a sess')
    const kept = (await readdir(own())).filter((name) => !name.startsWith(dead.id))
    await store.maintain()
    expect(await readdir(own())).toEqual(kept)
    expect(kept.filter((name) => name.endsWith('.owner'))).toHaveLength(2)
  })
})

test('a state loaded before somebody else replaced the file is refused', async () => {
  const [one, two] = [open(), open()]
  await one.save(newSession('a'))
  const state = (await one.load('a'))!
  await two.append('a', { set: { title: 'two' } })
  state.title = 'one'
  await expect(one.save(state)).rejects.toThrow(ConflictError)
})

test('an id is of content and place in line: what comes back is not taken for what was', async () => {
  const store = open()
  const state = newSession('a', { title: 'x' })
  const first = await store.save(state)
  await store.append('a', { set: { title: 'y' } })
  const third = await store.append('a', { set: { title: 'x' } })
  expect(third.id).not.toBe(first.id)
  await expect(store.append('a', { set: { title: 'z' } }, { expected: first.id })).rejects.toThrow(
    ConflictError,
  )
})

test('reading creates nothing', async () => {
  const store = open()
  await store.load('a')
  await store.exists('a')
  await list(store)
  await store.delete('a')
  await store.verify()
  await store.maintain()
  await store.stats()
  await store.close()
  await expect(lstat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
})
