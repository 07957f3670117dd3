/** Sessions of more items than one folder of folders holds. */
import { expect, test } from 'vitest'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'
import { remake } from './support/remade.ts'

const messages = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => message(`m${from + n}`, `text ${from + n}`))

test('item 10,000 and those after it lie a folder deeper, and everything is read as before', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save({ ...emptySession('a'), messages: messages(0, 9998) })
  for (let n = 9998; n < 10_002; n++) await store.append('a', { messages: messages(n, 1) })
  const files = gitText(folder, ['ls-tree', '-r', '--name-only', 'a/main', 'messages']).split('\n')
  expect(files.slice(-5)).toEqual([
    'messages/0099/009999-user.json',
    'messages/01xxxx/0100/010000-turn-4.md',
    'messages/01xxxx/0100/010000-user.json',
    'messages/01xxxx/0100/010001-turn-5.md',
    'messages/01xxxx/0100/010001-user.json',
  ])
  const fresh = storeAt(folder)
  const all = messages(0, 10_002)
  expect((await fresh.load('a'))?.messages).toEqual(all)
  expect((await fresh.load('a', { last: 3 }))?.messages).toEqual(all.slice(-3))
  expect((await fresh.load('a', { last: 1 }))?.messages).toEqual(all.slice(-1))
  // A message that is there already is found by its id, wherever it lies.
  await fresh.append('a', { messages: [message('m10001', 'text 10001'), message('m10002', 'text 10002')] })
  expect((await fresh.load('a'))?.messages).toHaveLength(10_003)
  const state = await fresh.load('a')
  const expected = await fresh.resolve('a', 'main')
  await fresh.save({ ...state!, messages: state!.messages.slice(0, 10_000) }, { expected })
  expect(gitText(folder, ['ls-tree', '--name-only', 'a/main:messages']).split('\n')).toHaveLength(100)
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
  git(folder, ['fsck', '--strict'])
})

test('what lies in a folder of other numbers is refused, and verify says so', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save({ ...emptySession('a'), messages: messages(0, 3) })
  await store.close()
  for (const path of [
    'messages/0100/010000.json',
    'messages/00xxxx/0000/000003.json',
    'messages/01xxxx/0000/000003.json',
  ]) {
    git(folder, ['update-ref', 'refs/heads/a/odd', 'a/main'])
    remake(folder, 'refs/heads/a/odd', { tree: (edit) => edit(path, '100644', '{}\n') })
    await expect(storeAt(folder).load('a', { branch: 'odd' }), path).rejects.toMatchObject({
      code: 'CORRUPT',
    })
    const { problems } = await storeAt(folder).verify()
    expect(
      problems.some(({ where }) => path.startsWith(where)),
      path,
    ).toBe(true)
  }
})
