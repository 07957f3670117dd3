/** A shallow clone, as a build server makes it, is a whole store with less history. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { NotFoundError } from '../../src/errors.ts'
import { all } from '../../src/testing/context.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { fill, message, storeAt } from './support/git-store.ts'

async function shallowOf(depth: number, prepare = async (_: ReturnType<typeof storeAt>) => {}) {
  const folder = tempFolder()
  const store = storeAt(folder)
  await fill(store, 's', 5)
  await prepare(store)
  await store.close()
  const clone = join(tempFolder(), 'shallow')
  git(folder, [
    'clone',
    '--quiet',
    '--bare',
    `--depth=${depth}`,
    '--no-single-branch',
    pathToFileURL(folder).href,
    clone,
  ])
  return { folder, clone }
}

test('what is there is shown, and what is cut off is not called lost', async () => {
  const { clone } = await shallowOf(3)
  const store = storeAt(clone)
  const log = await all(store.log('s'))
  expect(log.map(({ seq }) => seq)).toEqual([6, 5, 4])
  expect(log.at(-1)!.parents).toEqual([])
  expect((await store.load('s', { at: 'main~2' }))?.messages).toHaveLength(3)
  await expect(store.load('s', { at: 'main~3' })).rejects.toThrow(NotFoundError)
  await expect(store.resolve('s', '1234567')).rejects.toThrow(NotFoundError)
  expect(await store.resolve('s', log[1]!.id.slice(0, 12))).toBe(log[1]!.id)
  expect((await all(store.list()))[0]?.messages).toBe(5)
  const report = await store.verify()
  expect([report.problems, report.checkpoints]).toEqual([[], 3])
  expect((await store.verify('s')).problems).toEqual([])
})

test('sessions go on in it, with steps, keys, forks and a purge', async () => {
  const { folder, clone } = await shallowOf(2, async (store) => {
    await store.append('s', { messages: [message('step', 'x')] }, { kind: 'step' })
    await store.fork('s', { session: 'f' })
  })
  const store = storeAt(clone)
  await store.append('s', { messages: [message('end', 'y')] }, { key: 'k' })
  await store.append('f', { messages: [message('on', 'z')] })
  await store.fork('s', { session: 'g' })
  await store.maintain({ purge: true })
  expect((await store.load('s'))?.messages.slice(-2).map(({ id }) => id)).toEqual(['step', 'end'])
  expect((await store.verify()).problems).toEqual([])
  expect(gitText(clone, ['fsck', '--strict'])).toBe('')
  await store.close()
  git(clone, ['push', '--quiet', folder, 's/main'])
  expect((await storeAt(folder).verify()).problems).toEqual([])
})

test('once more was fetched, more is shown', async () => {
  const { clone } = await shallowOf(2)
  git(clone, ['fetch', '--quiet', '--unshallow'])
  const store = storeAt(clone)
  expect(await all(store.log('s'))).toHaveLength(6)
  expect((await store.verify()).problems).toEqual([])
})
