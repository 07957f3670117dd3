import { describe, expect, test } from 'vitest'
import { ForkpointAgentsSession } from '../../../src/adapters/openai-agents/index.ts'
import { AlreadyExistsError, ConflictError, NotFoundError } from '../../../src/errors.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { all, assistant, git, newFolder, subjects, user } from './context.ts'

/** A session of three turns on main. */
async function setting() {
  const folder = await newFolder()
  const store = new GitSessionStore(folder)
  const session = new ForkpointAgentsSession({ store, sessionId: 's' })
  for (const n of [1, 2, 3]) await session.addItems([user(`question ${n}`), assistant(`answer ${n}`)])
  return { folder, store, session }
}
const names = async (session: ForkpointAgentsSession) => (await session.branches()).map(({ name }) => name)
const questions = async (session: ForkpointAgentsSession) =>
  (await session.getItems()).flatMap((item) => ('role' in item && item.role === 'user' ? [item.content] : []))

describe('at', () => {
  test('looks at an older checkpoint; its first write starts a branch, and leaves the active one', async () => {
    const { folder, store, session } = await setting()
    const past = session.at('main~1')
    expect(past.branch).toBeUndefined()
    expect(await questions(past)).toEqual(['question 1', 'question 2'])
    expect(await past.getItems(1)).toEqual([assistant('answer 2')])
    expect(await names(session)).toEqual(['main'])
    await Promise.all([past.addItems([user('another')]), past.addItems([user('and one more')])])
    const name = `from-${(await store.resolve('s', 'main~1')).slice(0, 10)}`
    expect(past.branch).toBe(name)
    expect(await questions(past)).toEqual(['question 1', 'question 2', 'another', 'and one more'])
    expect(await questions(session)).toEqual(['question 1', 'question 2', 'question 3'])
    expect(await session.branches()).toMatchObject([
      { name, active: false },
      { name: 'main', active: true },
    ])
    expect(await questions(new ForkpointAgentsSession({ store, sessionId: 's', branch: name }))).toHaveLength(
      4,
    )
    const second = session.at('main~1')
    expect(await second.popItem()).toEqual(assistant('answer 2'))
    expect(second.branch).toBe(`${name}-2`)
    await store.close()
    git(folder, 'fsck', '--strict')
    expect(subjects(folder, `s/${name}`)[0]).toBe('user: and one more')
  })

  test('can be asked for when the session is made, with a name for the branch', async () => {
    const { store } = await setting()
    const options = { store, sessionId: 's', at: 'main~2', branch: 'again' }
    const past = new ForkpointAgentsSession(options)
    expect(await questions(past)).toEqual(['question 1'])
    await past.clearSession()
    expect(past.branch).toBe('again')
    // Somebody else was first: this one stands elsewhere.
    await expect(new ForkpointAgentsSession(options).addItems([user('x')])).rejects.toThrow(ConflictError)
    // At its tip the branch goes on.
    await new ForkpointAgentsSession({ ...options, at: 'again' }).addItems([user('y')])
    expect(await questions(past)).toEqual(['y'])
    await store.close()
  })

  test('two that stand at the same place at the same time get a branch each', async () => {
    const { store, session } = await setting()
    const both = [session.at('main~2'), session.at('main~2')]
    await Promise.all(both.map((one, n) => one.addItems([user(`way ${n}`)])))
    expect(new Set(both.map(({ branch }) => branch)).size).toBe(2)
    for (const [n, one] of both.entries()) expect(await questions(one)).toEqual(['question 1', `way ${n}`])
    await store.close()
  })

  test('what changes nothing starts no branch', async () => {
    const { store, session } = await setting()
    const past = session.at('main~1')
    await past.addItems([])
    await past.clearRunState()
    expect(past.branch).toBeUndefined()
    expect(await names(session)).toEqual(['main'])
    await store.close()
  })

  test('unknown revisions, branches and sessions are NotFoundErrors', async () => {
    const { store, session } = await setting()
    await expect(session.at('main~9').getItems()).rejects.toThrow(NotFoundError)
    await expect(session.at('nothing').addItems([user('x')])).rejects.toThrow(NotFoundError)
    const noSession = new ForkpointAgentsSession({ store, sessionId: 'other', at: 'main' })
    await expect(noSession.getItems()).rejects.toThrow(NotFoundError)
    const noBranch = new ForkpointAgentsSession({ store, sessionId: 's', branch: 'other' })
    await expect(noBranch.getItems()).rejects.toThrow("no branch 'other'")
    await expect(noBranch.addItems([user('x')])).rejects.toThrow(NotFoundError)
    await expect(new ForkpointAgentsSession({ store, sessionId: 'new' }).branches()).rejects.toThrow(
      NotFoundError,
    )
    await store.close()
  })

  test('a checkpoint that was purged meanwhile is not brought back', async () => {
    const { folder, store, session } = await setting()
    await store.fork('s', { at: 'main~1', branch: 'gone' })
    const other = new ForkpointAgentsSession({ store, sessionId: 's', branch: 'gone' })
    await other.addItems([user('only here')])
    const past = session.at('gone')
    expect(await questions(past)).toContain('only here')
    await store.delete('s', { branch: 'gone' })
    await store.maintain({ purge: true })
    await expect(past.addItems([user('x')])).rejects.toThrow(NotFoundError)
    await expect(other.addItems([user('x')])).rejects.toThrow(ConflictError)
    await store.close()
    git(folder, 'fsck', '--strict')
  })
})

describe('branches', () => {
  test('fork gives a session that is ready, in this session or as a new one', async () => {
    const { folder, store, session } = await setting()
    const branch = await session.fork({ at: 'main~2', branch: 'try' })
    expect(branch.branch).toBe('try')
    await branch.addItems([user('other question')])
    const copy = await branch.fork({ session: 'copy' })
    expect(await copy.getSessionId()).toBe('copy')
    await copy.addItems([user('in the copy')])
    expect(await questions(branch)).toEqual(['question 1', 'other question'])
    expect(await questions(copy)).toEqual(['question 1', 'other question', 'in the copy'])
    await expect(session.fork({ branch: 'try' })).rejects.toThrow(AlreadyExistsError)
    expect((await store.verify()).problems).toEqual([])
    expect((await all(copy.log()))[0]?.body).toBe('> in the copy')
    expect((await all(copy.log())).map(({ subject }) => subject)).toEqual([
      'user: in the copy',
      expect.stringContaining('fork of s at'),
      'user: other question',
      'user: question 1',
    ])
    await store.close()
    git(folder, 'fsck', '--strict')
  })

  test('an object stays on its branch when another becomes active, and goes along when it is asked to', async () => {
    const { store, session } = await setting()
    await session.fork({ at: 'main~1', branch: 'try' })
    await store.switch('s', 'try')
    await session.addItems([user('question 4')])
    expect(await questions(session)).toHaveLength(4)
    const fresh = new ForkpointAgentsSession({ store, sessionId: 's' })
    expect(await questions(fresh)).toHaveLength(2)
    expect(fresh.branch).toBe('try')
    await session.switch('try')
    expect(await questions(session)).toHaveLength(2)
    await expect(session.switch('nowhere')).rejects.toThrow(NotFoundError)
    await fresh.switch('main')
    expect((await session.branches()).find(({ active }) => active)?.name).toBe('main')
    await store.close()
  })

  test('a session may begin on a branch of another name, which is active then', async () => {
    const store = new GitSessionStore(await newFolder())
    const session = new ForkpointAgentsSession({ store, sessionId: 's', branch: 'first' })
    expect(await session.getItems()).toEqual([])
    await session.addItems([user('a')])
    expect(await session.branches()).toMatchObject([{ name: 'first', active: true }])
    expect(await new ForkpointAgentsSession({ store, sessionId: 's' }).getItems()).toEqual([user('a')])
    await store.close()
  })

  test('a session that was deleted is not begun anew by an object that knew it', async () => {
    const { store, session } = await setting()
    await store.delete('s')
    expect(await session.getItems()).toEqual([])
    await expect(session.addItems([user('x')])).rejects.toThrow(ConflictError)
    await new ForkpointAgentsSession({ store, sessionId: 's' }).addItems([user('x')])
    expect(await store.exists('s')).toBe(true)
    await store.close()
  })
})

test('git and the store read it: log, diff, list, load, a clone', async () => {
  const { folder, store, session } = await setting()
  await session.applyHistoryTransaction({
    operationId: 'op',
    transaction: { type: 'append_items', items: [user('by an operation')] },
  })
  await session.popItem()
  expect(
    (await all(session.log({ limit: 3 }))).map(({ subject, messages, seq }) => [seq, subject, messages]),
  ).toEqual([
    [5, 'take back user: by an operation', undefined],
    [4, 'user: by an operation', { from: 6, to: 6 }],
    [3, 'user: question 3', { from: 4, to: 5 }],
  ])
  expect((await all(session.log({ at: 'main~3', steps: true }))).map(({ body }) => body)).toEqual([
    '> question 2\n\nanswer 2',
    '> question 1\n\nanswer 1',
  ])
  const [summary] = await all(store.list())
  expect(summary).toMatchObject({ id: 's', type: 'openai-agents', title: 'question 1', messages: 6 })
  const diff = await session.store.diff('s', 'main~3', 'main')
  expect(diff.messages.added.map(({ item }) => item)).toEqual([user('question 3'), assistant('answer 3')])
  expect(await session.store.load('s')).toMatchObject({
    type: 'openai-agents',
    id: 's',
    title: 'question 1',
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    operations: [{ operation: 'op', transaction: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  })
  await store.close()
  expect(git(folder, 'ls-tree', '-r', '--name-only', 's/main~3').trimEnd().split('\n')).toEqual([
    '.gitattributes',
    'README.md',
    'messages/0000/000000-turn-1.md',
    'messages/0000/000000-user.json',
    'messages/0000/000001-assistant.json',
    'messages/0000/000002-turn-2.md',
    'messages/0000/000002-user.json',
    'messages/0000/000003-assistant.json',
    'session.json',
  ])
  expect(git(folder, 'log', '-1', '--format=%B', 's/main~3')).toMatch(
    /^user: question 2\n\n> question 2\n\nanswer 2\n\nForkpoint-Session: s\nForkpoint-Type: openai-agents\nForkpoint-Branch: main\n/,
  )
  expect(git(folder, 'show', '--format=', '--stat', 's/main~3')).not.toContain('session.json')
})
