/** What was taken back with git is made again when it is asked for again, whatever key it has. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

/** A clone of the session's branch, in which a person works with git. */
function cloneOf(folder: string): { folder: string; git(...args: string[]): void; push(): void } {
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  const run = (...args: string[]) => void git(clone, args)
  return { folder: clone, git: run, push: () => run('push', '--quiet', 'origin', 's/main') }
}

async function twoTurns() {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save(emptySession('s'), { key: 'k0' })
  await store.append('s', { messages: [message('m1', 'one')] }, { key: 'k1' })
  const two = await store.append('s', { messages: [message('m2', 'two')] }, { key: 'k2' })
  return {
    folder,
    store,
    two,
    again: () => store.append('s', { messages: [message('m2', 'two')] }, { key: 'k2' }),
  }
}

const ids = (state: { messages: readonly { id: string }[] } | undefined) =>
  state?.messages.map(({ id }) => id)

test('an append that was reverted is made again, once, by the same store and by another', async () => {
  const { folder, store, two, again } = await twoTurns()
  const clone = cloneOf(folder)
  clone.git('revert', '--no-edit', 'HEAD')
  clone.push()
  const made = await again()
  expect(made.id).not.toBe(two.id)
  expect(ids(await store.load('s'))).toEqual(['m1', 'm2'])
  expect((await again()).id).toBe(made.id)
  const other = storeAt(folder)
  expect((await other.append('s', { messages: [message('m2', 'two')] }, { key: 'k2' })).id).toBe(made.id)
  // Of one that stands, nothing is made again.
  await other.append('s', { messages: [message('m1', 'one')] }, { key: 'k1' })
  expect(ids(await other.load('s'))).toEqual(['m1', 'm2'])
  expect((await store.verify()).problems).toEqual([])
})

test('a whole save that was reverted is made again', async () => {
  const { folder, store } = await twoTurns()
  const state = (await store.load('s'))!
  state.messages.push(message('m3', 'three'))
  const three = await store.save(state, { key: 'k3' })
  const clone = cloneOf(folder)
  clone.git('revert', '--no-edit', 'HEAD')
  clone.push()
  const anew = (await store.load('s'))!
  anew.messages.push(message('m3', 'three'))
  const made = await store.save(anew, { key: 'k3' })
  expect(made.id).not.toBe(three.id)
  expect(ids(await store.load('s'))).toEqual(['m1', 'm2', 'm3'])
})

test('a commit of another tool that took nothing back is no reason to do it twice', async () => {
  const { folder, store, two, again } = await twoTurns()
  const clone = cloneOf(folder)
  clone.git('commit', '--quiet', '--allow-empty', '-m', 'looked at')
  clone.push()
  expect((await again()).id).toBe(two.id)
  await store.append('s', { messages: [message('m2', 'another')] }, { expected: 'any' })
  await expect(again()).resolves.toMatchObject({ id: two.id })
  expect((await store.load('s'))!.messages[1]!.content).toBe('another')
})
