import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../src/errors.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { git, tempFolder } from '../git/real-git.ts'
import { emptySession, fill, message, realGit, storeAt, withoutGit } from './support/git-store.ts'

describe('The patch of a diff', () => {
  test('is what git diff prints, whatever is configured', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 3)
    const binary = Buffer.from(Array.from({ length: 6000 }, (_, n) => (n * 7) % 256)).toString('base64')
    await store.append('a', { messages: [{ ...message('m9', 'two\nlines'), image: binary }] })
    await store.append('a', { set: { title: 'näme' } })
    const diff = await store.diff('a', 'main~4', 'main')
    const expected = realGit(
      folder,
      'diff',
      '--binary',
      '--full-index',
      diff.from.checkpoint,
      diff.to.checkpoint,
    )
    const patch = await diff.patch()
    expect(patch).toBe(expected.text)
    expect(patch).toContain('GIT binary patch')
    for (const [key, value] of [
      ['diff.noprefix', 'true'],
      ['diff.context', '0'],
      ['color.ui', 'always'],
      ['diff.algorithm', 'patience'],
    ] as const)
      git(folder, ['config', '--file', join(folder, 'config'), key, value])
    expect(await diff.patch()).toBe(patch)
    expect(await (await store.diff('a', 'main', 'main')).patch()).toBe('')
  })

  test('between sessions can be applied by git', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 2)
    await store.save({ ...emptySession('b'), messages: [message('x', 'another')] })
    const patch = await (await store.diff({ session: 'a' }, { session: 'b' })).patch()
    const clone = tempFolder()
    git(clone, ['clone', '-q', '--branch', 'a/main', folder, 'c'])
    git(join(clone, 'c'), ['apply', '--check', '-'], patch)
  })

  test('needs a git that may be run on the store', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 2)
    const diff = await store.diff('a', 'main~1', 'main')
    git(folder, ['config', '--file', join(folder, 'config'), 'diff.external', '/bin/false'])
    await expect(diff.patch()).rejects.toThrow("'diff.external'")
    git(folder, ['config', '--file', join(folder, 'config'), '--unset', 'diff.external'])
    withoutGit()
    await expect(diff.patch()).rejects.toBeInstanceOf(UnsupportedError)
    await expect(diff.patch()).rejects.toThrow(/Install git/)
  })

  test('is not what attributes of the store make of it', async () => {
    const folder = tempFolder()
    const store = storeAt(folder)
    await fill(store, 'a', 2)
    const diff = await store.diff('a', 'main~1', 'main')
    const before = await diff.patch()
    nodeFileSystem.makeDir(join(folder, 'info'))
    writeFileSync(join(folder, 'info/attributes'), '*.json diff=json -text\n')
    expect(await diff.patch()).toBe(before)
  })
})
