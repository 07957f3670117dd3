import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tool } from 'ai'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  Agent,
  isKnownEvent,
  NotLoadedError,
  type StreamEvent,
  type TurnResult,
  turnOf,
} from '../../src/agent/index.ts'
import {
  AlreadyExistsError,
  ConflictError,
  NotFoundError,
  SessionBusyError,
  SessionClosedError,
  StorageError,
} from '../../src/errors.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import {
  configOf,
  KEY,
  QUICK,
  STORES,
  setting,
  startServer,
  temporaryFolder,
  workspaceWith,
} from './agent-context.ts'

const READ = { text: 'I look.', calls: [{ name: 'read', input: { path: 'a.txt' } }] }

describe.each(Object.entries(STORES))('with a %s store', (_, makeStore) => {
  test('a turn is saved, resumed with its full history, and its events come back', async () => {
    const store = await makeStore()
    const { agent, server, workspace } = await setting(
      [READ, { text: 'It says hello.' }, { text: 'I found hello.' }],
      {
        sessionStore: store,
        files: { 'a.txt': 'hello' },
      },
    )
    const session = agent.session(workspace, { sessionId: 'review' })
    const first = await session.send('Read it')
    expect(first).toMatchObject({
      text: 'It says hello.',
      run: { status: 'completed', prompt: 'Read it' },
      pending: [],
    })
    expect(first.checkpoint).toMatchObject({ session: 'review', kind: 'save', run: first.run.id })
    expect(first.usage.totalTokens).toBeGreaterThan(0)

    const resumed = agent.resumeSession('review')
    const second = await resumed.send('What did you find?')
    expect(second.text).toBe('I found hello.')
    const { messages } = server.requests.at(-1)!.body
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ])
    expect(resumed.history().map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
      'assistant',
    ])
    const runs = await resumed.runs()
    expect(runs.map(({ prompt, status }) => [prompt, status])).toEqual([
      ['Read it', 'completed'],
      ['What did you find?', 'completed'],
    ])
    const events = await resumed.runEvents(first.run.id)
    expect(events).toEqual(await session.runEvents(first.run.id))
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index))
    const state = await store.load('review')
    expect(state).toMatchObject({ status: 'idle', model: 'openai/test-model', title: 'Read it', workspace })
    expect(state!.usage.totalTokens).toBe(first.usage.totalTokens! + second.usage.totalTokens!)
    expect(server.problems).toEqual([])
  })

  test('autoSave false saves nothing until it is told to', async () => {
    const store = await makeStore()
    const { agent, workspace } = await setting([], { sessionStore: store })
    const session = agent.session(workspace, { sessionId: 'manual', autoSave: false })
    const { checkpoint } = await session.send('Do some work')
    expect(checkpoint).toBeUndefined()
    expect(await store.exists('manual')).toBe(false)
    const saved = await session.save()
    expect(saved.session).toBe('manual')
    expect((await session.save()).id).toBe(saved.id)
    await session.send('And some more')
    expect((await store.load('manual'))!.messages).toHaveLength(2)
    await session.save()
    expect((await store.load('manual'))!.messages).toHaveLength(4)
    // What a session was told is known to whoever resumes it.
    const resumed = agent.resumeSession('manual')
    await resumed.send('Once more')
    expect((await store.load('manual'))!.messages).toHaveLength(4)
  })

  test('a session that exists is an error of the first awaited call, before the model is asked', async () => {
    const { agent, server, workspace } = await setting([], { sessionStore: await makeStore() })
    await agent.session(workspace, { sessionId: 'a' }).send('Hello')
    const again = agent.session(workspace, { sessionId: 'a' })
    await expect(again.send('Hello again')).rejects.toThrow(AlreadyExistsError)
    await expect(again.runs()).rejects.toThrow("agent.resumeSession('a')")
    await expect(agent.sessionAsync(workspace, { sessionId: 'a' })).rejects.toThrow(AlreadyExistsError)
    expect(server.requests).toHaveLength(1)
    const either = agent.session(workspace, { sessionId: 'a', ifExists: 'resume' })
    await either.send('Hello again')
    expect(either.history()).toHaveLength(4)
  })

  test('a session that is not there is an error of the first awaited call', async () => {
    const { agent } = await setting([], { sessionStore: await makeStore() })
    const session = agent.resumeSession('nobody')
    await expect(session.send('Hello')).rejects.toThrow(NotFoundError)
    await expect(agent.resumeSessionAsync('nobody')).rejects.toThrow(NotFoundError)
  })

  test('of two agents on one session the second save is a conflict that carries its turn', async () => {
    const store = await makeStore()
    const { agent, workspace } = await setting([], { sessionStore: store })
    await agent.session(workspace, { sessionId: 'a' }).send('Hello')
    const [one, two] = [agent.resumeSession('a'), agent.resumeSession('a')]
    await Promise.all([one.load(), two.load()])
    await one.send('One')
    const error = await two.send('Two').then(
      () => undefined,
      (error) => error,
    )
    expect(error).toBeInstanceOf(ConflictError)
    expect(turnOf(error)).toMatchObject({
      text: 'Done.',
      run: { prompt: 'Two', status: 'completed' },
      checkpoint: undefined,
    })
    expect(error.turn).toBe(turnOf(error))
    expect(two.history().at(-2)!.content).toBe('Two')
    await expect(two.save()).rejects.toThrow(ConflictError)
    if (store.supports.branches) expect((await two.save({ branch: 'two' })).branch).toBe('two')
  })
})

test('onConflict branch puts the turn on a branch of its own and says so', async () => {
  const { agent, store, workspace } = await setting([], { onConflict: 'branch' })
  await agent.session(workspace, { sessionId: 'a' }).send('Hello')
  const [one, two] = [agent.resumeSession('a'), agent.resumeSession('a')]
  await Promise.all([one.load(), two.load()])
  const won = await one.send('One')
  expect(won.branched).toBeUndefined()
  const lost = await two.send('Two')
  expect(lost.branched).toMatchObject({ from: 'main', actual: won.checkpoint!.id })
  expect(lost.checkpoint!.branch).toBe(lost.branched!.to)
  expect((await two.send('Three')).checkpoint!.branch).toBe(lost.branched!.to)
  expect((await store.load('a'))!.messages.map(({ content }) => content)).toEqual([
    'Hello',
    'Done.',
    'One',
    'Done.',
  ])
})

test.each([true, 'step'] as const)(
  'onConflict branch holds for the first save of a new session too (autoSave %s)',
  async (autoSave) => {
    for (const makeStore of [STORES.memory!, STORES.git!]) {
      const store = await makeStore()
      const { agent, workspace } = await setting([], { onConflict: 'branch', autoSave, sessionStore: store })
      const [one, two] = [1, 2].map(() => agent.session(workspace, { sessionId: 'a' }))
      await Promise.all([one!.load(), two!.load()])
      const won = await one!.send('One')
      const lost = await two!.send('Two')
      expect(lost.branched).toMatchObject({ from: 'main', expected: null })
      expect(lost.checkpoint!.branch).toBe(lost.branched!.to)
      expect((await two!.send('Three')).checkpoint!.branch).toBe(lost.branched!.to)
      expect(await store.resolve('a', 'main')).toBe(won.checkpoint!.id)
      const load = (branch: string) => store.load('a', { branch })
      expect((await load('main'))!.messages.map(({ content }) => content)).toEqual(['One', 'Done.'])
      expect((await load(lost.branched!.to))!.messages).toHaveLength(4)
    }
  },
)

test('without onConflict the second of two first saves is a conflict, and nothing is lost', async () => {
  const { agent, store, workspace } = await setting()
  const [one, two] = [1, 2].map(() => agent.session(workspace, { sessionId: 'a' }))
  await Promise.all([one!.load(), two!.load()])
  await one!.send('One')
  await expect(two!.send('Two')).rejects.toThrow(ConflictError)
  expect((await two!.save({ branch: 'two' })).branch).toBe('two')
  expect((await store.branches('a')).map(({ name }) => name)).toEqual(['main', 'two'])
})

test('one operation at a time: a second one is refused at once', async () => {
  const { agent, workspace } = await setting([{ text: 'slow and slow and slow', pace: 20 }])
  const session = agent.session(workspace)
  const first = session.send('One')
  await expect(session.send('Two')).rejects.toThrow(SessionBusyError)
  await expect(session.save()).rejects.toThrow(SessionBusyError)
  await expect(session.stream('Three').next()).rejects.toThrow(SessionBusyError)
  await first
  expect((await session.runs()).map(({ prompt }) => prompt)).toEqual(['One'])
})

test('history before the first load says what to await', async () => {
  const { agent, workspace } = await setting()
  const session = agent.session(workspace)
  expect(() => session.history()).toThrow(NotLoadedError)
  expect(() => session.history()).toThrow(/await session\.load\(\)/)
  await session.runs()
  expect(session.history()).toEqual([])
})

test('a stream tells what happens, deltas first, the result last', async () => {
  const { agent, workspace } = await setting([
    {
      reasoning: 'hm hm hm hm hm',
      text: 'one two three four five six',
      calls: [{ name: 'bash', input: { command: 'echo hi' } }],
    },
  ])
  const session = agent.session(workspace)
  const events: StreamEvent[] = []
  for await (const event of session.stream('Go')) events.push(event)
  const types = events.map(({ type }) => type)
  expect(types[0]).toBe('run-start')
  expect(types.at(-2)).toBe('run-end')
  expect(types.filter((type) => type === 'text-delta').length).toBeGreaterThan(1)
  for (const type of [
    'reasoning-delta',
    'reasoning',
    'text',
    'tool-start',
    'tool-output-delta',
    'tool-output',
    'tool-end',
    'usage',
  ])
    expect(types).toContain(type)
  const last = events.at(-1)!
  expect(last.type === 'result' && last.result.checkpoint).toMatchObject({ kind: 'save' })
  const stored = await session.runEvents((await session.runs())[0]!.id)
  expect(stored).toEqual(events.filter((event) => 'sequence' in event))
  expect(stored.some(({ type }) => type.endsWith('-delta'))).toBe(false)
})

test('storeDeltas keeps what was streamed as well, in strict sequence', async () => {
  const { agent, store, workspace } = await setting([{ text: 'one two three four five six' }], {
    storeDeltas: true,
  })
  const { run } = await agent.session(workspace, { sessionId: 'a' }).send('Go')
  const events = (await store.runEvents('a', run.id)) as { type: string; sequence: number }[]
  expect(events.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(1)
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index))
})

test('events of a newer version are kept, and known ones can be told from them', async () => {
  const { agent, store, workspace } = await setting()
  const { run } = await agent.session(workspace, { sessionId: 'a' }).send('Go')
  const sequence = (await store.runEvents('a', run.id)).length
  const event = { sequence, at: new Date().toISOString(), type: 'from-the-future', what: { ever: 1 } }
  await store.append('a', { runs: [{ id: run.id, events: [event] }] })
  const session = agent.resumeSession('a')
  await session.send('Go on')
  const events = await agent.resumeSession('a').runEvents(run.id, { after: sequence - 2 })
  expect(events.at(-1)).toEqual(event)
  expect(events.map(isKnownEvent)).toEqual([true, false])
})

test('whoever stops listening cancels the turn', async () => {
  const { agent, workspace } = await setting([{ text: 'word '.repeat(300), pace: 5 }])
  const session = agent.session(workspace)
  for await (const event of session.stream('Go')) if (event.type === 'text-delta') break
  expect((await session.runs())[0]!.status).toBe('cancelled')
})

test('cancel ends the turn, keeps what was said, and the session goes on', async () => {
  const { agent, server, store, workspace } = await setting([{ text: 'word '.repeat(300), pace: 5 }])
  const session = agent.session(workspace, { sessionId: 'a' })
  expect(await session.cancel()).toBe(false)
  let [deltas, cancelled, result] = [
    0,
    undefined as Promise<boolean> | undefined,
    undefined as TurnResult | undefined,
  ]
  for await (const event of session.stream('Go')) {
    if (event.type === 'text-delta' && ++deltas === 2) cancelled = session.cancel()
    if (event.type === 'result') result = event.result
  }
  expect(await cancelled).toBe(true)
  const { run, text } = result!
  expect(run.status).toBe('cancelled')
  expect(text).toMatch(/^word word/)
  expect(session.currentRun()).toBeUndefined()
  expect((await store.load('a'))!.runs[0]!.status).toBe('cancelled')
  expect((await session.send('Go on')).text).toBe('Done.')
  expect(server.problems).toEqual([])
})

test('a cancel while tools run gives every call a result', async () => {
  const calls = ['sleep 60', 'echo never'].map((command) => ({ name: 'bash', input: { command } }))
  const { agent, server, workspace } = await setting([{ calls }])
  const session = agent.session(workspace)
  const abort = new AbortController()
  for await (const { type } of session.stream('Go', { signal: abort.signal }))
    if (type === 'tool-start') abort.abort()
  const [run] = await session.runs()
  expect(run!.status).toBe('cancelled')
  const events = await session.runEvents(run!.id)
  expect(events.find(({ type }) => type === 'tool-end')).toMatchObject({ status: 'cancelled' })
  expect(events.find(({ type }) => type === 'tool-rejected')).toMatchObject({ reason: 'cancelled' })
  await session.send('Go on')
  expect(server.problems).toEqual([])
})

test('closed sessions and agents refuse, and end what is under way', async () => {
  const { agent, workspace } = await setting([{ text: 'word '.repeat(300), pace: 5 }])
  const session = agent.session(workspace)
  const turn = session.send('Go')
  await until(() => session.currentRun() !== undefined)
  await agent.close()
  expect((await turn).run.status).toBe('cancelled')
  expect(session.isClosed).toBe(true)
  await expect(session.send('More')).rejects.toThrow(SessionClosedError)
  await expect(agent.session(workspace).send('More')).rejects.toThrow(SessionClosedError)
  const other = (await setting()).agent.session(workspace)
  await other.close()
  await expect(other.runs()).rejects.toThrow(SessionClosedError)
})

test('steps are saved below the turn, in order, and the turn counts as one', async () => {
  const { agent, store, workspace } = await setting([READ, { text: 'Hello it is.' }], {
    files: { 'a.txt': 'x' },
    autoSave: 'step',
  })
  const session = agent.session(workspace, { sessionId: 'a' })
  await session.send('Read it')
  await session.send('Thanks')
  const turns = await session.checkpoints()
  expect(turns.map(({ subject }) => subject)).toEqual(['Thanks', 'Read it'])
  const steps = (await session.checkpoints({ steps: true })).filter(({ kind }) => kind === 'step')
  expect(steps.map(({ subject }) => subject).reverse()).toEqual([
    'step: Read it',
    'step: start read',
    'step: end read',
    'step: Thanks',
  ])
  const first = (await store.load('a', { at: steps.at(-1)!.id }))!
  expect(first.messages.map(({ role }) => role)).toEqual(['user'])
  expect(first.runs[0]!.status).toBe('running')
})

test('forks, rewinds and diffs', async () => {
  const { agent, store, workspace } = await setting([
    { text: '1' },
    { text: '2' },
    { text: '3' },
    { text: '4' },
    { text: '5' },
  ])
  const session = agent.session(workspace, { sessionId: 'a' })
  const first = (await session.send('One')).checkpoint!
  const second = (await session.send('Two')).checkpoint!
  const fork = await session.fork({ at: first.id, branch: 'other' })
  expect((await fork.send('Other')).checkpoint).toMatchObject({ branch: 'other', session: 'a' })
  expect(fork.history().map(({ content }) => content)).toEqual(['One', '1', 'Other', '3'])
  const copy = await session.fork({ sessionId: 'b' })
  expect(copy.history()).toHaveLength(4)
  expect((await copy.send('Copy')).checkpoint).toMatchObject({ session: 'b', branch: 'main' })
  await expect(session.fork({ branch: 'other' })).rejects.toThrow(AlreadyExistsError)
  await expect(session.fork({})).rejects.toThrow(TypeError)
  const diff = await session.diff(first.id)
  expect(diff.to.checkpoint).toBe(second.id)
  expect(diff.messages.added).toHaveLength(2)
  const back = await session.rewind('main~1')
  expect(back.id).toBe(first.id)
  expect(session.history()).toHaveLength(2)
  const again = await session.send('Again')
  expect(again.checkpoint!.branch).toBe(`rewind-${first.id.slice(0, 8)}`)
  expect((await store.branches('a')).map(({ active, name }) => [name, active])).toContainEqual([
    again.checkpoint!.branch,
    true,
  ])
  expect(await store.resolve('a', 'main')).toBe(second.id)
  await expect(session.rewind('nowhere')).rejects.toThrow(NotFoundError)
})

test('an older checkpoint is resumed on a branch of its own; without one the model is not asked', async () => {
  const { agent, server, workspace } = await setting()
  const session = agent.session(workspace, { sessionId: 'a' })
  await session.send('One')
  await session.send('Two')
  const older = agent.resumeSession('a', { at: 'main~1' })
  await expect(older.send('Elsewhere')).rejects.toThrow(/Name a new branch/)
  expect(server.requests).toHaveLength(2)
  const branch = agent.resumeSession('a', { at: 'main~1', branch: 'second-try' })
  const { checkpoint } = await branch.send('Elsewhere')
  expect(checkpoint).toMatchObject({ branch: 'second-try' })
  expect(branch.history()).toHaveLength(4)
})

test('a save that fails carries the turn, which can be saved again', async () => {
  const store = new MemorySessionStore()
  const { agent, workspace } = await setting([], { sessionStore: store })
  const session = agent.session(workspace, { sessionId: 'a' })
  const save = store.save.bind(store)
  store.save = () => Promise.reject(new StorageError('The disk is full.', { errno: 'ENOSPC' }))
  const error = await session.send('Hello').then(
    () => undefined,
    (error) => error,
  )
  expect(error).toBeInstanceOf(StorageError)
  expect(turnOf(error)).toMatchObject({ text: 'Done.', run: { status: 'completed' } })
  store.save = save
  await session.save()
  expect((await store.load('a'))!.messages).toHaveLength(2)
})

test('the policy is saved, and what is given on resume wins field by field', async () => {
  const calls = [
    { name: 'bash', input: { command: 'rm -rf a.txt' } },
    { name: 'bash', input: { command: 'echo hi' } },
  ]
  const { agent, server, workspace } = await setting([], { permissionPolicy: undefined })
  const policy = { deny: ['bash(rm:*)'], defaultDecision: 'deny' as const }
  await agent.session(workspace, { sessionId: 'a', permissionPolicy: policy }).send('Hello')
  server.play([{ calls }])
  const resumed = agent.resumeSession('a', { permissionPolicy: { defaultDecision: 'allow' } })
  const { run } = await resumed.send('Go')
  const decided = (await resumed.runEvents(run.id)).filter(({ type }) => type === 'permission-decided')
  expect(decided.map(({ decision, rule }) => [decision, rule])).toEqual([
    ['deny', 'bash(rm:*)'],
    ['allow', undefined],
  ])
})

test('tools of the user run with ours, and replace them', async () => {
  const tools = {
    add: tool({
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: async ({ a, b }) => ({ sum: a + b }),
    }),
    big: tool({ inputSchema: z.object({}), execute: async () => 'x'.repeat(100_000) }),
    broken: tool({
      inputSchema: z.object({}),
      execute: (): Promise<string> => Promise.reject(new Error('out of order')),
    }),
    odd: tool({ inputSchema: z.object({}), execute: async (): Promise<unknown> => ({ n: 10n }) }),
    nothing: tool({ inputSchema: z.object({}), execute: async (): Promise<unknown> => undefined }),
    ls: tool({ inputSchema: z.object({}), execute: async () => 'my own ls' }),
  }
  const names = ['add', 'big', 'broken', 'odd', 'nothing', 'ls', 'missing']
  const calls = [
    ...names.map((name) => ({ name, input: name === 'add' ? { a: 1, b: 2 } : {} })),
    { name: 'add', input: { a: 'x' } },
  ]
  const { agent, server, workspace } = await setting([{ calls }], { tools })
  const session = agent.session(workspace)
  await session.send('Go')
  expect(server.problems).toEqual([])
  const outputs = new Map(
    session
      .history()
      .flatMap(({ parts, role }) => (role === 'tool' ? parts! : []))
      .map((part) => [part.toolCallId, part.output as { type: string; value: unknown }]),
  )
  const output = (index: number) => outputs.get(`call_0_${index}`)!
  expect(output(0)).toEqual({ type: 'json', value: { sum: 3 } })
  expect(String(output(1).value)).toContain('50000 of 100000 characters left out')
  expect(output(2)).toEqual({ type: 'error-text', value: 'Error: out of order' })
  expect(output(3).type).toBe('error-text')
  expect(output(4)).toEqual({ type: 'json', value: null })
  expect(output(5)).toEqual({ type: 'text', value: 'my own ls' })
  expect(output(6).value).toContain("There is no tool 'missing'")
  expect(output(7).value).toContain('do not fit')
})

test('nothing in a text can make the history invalid', async () => {
  const odd = 'half \ud83d and nul \0 end'
  const tools = {
    odd: tool({ inputSchema: z.object({}), execute: async (): Promise<unknown> => ({ [odd]: [odd] }) }),
  }
  const calls = [
    { name: 'odd', input: {} },
    { name: 'bash', input: { command: 'printf "\\0\\377\\355\\240\\200"' } },
  ]
  const { agent, server, workspace } = await setting([{ calls }], { tools })
  const session = agent.session(workspace)
  await session.send(odd)
  expect(session.history()[0]!.content).toBe(odd)
  const sent = JSON.stringify(server.requests.at(-1)!.body)
  expect(sent).not.toMatch(/\\u(?:0000|d[89a-f])/i)
  expect(sent).toContain('half \ufffd and nul \ufffd end')
})

test('secrets reach neither the session, nor an error, nor a tool', async () => {
  const env = { ...process.env, MY_KEY: KEY }
  const server = await startServer([
    { calls: [{ name: 'bash', input: { command: 'env; cat key.txt' } }] },
    { text: `It is ${KEY}.` },
  ])
  const workspace = await workspaceWith({ 'key.txt': KEY })
  const store = new MemorySessionStore()
  const agent = await Agent.create(configOf(server), {
    env,
    sessionStore: store,
    permissionPolicy: { defaultDecision: 'allow' },
    limits: QUICK,
  })
  const session = agent.session(workspace, { sessionId: 'a' })
  await session.send(`Remember ${KEY}`)
  expect(server.requests[0]!.headers.authorization).toBe(`Bearer ${KEY}`)
  const saved = JSON.stringify(await store.load('a'))
  expect(saved).not.toContain(KEY)
  expect(saved).toContain('[secret]')
  expect(saved).not.toContain('MY_KEY')
  server.play([{ fault: { kind: 'status', status: 401, message: `Incorrect API key provided: ${KEY}` } }])
  const error = await session.send('Again').then(
    () => undefined,
    (error) => error,
  )
  expect(error.message).toContain('Incorrect API key provided: [secret]')
  expect(JSON.stringify(await store.load('a'))).not.toContain(KEY)
})

test('the trailer says which code the conversation was about', async () => {
  const workspace = await workspaceWith({ 'a.txt': 'x' })
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', workspace, '-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
      encoding: 'utf8',
    })
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'one')
  const store = new GitSessionStore(join(await temporaryFolder(), 'sessions'))
  const { agent } = await setting([], { sessionStore: store })
  const session = agent.session(workspace, { sessionId: 'a' })
  await session.send('One')
  await writeFile(join(workspace, 'a.txt'), 'y')
  await session.send('Two')
  const log = execFileSync(
    'git',
    [
      '--git-dir',
      store.folder,
      'log',
      '--format=%(trailers:key=Forkpoint-Workspace,valueonly,separator=)',
      'a/main',
    ],
    { encoding: 'utf8' },
  )
  const head = git('rev-parse', 'HEAD').trim()
  expect(log.trim().split(/\s+/).map(decodeURIComponent)).toEqual([`${head}+dirty`, head])
})

test('an agent lists the sessions of its store', async () => {
  const { agent, workspace } = await setting()
  await agent.session(workspace, { sessionId: 'a' }).send('Hello')
  await agent.session(workspace, { sessionId: 'b', title: 'Named' }).send('Hello')
  expect((await agent.listSessions({ order: 'id' })).map(({ id, title }) => [id, title])).toEqual([
    ['a', 'Hello'],
    ['b', 'Named'],
  ])
})

test('a session without a store runs, and says what needs one', async () => {
  const server = await startServer()
  const agent = await Agent.create(configOf(server))
  const session = agent.session('.')
  expect((await session.send('Hello')).checkpoint).toBeUndefined()
  await expect(session.save()).rejects.toThrow('save needs a store')
  await expect(agent.listSessions()).rejects.toThrow('needs a store')
})

test('a turn takes no more steps than it may, and can be gone on with', async () => {
  const step = { calls: [{ name: 'ls', input: {} }] }
  const { agent, workspace } = await setting([step, step, step], { maxSteps: 2 })
  const session = agent.session(workspace)
  const error = await session.send('Go').then(
    () => undefined,
    (error) => error,
  )
  expect(error).toMatchObject({ code: 'STEP_LIMIT', limit: 2 })
  const { run } = turnOf(error)!
  expect(run.status).toBe('failed')
  expect((await session.resumeRun(run.id)).run.status).toBe('completed')
  await expect(session.resumeRun(run.id)).rejects.toMatchObject({ code: 'NOT_RESUMABLE' })
})

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
}
