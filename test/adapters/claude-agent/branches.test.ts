/** What git adds: a history to read, branches, forks by ref, earlier checkpoints. */
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { AlreadyExistsError, NotFoundError } from '../../../src/index.ts'
import { all, Conversation, git, newKey, newStore, PROJECT, subjects } from './context.ts'

const refOf = (sessionId: string, branch = 'main') => `%2dhome-me-project%2f${sessionId}/${branch}`

test('git log shows turns by their prompts, and inside them what happened', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  // As it comes eagerly, frame by frame.
  for (const frame of [
    [talk.meta('queue-operation', { operation: 'enqueue' }), talk.prompt('Read the parser,\nplease')],
    [talk.thinking('tool_use'), talk.call('Read'), talk.call('Grep')],
    [talk.result('Read', 'text'), talk.result('Grep', 'text')],
    [talk.thinking('end_turn')],
    [talk.answer('It is a recursive descent parser.')],
    [talk.meta('last-prompt'), talk.meta('cost-state')],
    [
      talk.prompt('<command-name>/review</command-name><command-args>12</command-args>'),
      talk.answer('Fine.'),
    ],
  ])
    await store.append(key, frame)
  const { folder } = store.store
  await store.append(key, [talk.prompt('And?'), talk.call('Bash')])
  await store.append(key, [talk.result('Bash', ''), talk.answer('Nothing.')])
  // What happened inside the first turn is all that comes before it.
  expect(subjects(folder, refOf(key.sessionId), '--first-parent').slice(0, 3)).toEqual([
    'turn 3: And?',
    'turn 2: /review 12',
    'turn 1: Read the parser, please',
  ])
  const [third, second, first] = await all(store.log(key))
  expect(first?.body).toBe('> Read the parser, please\n\nIt is a recursive descent parser.')
  expect(second?.body).toBe('> /review 12\n\nFine.')
  expect(third?.body).toBe('> And?\n\nNothing.')
  expect(third?.author).toEqual({ name: 'claude-x', email: 'noreply@forkpoint.invalid' })
  expect((await all(store.log(key, { steps: true }))).map(({ subject }) => subject)).toEqual([
    'turn 3: And?',
    'step: And?',
    'turn 2: /review 12',
    'step: last-prompt, cost-state',
    'turn 1: Read the parser, please',
    'step: thinking',
    'step: tool result',
    'step: Read, Grep',
    'step: Read the parser, please',
  ])
  const [newest] = await all(store.log(key, { limit: 1 }))
  expect(newest).toMatchObject({ seq: 3, kind: 'save', model: 'claude-x', messages: { from: 15, to: 16 } })
  expect((await store.store.verify()).problems).toEqual([])
  git(folder, 'fsck', '--strict')
})

test('a turn that was never ended is closed by the next prompt', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  await store.append(key, [talk.prompt('Do this'), talk.call('Bash')])
  await store.append(key, [talk.prompt('No, do that')])
  await store.append(key, [talk.answer('Done.')])
  expect((await all(store.log(key))).map(({ subject }) => subject)).toEqual([
    'turn 2: No, do that',
    'turn 1: Do this',
  ])
  expect(await store.load(key, { at: 'main~1' })).toHaveLength(2)
  expect(await store.load(key)).toHaveLength(4)
  expect((await store.store.verify()).problems).toEqual([])
})

test('a batch of many turns is one checkpoint a turn', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  const prompts = Array.from({ length: 120 }, (_, n) => `prompt ${n}`)
  const entries = prompts.flatMap((prompt) => talk.turn(prompt))
  await store.append(key, entries)
  expect(await store.load(key)).toEqual(entries)
  const log = await all(store.log(key))
  expect(log.map(({ subject }) => subject)).toEqual(
    prompts.map((prompt, n) => `turn ${n + 1}: ${prompt}`).reverse(),
  )
  expect(await store.load(key, { at: 'main~100' })).toEqual(entries.slice(0, 20 * 5))
})

test('a transcript with more than one page of entries stays whole, and duplicates are found on all pages', async () => {
  const [store, key] = [await newStore(), newKey()]
  const entries = Array.from({ length: 10_050 }, (_, n) => ({ type: 'user', uuid: randomUUID(), n }))
  for (let n = 0; n < entries.length; n += 1500) await store.append(key, entries.slice(n, n + 1500))
  expect(await store.load(key)).toEqual(entries)
  const later = await newStore(store.store.folder)
  const replaced = { ...entries[7000]!, n: -1 }
  await later.append(key, [entries[3]!, entries[9999]!, entries[10_049]!, replaced])
  await later.append(key, [...entries.slice(4990, 5010), { type: 'mode' } as never])
  const expected = [...entries.with(7000, replaced), { type: 'mode' }]
  expect(await later.load(key)).toEqual(expected)
  await store.append(key, [replaced, entries[0]!])
  expect(await store.load(key)).toEqual(expected)
  const { messages: first } = (await store.store.load(store.nameOf(key)))!
  expect(first).toHaveLength(5000)
  const changes = await store.store.diff(store.nameOf(key), 'main^', 'main')
  expect(changes.collections['messages-3']!.added).toHaveLength(1)
  expect((await store.store.verify()).problems).toEqual([])
}, 60_000)

test('an earlier checkpoint can be loaded, by any revision', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  const turns = ['one', 'two', 'three'].map((prompt) => talk.turn(prompt))
  for (const turn of turns) await store.append(key, turn)
  await store.store.tag(store.nameOf(key), 'good', { at: 'main~2' })
  expect(await store.load(key, { at: 'main~1' })).toEqual(turns.slice(0, 2).flat())
  expect(await store.load(key, { at: 'good' })).toEqual(turns[0])
  await expect(store.load(key, { at: 'nothing' })).rejects.toBeInstanceOf(NotFoundError)
  expect(await store.load(newKey(), { at: 'main~1' })).toBeNull()
})

test('a branch starts at a checkpoint, and once active is what is loaded and appended to', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  const turns = ['one', 'two', 'three'].map((prompt) => talk.turn(prompt))
  for (const turn of turns) await store.append(key, turn)
  const { id } = await store.fork(key, { at: 'main~2', branch: 'try' })
  expect(await store.load(key)).toHaveLength(15)
  await store.switch(key, 'try')
  expect(await store.load(key)).toEqual(turns[0])
  expect((await store.branches(key)).map(({ name, active }) => [name, active])).toEqual([
    ['main', false],
    ['try', true],
  ])
  // The summary is that of the branch as well.
  const other = [...talk.turn('other way'), talk.meta('custom-title', { customTitle: 'Other' })]
  await store.append(key, other)
  expect(await store.load(key)).toEqual([...turns[0]!, ...other])
  // An entry of the other branch is none of this one.
  await store.append(key, [turns[1]![0]!])
  expect(await store.load(key)).toEqual([...turns[0]!, ...other, turns[1]![0]])
  expect((await store.listSessionSummaries(PROJECT))[0]!.data.customTitle).toBe('Other')
  await store.switch(key, 'main')
  expect(await store.load(key)).toEqual(turns.flat())
  expect((await store.listSessionSummaries(PROJECT))[0]!.data.customTitle).toBeUndefined()
  await store.append(key, [turns[0]![0]!, talk.meta('mode')])
  expect(await store.load(key)).toHaveLength(16)
  expect((await all(store.log(key, { at: 'try' }))).at(-1)!.id).toBe(id)
  await expect(store.switch(key, 'nowhere')).rejects.toBeInstanceOf(NotFoundError)
  await expect(store.fork(key, { branch: 'try' })).rejects.toBeInstanceOf(AlreadyExistsError)
  expect((await store.store.verify()).problems).toEqual([])
})

test('a fork to a new session copies nothing, and takes the sub-agents along', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  const turns = ['one', 'two'].map((prompt) => talk.turn(prompt))
  for (const turn of turns) await store.append(key, turn)
  const agents = ['subagents/agent-a', `subagents/${'long '.repeat(60)}`]
  for (const subpath of agents) await store.append({ ...key, subpath }, [{ type: 'agent_metadata', subpath }])
  const before = Number(git(store.store.folder, 'rev-list', '--all', '--objects', '--count'))
  const sessionId = randomUUID()
  const made = await store.fork(key, { at: 'main~1', sessionId, subject: 'Another way' })
  expect(made).toMatchObject({ kind: 'fork', subject: 'Another way', session: `${PROJECT}/${sessionId}` })
  // One commit, its tree, session.json and README.md.
  expect(Number(git(store.store.folder, 'rev-list', '--all', '--objects', '--count'))).toBe(before + 4)
  const fork = { projectKey: PROJECT, sessionId }
  expect(await store.load(fork)).toEqual(turns[0])
  expect(await store.listSubkeys(fork)).toEqual([...agents].sort())
  expect(await store.load({ ...fork, subpath: agents[1]! })).toEqual([
    { type: 'agent_metadata', subpath: agents[1] },
  ])
  expect((await store.listSessionSummaries(PROJECT)).map((one) => one.sessionId).sort()).toEqual(
    [key.sessionId, sessionId].sort(),
  )
  // Both go on, neither sees the other.
  await store.append(fork, [turns[0]![0]!, talk.prompt('Only here')])
  await store.append({ ...fork, subpath: agents[0]! }, [{ type: 'only here' }])
  await store.append(key, [talk.prompt('Only there')])
  expect(await store.load(fork)).toHaveLength(6)
  expect(await store.load({ ...key, subpath: agents[0]! })).toHaveLength(1)
  expect((await store.load(key))!.at(-1)).toMatchObject({ message: { content: 'Only there' } })
  await store.delete(key)
  await store.store.maintain({ purge: true })
  expect(await store.load(fork)).toHaveLength(6)
  expect(await store.load({ ...fork, subpath: agents[0]! })).toHaveLength(2)
  await expect(store.fork(fork, { sessionId })).rejects.toBeInstanceOf(AlreadyExistsError)
  expect((await store.store.verify()).problems).toEqual([])
  git(store.store.folder, 'fsck', '--strict')
})

test('what cannot be forked says why', async () => {
  const [store, key] = [await newStore(), newKey()]
  await expect(store.fork(key, { branch: 'x' })).rejects.toBeInstanceOf(NotFoundError)
  await store.append(key, [{ type: 'mode' }])
  await expect(store.fork(key, {})).rejects.toBeInstanceOf(TypeError)
  await expect(store.fork(key, { branch: 'x', sessionId: 'y' })).rejects.toBeInstanceOf(TypeError)
  await expect(store.fork(key, { at: 'nothing', branch: 'x' })).rejects.toBeInstanceOf(NotFoundError)
  await expect(store.fork(key, { at: 'nothing', sessionId: 'x' })).rejects.toBeInstanceOf(NotFoundError)
  await expect(store.branches(newKey())).rejects.toBeInstanceOf(NotFoundError)
})

test("a sub-agent's transcript has a history of its own", async () => {
  const [store, key] = [await newStore(), newKey()]
  const agent = { ...key, subpath: 'subagents/agent-a' }
  const talk = new Conversation(key.sessionId, true)
  const turns = ['Look', 'Look again'].map((prompt) => talk.turn(prompt))
  for (const turn of turns) await store.append(agent, turn)
  const log = await all(store.log(agent))
  expect(log.map(({ subject }) => subject)).toEqual(['turn 2: Look again', 'turn 1: Look'])
  expect(await store.load(agent, { at: log[1]!.id })).toEqual(turns[0])
  await expect(store.load(agent, { at: 'main' })).rejects.toBeInstanceOf(NotFoundError)
  expect(subjects(store.store.folder, refOf(key.sessionId, '_subagents%2fagent-a'))).toHaveLength(2)
  await expect(all(store.log({ ...key, subpath: 'nobody' }))).rejects.toBeInstanceOf(NotFoundError)
})

test('commits of other tools on the branch are kept and built on', async () => {
  const [store, key] = [await newStore(), newKey()]
  const talk = new Conversation(key.sessionId)
  const turn = talk.turn('one')
  await store.append(key, turn)
  const { folder } = store.store
  const ref = `refs/heads/${refOf(key.sessionId)}`
  const args = [
    '-c',
    'user.name=x',
    '-c',
    'user.email=x@example.com',
    'commit-tree',
    `${ref}^{tree}`,
    '-p',
    ref,
  ]
  const commit = git(folder, ...args, '-m', 'by hand').trim()
  git(folder, 'update-ref', ref, commit)
  await store.append(key, [turn[0]!, ...talk.turn('two')])
  expect(await store.load(key)).toHaveLength(10)
  expect((await all(store.log(key))).map(({ subject }) => subject)).toEqual([
    'turn 3: two',
    'by hand',
    'turn 1: one',
  ])
  expect(await store.listSessions(PROJECT)).toHaveLength(1)
})
