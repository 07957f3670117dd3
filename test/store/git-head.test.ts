/** HEAD names a branch that exists, so that a plain clone checks something out. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bareRepository, git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const headOf = (folder: string): string => gitText(folder, ['symbolic-ref', 'HEAD'])
const checksOut = (folder: string): boolean => {
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', folder, clone])
  return existsSync(join(clone, 'session.json'))
}

test('a repository that git made checks out the first session that is saved in it', async () => {
  const folder = bareRepository()
  const store = storeAt(folder)
  await store.save(emptySession('first'))
  await store.save(emptySession('second'))
  expect(headOf(folder)).toBe('refs/heads/first/main')
  expect(checksOut(folder)).toBe(true)
})

test('so does one that sessions were pushed into, once one of them goes on', async () => {
  const [from, folder] = [tempFolder(), bareRepository()]
  await storeAt(from).save(emptySession('s'))
  git(from, ['push', '--quiet', folder, 'refs/heads/s/main'])
  await storeAt(folder).append('s', { messages: [message('m', 'x')] })
  expect(headOf(folder)).toBe('refs/heads/s/main')
  expect(checksOut(folder)).toBe(true)
})

test('HEAD of somebody who has commits of their own stays, and one that cannot be read is no obstacle', async () => {
  const folder = bareRepository()
  const tree = gitText(folder, ['mktree'])
  gitText(folder, ['update-ref', 'HEAD', gitText(folder, ['commit-tree', tree, '-m', 'code'])])
  await storeAt(folder).save(emptySession('s'))
  expect(headOf(folder)).toBe('refs/heads/main')
  writeFileSync(join(folder, 'HEAD'), 'ref: refs/heads/../x\n')
  await storeAt(folder).save(emptySession('t'))
  expect((await storeAt(folder).load('t'))?.id).toBe('t')
})

test('when its branch is deleted, HEAD names another one of the session', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save(emptySession('other'))
  await store.save(emptySession('s'), { branch: 'try' })
  git(folder, ['symbolic-ref', 'HEAD', 'refs/heads/s/try'])
  await store.fork('s', { branch: 'zz' })
  await store.switch('s', 'zz')
  await store.fork('s', { branch: 'main' })
  await store.delete('s', { branch: 'try' })
  expect(headOf(folder)).toBe('refs/heads/s/main')
})

test('after the last session is gone, the next one takes HEAD, whoever saves it', async () => {
  const folder = tempFolder()
  const [store, other] = [storeAt(folder), storeAt(folder)]
  await store.save(emptySession('a'))
  await other.append('a', { messages: [message('m', 'x')] })
  await store.delete('a')
  await Promise.all(['b', 'c', 'd'].map((id) => other.save(emptySession(id))))
  expect(headOf(folder)).toMatch(/^refs\/heads\/[bcd]\/main$/)
  expect(checksOut(folder)).toBe(true)
  await other.delete(headOf(folder).split('/')[2]!)
  await store.fork(headOf(folder).split('/')[2]!, { session: 'e' })
  expect(checksOut(folder)).toBe(true)
})
