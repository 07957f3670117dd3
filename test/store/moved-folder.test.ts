/** What becomes of a store whose folder is renamed, removed or replaced while it is open. */
import { existsSync, lstatSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatStore } from '../../src/adapters/ai-sdk/index.ts'
import { StoreMovedError } from '../../src/errors.ts'
import { newMessage, newSession } from '../../src/state/index.ts'
import { FileSessionStore } from '../../src/store/file/file-session-store.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git } from '../git/real-git.ts'

let root: string
let folder: string
let elsewhere: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'forkpoint-moved-'))
  folder = join(root, 'sessions')
  elsewhere = join(root, 'elsewhere')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const kinds = { git: GitSessionStore, file: FileSessionStore }
type Store = GitSessionStore | FileSessionStore

const ways: Record<string, (store: Store) => Promise<void>> = {
  renamed: () => rename(folder, elsewhere),
  removed: () => rm(folder, { recursive: true }),
  'removed when the last save was settled': async (store) => {
    await store.maintain()
    await rm(folder, { recursive: true })
  },
  'renamed, and another store is there': async () => {
    await rename(folder, elsewhere)
    await otherStore()
  },
  'renamed, and a copy of it is there': async () => {
    // Node copies no sockets.
    const filter = (path: string): boolean => !lstatSync(path).isSocket()
    await cp(folder, join(root, 'copy'), { recursive: true, preserveTimestamps: true, filter })
    await rename(folder, elsewhere)
    await rename(join(root, 'copy'), folder)
  },
  'renamed, and an empty folder is there': async () => {
    await rename(folder, elsewhere)
    await mkdir(folder)
  },
}

let otherStore: () => Promise<void>

/** Names of all files below the folder. */
const filesIn = async (path: string): Promise<string[] | undefined> =>
  existsSync(path) ? (await readdir(path, { recursive: true })).sort() : undefined

const calls: Record<string, (store: Store) => Promise<unknown>> = {
  'a save of a new session': (store) => store.save(newSession('new')),
  'an append': (store) => store.append('demo', { messages: [newMessage('user', 'after')] }),
  'a load': (store) => store.load('demo'),
  'a list': async (store) => {
    for await (const _ of store.list());
  },
  'a fork': (store) => store.fork('demo', { session: 'fork' }),
  'a deletion': (store) => store.delete('demo'),
  maintenance: (store) => store.maintain(),
}

for (const [kind, Kind] of Object.entries(kinds)) {
  describe(`a ${kind} store whose folder is`, () => {
    beforeEach(() => {
      otherStore = async () => {
        const other = new Kind(folder)
        await other.save(newSession('other'))
        await other.close()
      }
    })

    for (const [way, move] of Object.entries(ways)) {
      test(`${way} says so, and writes nothing anywhere`, async () => {
        const store: Store = new Kind(folder)
        await store.save(newSession('demo'))
        for (let n = 0; n < 3; n++) await store.append('demo', { messages: [newMessage('user', `${n}`)] })
        await move(store)
        const before = await filesIn(folder)
        for (const [what, call] of Object.entries(calls)) {
          const error: unknown = await call(store).catch((reason: unknown) => reason)
          if (kind === 'file' && what === 'maintenance') continue
          expect(error, what).toBeInstanceOf(StoreMovedError)
          expect(error, what).toMatchObject({ code: 'STORE_MOVED', folder })
        }
        await store.close().catch((error: unknown) => expect(error).toBeInstanceOf(StoreMovedError))
        expect(await filesIn(folder)).toEqual(before)

        if (!existsSync(elsewhere)) return
        if (kind === 'git') git(elsewhere, ['fsck', '--strict'])
        const moved = new Kind(elsewhere)
        expect((await moved.load('demo'))?.messages).toHaveLength(3)
        await moved.append('demo', { messages: [newMessage('user', 'on')] })
        await moved.close()
      })
    }

    test('renamed and renamed back goes on', async () => {
      const store: Store = new Kind(folder)
      await store.save(newSession('demo'))
      await rename(folder, elsewhere)
      await expect(store.save(newSession('new'))).rejects.toThrow(StoreMovedError)
      await rename(elsewhere, folder)
      await store.save(newSession('new'))
      await store.close()
      const again = new Kind(folder)
      expect(await again.load('new')).toBeDefined()
      await again.close()
    })

    test('behind a symbolic link that leads elsewhere now is not written to', async () => {
      await mkdir(join(root, 'one'))
      await mkdir(join(root, 'two'))
      await symlink(join(root, 'one'), folder)
      const store: Store = new Kind(folder)
      await store.save(newSession('demo'))
      await unlink(folder)
      await symlink(join(root, 'two'), folder)
      await expect(store.save(newSession('new'))).rejects.toThrow(StoreMovedError)
      await store.close().catch((error: unknown) => expect(error).toBeInstanceOf(StoreMovedError))
      expect(await readdir(join(root, 'two'))).toEqual([])
    })

    test('only read, and then replaced, is not saved to', async () => {
      const first: Store = new Kind(folder)
      await first.save(newSession('demo'))
      await first.close()
      const store: Store = new Kind(folder)
      const state = await store.load('demo')
      await rename(folder, elsewhere)
      await otherStore()
      const before = await filesIn(folder)
      await expect(store.save({ ...state!, title: 'T' })).rejects.toThrow(StoreMovedError)
      await expect(store.save(newSession('new'))).rejects.toThrow(StoreMovedError)
      await store.close()
      expect(await filesIn(folder)).toEqual(before)
    })
  })
}

test('an adapter and a view of a store whose folder is renamed say so too', async () => {
  const store = new GitSessionStore(folder)
  const view = store.view<{ id: string }>({ type: 'note', collections: [] })
  await view.save({ id: 'note' })
  const chats = chatStore(folder)
  const message = (id: string) => ({
    id,
    role: 'user' as const,
    parts: [{ type: 'text' as const, text: id }],
  })
  await chats.save({ chatId: 'chat', messages: [message('m1')] })
  await rename(folder, elsewhere)
  await expect(view.save({ id: 'new' })).rejects.toThrow(StoreMovedError)
  const more = { chatId: 'chat', messages: [message('m1'), message('m2')] }
  await expect(chats.save(more)).rejects.toThrow(StoreMovedError)
  await expect(chats.load('chat')).rejects.toThrow(StoreMovedError)
  for (const one of [store, chats])
    await one.close().catch((error: unknown) => expect(error).toBeInstanceOf(StoreMovedError))
  expect(existsSync(folder)).toBe(false)
})
