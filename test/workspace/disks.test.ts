/** Real disks that refuse: a full one, and a file that nobody may change. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { tempFolder } from '../git/real-git.ts'
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

/** A disk of 256 KB; `undefined` where none can be mounted. */
function smallDisk(): string | undefined {
  const folder = tempFolder()
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
