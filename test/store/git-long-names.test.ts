/** Names that are too long for one part of a ref: a listing may have them in short, and what is stored has them in full. */
import { expect, test } from 'vitest'
import { encodeName } from '../../src/ref-part.ts'
import { all } from '../../src/testing/context.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const LONG = `${'会议'.repeat(20)}/1`
const SHORT = encodeName(LONG)

test('a session that is named by its short form is shown and stored under its own', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save({ ...emptySession(LONG), messages: [message('m1', 'one')] })
  const other = storeAt(folder)
  const state = (await other.load(SHORT))!
  expect(state.id).toBe(LONG)
  state.messages.push(message('m2', 'two'))
  expect((await other.save(state)).session).toBe(LONG)
  const appended = await other.append(SHORT, { messages: [message('m3', 'three')], set: { title: 'T' } })
  expect(appended.session).toBe(LONG)
  const handle = await other.open(SHORT)
  expect(handle.id).toBe(LONG)
  await handle.append({ messages: [message('m4', 'four')] })
  await other.fork(SHORT, { session: 'copy' })
  expect((await store.load('copy'))?.parent?.session).toBe(LONG)
  const listed = (await all(storeAt(folder).list({ order: 'id' }))).map(({ id, title }) => [id, title])
  expect(listed).toEqual([
    ['copy', 'T'],
    [LONG, 'T'],
  ])
  for (const id of [LONG, SHORT, undefined]) expect((await store.verify(id)).problems).toEqual([])
  expect((await store.verify(SHORT)).checkpoints).toBe(4)
})

test('it is listed in full also when the newest commit is by another tool', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  const { id } = await store.save({ ...emptySession(LONG), messages: [message('m1', 'one')] })
  const ref = `refs/heads/${SHORT}/main`
  const foreign = gitText(folder, ['commit-tree', `${id}^{tree}`, '-p', id, '-m', 'by hand'])
  git(folder, ['update-ref', ref, foreign])
  const [one] = await all(storeAt(folder).list())
  expect([one?.id, one?.head]).toEqual([LONG, foreign])
})

test('the active branch of such a session survives git packing its refs', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save(emptySession(LONG))
  await store.fork(LONG, { branch: LONG })
  await store.switch(LONG, LONG)
  await store.close()
  git(folder, ['pack-refs', '--all'])
  const branches = await storeAt(folder).branches(LONG)
  expect(branches.map(({ name, active }) => [name, active])).toEqual([
    [SHORT, true],
    ['main', false],
  ])
})
