/** Real disks: others than that of the store, a full one, and a file that nobody may change. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { tempFolder } from '../git/real-git.ts'
import { ROOT } from '../support/build.ts'
import { contentOf, write } from './support/folder.ts'
import { scene, sceneIn } from './support/store.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const one of undo.splice(0).reverse()) one()
})

/** Whether the command works here: it needs root, and a disk that can do it. */
function can(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Mounts a disk of 256 KB; returns `undefined` where none can be mounted. */
function smallDisk(folder = tempFolder()): string | undefined {
  if (!can('mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder)) return undefined
  undo.push(() => execFileSync('umount', ['--lazy', folder]))
  return folder
}

const frozen = (() => {
  const file = join(tempFolder(), 'file')
  writeFileSync(file, '')
  return can('chattr', '+i', file) && can('chattr', '-i', file)
})()
if (!frozen)
  console.warn('SKIPPED: a file that nobody may change is not tested, since chattr does not work here.')

test('a workspace on another file system, with a third one mounted in it, is kept and restored as any other', async (context) => {
  const root = smallDisk()
  if (root === undefined) {
    console.warn('SKIPPED: a workspace on another file system is not tested, since none can be mounted here.')
    return context.skip()
  }
  mkdirSync(join(root, 'mounted'))
  smallDisk(join(root, 'mounted'))
  const { files, turn } = sceneIn(join(tempFolder(), 'store'), realpathSync(root))
  const before = { a: '1', 'mounted/b': '1', 'mounted/deep/c': '#!/bin/sh\n', link: '-> mounted/b' }
  const after = { a: '2', 'mounted/b': '2', 'moved/c': '1' }
  write(root, before)
  const one = await turn('one')
  write(root, { ...after, link: undefined, 'mounted/deep': undefined })
  const { undo } = await files.restore('demo', one)
  expect(contentOf(root)).toEqual(before)
  expect(await files.state('demo', one)).toBe('same')
  await files.restore('demo', undo!)
  expect(contentOf(root)).toEqual(after)
  // The folder on which a disk is mounted stays, although it becomes empty.
  write(root, { 'mounted/b': undefined })
  await turn('two')
  await files.restore('demo', one)
  await files.restore('demo', 'main')
  expect(contentOf(root)).toEqual({ a: '2', 'moved/c': '1' })
  expect(readdirSync(root)).toContain('mounted')
})

test('a restore onto a full disk on another file system stops, loses nothing, and is completed when there is room', async (context) => {
  const small = smallDisk()
  if (small === undefined) {
    console.warn('SKIPPED: a full disk is not tested, since none can be mounted here.')
    return context.skip()
  }
  const made = scene()
  const [a, b] = ['a'.repeat(100_000), 'b'.repeat(100_000)]
  write(made.root, { a, b, c: 'c' })
  const id = await made.turn('one')
  write(small, { mine: 'm'.repeat(120_000) })
  const { files } = sceneIn(made.store.folder, small)
  await expect(files.restore('demo', id, { paths: ['a', 'b', 'c'] })).rejects.toMatchObject({
    code: 'STORAGE',
    errno: 'ENOSPC',
  })
  expect(contentOf(small)).toEqual({ mine: 'm'.repeat(120_000), a })
  rmSync(join(small, 'mine'))
  await files.restore('demo', id)
  expect(contentOf(small)).toEqual({ a, b, c: 'c' })
})

test.skipIf(!frozen)('a file that nobody may change is named, and the others are restored', async () => {
  const { files, root, turn } = scene()
  write(root, { frozen: '1', other: '1' })
  const id = await turn('one')
  write(root, { frozen: '2', other: '2' })
  const file = join(root, 'frozen')
  execFileSync('chattr', ['+i', file])
  undo.push(() => execFileSync('chattr', ['-i', file]))
  await expect(files.restore('demo', id)).rejects.toMatchObject({
    code: 'RESTORE',
    failed: [{ path: 'frozen', errno: 'EPERM' }],
  })
  expect(contentOf(root)).toEqual({ frozen: '2', other: '1' })
  undo.pop()!()
  await files.restore('demo', id)
  expect(contentOf(root)).toEqual({ frozen: '1', other: '1' })
})

/** A user who may not read what root keeps to itself. */
const NOBODY = 65534

/** Whether a user can run what is in this project. */
function canRead(uid: number): boolean {
  try {
    execFileSync(process.execPath, ['-e', `import('${ROOT}/dist/index.js')`], { uid, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('files that another user may not read or change are named, and the others are kept and restored', (context) => {
  if (process.getuid?.() !== 0 || !canRead(NOBODY)) {
    console.warn(
      'SKIPPED: files of another user are not tested: it takes root, and a folder that all may read.',
    )
    return context.skip()
  }
  const base = tempFolder()
  chmodSync(base, 0o755)
  const root = join(base, 'project')
  write(root, { own: '1', hidden: '1', 'closed/file': '1', 'fixed/file': '1' })
  for (const folder of ['store', 'cache']) mkdirSync(join(base, folder))
  for (const path of ['store', 'cache', 'project', 'project/own']) chownSync(join(base, path), NOBODY, NOBODY)
  chmodSync(join(root, 'hidden'), 0o600)
  chmodSync(join(root, 'closed'), 0o700)
  const asNobody = (...args: string[]) =>
    JSON.parse(
      execFileSync(
        process.execPath,
        [join(import.meta.dirname, 'support/other-user.mjs'), join(base, 'store/git'), root, ...args],
        { uid: NOBODY, gid: NOBODY, env: { ...process.env, XDG_CACHE_HOME: join(base, 'cache') } },
      ).toString(),
    )
  const { id, leftOut } = asNobody('keep')
  expect(leftOut).toEqual([
    { path: 'closed/', why: 'unreadable' },
    { path: 'hidden', why: 'unreadable' },
  ])
  write(root, { own: '2', 'fixed/file': '2' })
  chownSync(join(root, 'own'), NOBODY, NOBODY)
  expect(asNobody('restore', id)).toEqual({
    code: 'RESTORE',
    failed: [{ path: 'fixed/file', errno: 'EACCES' }],
  })
  expect(contentOf(root)).toEqual({ own: '1', hidden: '1', 'closed/file': '1', 'fixed/file': '2' })
})
