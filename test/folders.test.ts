/** Folders are made in bounded time, with all above them, or it is said why not. */
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StorageError } from '../src/errors.ts'
import { makeFolders } from '../src/folders.ts'
import { nodeFileSystem } from '../src/git/disk/file-system.ts'
import { writeClaudeCode } from '../src/importers/index.ts'
import { FileSessionStore } from '../src/store/file/file-session-store.ts'
import { GitSessionStore } from '../src/store/git/git-session-store.ts'
import { tempFolder } from './git/real-git.ts'
import { emptySession } from './store/support/git-store.ts'

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

/** Takes no folders, although it is one, and says ENOENT. */
const PROC = '/proc/self'

function errnoOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError)
    return (error as StorageError).errno
  }
  return undefined
}

describe('making folders', () => {
  test('makes all that are missing and says which is the topmost', () => {
    const root = tempFolder()
    expect(makeFolders(join(root, 'a/b/c'))).toBe(join(root, 'a'))
    expect(isFolder(join(root, 'a/b/c'))).toBe(true)
    expect(makeFolders(join(root, 'a/b/c'))).toBeUndefined()
  })

  test('follows a link to a folder, and refuses one that leads nowhere', () => {
    const root = tempFolder()
    mkdirSync(join(root, 'real'))
    symlinkSync(join(root, 'real'), join(root, 'link'))
    symlinkSync(join(root, 'nowhere'), join(root, 'broken'))
    makeFolders(join(root, 'link/x'))
    expect(isFolder(join(root, 'real/x'))).toBe(true)
    expect(errnoOf(() => makeFolders(join(root, 'broken')))).toBe('EEXIST')
    expect(errnoOf(() => makeFolders(join(root, 'broken/x/y')))).toBe('EEXIST')
  })

  test('a file in the way is a StorageError, in its place or above it', () => {
    const root = tempFolder()
    writeFileSync(join(root, 'file'), '')
    expect(errnoOf(() => makeFolders(join(root, 'file')))).toBe('EEXIST')
    expect(errnoOf(() => makeFolders(join(root, 'file/a/b')))).toMatch(/EEXIST|ENOTDIR/)
  })

  test.skipIf(process.getuid?.() === 0)('no permission is a StorageError', () => {
    const root = tempFolder()
    chmodSync(root, 0o555)
    expect(errnoOf(() => makeFolders(join(root, 'a/b')))).toBe('EACCES')
    chmodSync(root, 0o755)
  })

  test('a path that is too long is a StorageError', () => {
    expect(errnoOf(() => makeFolders(join(tempFolder(), 'x'.repeat(300), 'y')))).toBe('ENAMETOOLONG')
    expect(errnoOf(() => makeFolders(join(tempFolder(), 'x/'.repeat(5000))))).toBe('ENAMETOOLONG')
  })
})

describe.skipIf(!isFolder(PROC))('where no folder can be made', () => {
  test.each(['/proc/x', '/proc/x/y/z', '/proc/self/a', '/sys/x/y'])(
    '%s is a StorageError at once',
    (path) => {
      expect(errnoOf(() => makeFolders(path))).toMatch(/ENOENT|EPERM|EACCES|EROFS/)
      expect(errnoOf(() => nodeFileSystem.makeDir(path))).toMatch(/ENOENT|EPERM|EACCES|EROFS/)
    },
  )

  test('stores and exports say so', async () => {
    const state = emptySession('s')
    await expect(new GitSessionStore('/proc/x').save(state)).rejects.toThrow(StorageError)
    await expect(new FileSessionStore('/proc/x').save(state)).rejects.toThrow(StorageError)
    const main = { name: 's.jsonl', lines: [], bytes: () => Buffer.from('x') }
    const result = { session: 's', main, others: [], agents: [], skipped: 0 }
    await expect(writeClaudeCode(result, '/proc/x')).rejects.toThrow(StorageError)
  })
})
