import { describe, expect, test } from 'vitest'
import { Agent, ModelError, type StreamEvent, turnOf } from '../../src/agent/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { Fault, ScriptedTurn } from '../support/model-server.mjs'
import { configOf, QUICK, setting, startServer, workspaceWith } from './agent-context.ts'

/** Sends a prompt that fails, and a second one that does not; the history has to be valid all along. */
async function failThenGoOn(script: ScriptedTurn[], provider: string, limits: object = {}) {
  const { agent, server, store, workspace } = await setting(script, {
    provider,
    limits: { ...QUICK, ...limits },
  })
  const session = agent.session(workspace, { sessionId: 'a' })
  const error = await session.send('Go').then(
    () => undefined,
    (error) => error,
  )
  const asked = server.requests.length
  const saved = (await store.load('a'))!.runs[0]!
  server.play([{ text: 'Fine again.' }])
  const after = await agent.resumeSession('a').send('And now?')
  expect(after.text).toBe('Fine again.')
  expect(server.problems).toEqual([])
  return { error, asked, saved, session }
}

const status = (status: number, retryAfter?: string): Fault => ({
  kind: 'status',
  status,
  ...(retryAfter === undefined ? {} : { retryAfter }),
})
const times = (count: number, fault: Fault): ScriptedTurn[] =>
  Array.from({ length: count }, () => ({ text: 'some words before', fault }))

describe.each(['openai', 'anthropic'])('over %s', (provider) => {
  test.each<[string, Fault]>([
    ['429', status(429)],
    ['500', status(500)],
    ['529', status(529)],
    ['a connection that breaks at once', { kind: 'drop', after: 0 }],
    ['a connection that breaks in mid-stream', { kind: 'drop', after: 3 }],
    ['a stream that ends in the middle', { kind: 'cut' }],
    ['garbage', { kind: 'garbage' }],
    ['an error in the stream', { kind: 'stream-error', message: 'overloaded' }],
  ])('%s is tried again, and what was streamed before is void', async (_, fault) => {
    const { agent, server, store, workspace } = await setting([...times(2, fault), { text: 'At last.' }], {
      provider,
    })
    const session = agent.session(workspace, { sessionId: 'a' })
    const events: StreamEvent[] = []
    for await (const event of session.stream('Go')) events.push(event)
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(2)
    expect(events.filter(({ type }) => type === 'text')).toHaveLength(1)
    expect(server.requests).toHaveLength(3)
    const state = (await store.load('a'))!
    expect(state.messages.map(({ content }) => content)).toEqual(['Go', 'At last.'])
    expect(state.runs[0]!.status).toBe('completed')
  })

  test.each<[string, Fault, object]>([
    ['429', status(429), { reason: 'unavailable', status: 429, attempts: 3 }],
    ['500', status(500), { reason: 'unavailable', status: 500, attempts: 3 }],
    ['a broken connection', { kind: 'drop', after: 3 }, { reason: 'dropped', attempts: 3 }],
    ['garbage', { kind: 'garbage' }, { reason: expect.stringMatching(/invalid|unavailable/), attempts: 3 }],
    ['401', status(401), { reason: 'refused', status: 401, attempts: 1 }],
    ['400', status(400), { reason: 'refused', status: 400, attempts: 1 }],
  ])(
    '%s that lasts is a typed error, a saved failed run, and a session that can go on',
    async (_, fault, data) => {
      const { asked, error, saved } = await failThenGoOn(times(9, fault), provider)
      expect(error).toBeInstanceOf(ModelError)
      expect(error).toMatchObject({ code: 'MODEL', model: `${provider}/test-model`, ...data })
      expect(asked).toBe((data as { attempts: number }).attempts)
      expect(saved.status).toBe('failed')
      expect(saved.error).toMatchObject({ name: 'ModelError', code: 'MODEL' })
      expect(turnOf(error)!.checkpoint).toMatchObject({ run: saved.id })
    },
  )

  test('an endless stream ends at the size that a step may have, and is not tried again', async () => {
    const { asked, error } = await failThenGoOn(times(1, { kind: 'endless' }), provider, { characters: 2000 })
    expect(error).toMatchObject({ reason: 'endless' })
    expect(asked).toBe(1)
  })

  test('an endless stream ends at the time that a step may take', async () => {
    const { error } = await failThenGoOn(times(1, { kind: 'endless' }), provider, { step: 150, attempts: 1 })
    expect(error).toMatchObject({ reason: 'timeout' })
  })

  test('silence ends after a while', async () => {
    const { error } = await failThenGoOn(times(2, { kind: 'silent' }), provider, { idle: 80, attempts: 2 })
    expect(error).toMatchObject({ reason: 'timeout', attempts: 2 })
  })

  test.each<[string, ScriptedTurn, string]>([
    ['malformed arguments', { calls: [{ name: 'ls', input: '{"path": "a' }] }, 'not a JSON object'],
    ['arguments that do not fit', { calls: [{ name: 'read', input: { file: 'x' } }] }, 'do not fit'],
    ['arguments that are no object', { calls: [{ name: 'ls', input: '"text"' }] }, 'not a JSON object'],
    ['an unknown tool', { calls: [{ name: 'teleport', input: {} }] }, "There is no tool 'teleport'"],
    [
      'a tool named like a property',
      { calls: [{ name: 'constructor', input: {} }] },
      "There is no tool 'constructor_'",
    ],
  ])('%s are told to the model, which goes on', async (_, turn, message) => {
    const { agent, server, workspace } = await setting([turn, { text: 'My mistake.' }], { provider })
    const session = agent.session(workspace)
    const { run, text } = await session.send('Go')
    expect(text).toBe('My mistake.')
    expect(run.status).toBe('completed')
    const rejected = (await session.runEvents(run.id)).find(({ type }) => type === 'tool-rejected')
    expect(rejected!.message).toContain(message)
    await session.send('And now?')
    expect(server.problems).toEqual([])
  })

  test('two calls with one id, and an id used again in a later step, stay apart', async () => {
    const call = { id: 'same', name: 'bash', input: { command: 'echo x >> log' } }
    const script = [{ calls: [call, call] }, { calls: [call] }, { text: 'Done.' }]
    const { agent, server, workspace } = await setting(script, { provider, autoSave: 'step' })
    const session = agent.session(workspace)
    const { run } = await session.send('Go')
    expect((await session.runEvents(run.id)).filter(({ type }) => type === 'tool-end')).toHaveLength(3)
    expect(server.problems).toEqual([])
  })

  test('an empty answer leaves a history that can go on', async () => {
    const { agent, server, workspace } = await setting([{}, { text: 'Now.' }], { provider })
    const session = agent.session(workspace)
    expect((await session.send('Go')).text).toBe('')
    expect((await session.send('Go on')).text).toBe('Now.')
    expect(server.problems).toEqual([])
  })

  test('without streaming the same comes out', async () => {
    const script = [
      { reasoning: 'hm', text: 'I look.', calls: [{ name: 'ls', input: {} }] },
      ...times(1, status(500)),
      { text: 'Empty.' },
    ]
    const server = await startServer(script)
    const store = new MemorySessionStore()
    const agent = await Agent.create(configOf(server, provider, { streaming: false }), {
      sessionStore: store,
      limits: QUICK,
      permissionPolicy: { defaultDecision: 'allow' },
    })
    const session = agent.session(await workspaceWith())
    expect((await session.send('Go')).text).toBe('Empty.')
    expect(server.requests.every(({ body }) => !body.stream)).toBe(true)
    const types = (await session.runEvents((await session.runs())[0]!.id)).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['reasoning', 'text', 'tool-end', 'retry', 'usage']))
  })
})

test('Retry-After is kept to, and one that is too long is a failure at once', async () => {
  const { agent, workspace } = await setting([{ fault: status(429, '0.1') }, { text: 'Yes.' }])
  const session = agent.session(workspace)
  const start = Date.now()
  await session.send('Go')
  expect(Date.now() - start).toBeGreaterThanOrEqual(95)
  const { error, asked } = await failThenGoOn([{ fault: status(429, '3600') }], 'openai')
  expect(error).toMatchObject({ status: 429, retryAfter: 3_600_000, attempts: 1 })
  expect(asked).toBe(1)
})

test('a cancel during the wait for a retry ends it', async () => {
  const { agent, server, workspace } = await setting([{ fault: status(500) }], {
    limits: { ...QUICK, baseDelay: 60_000, maxDelay: 60_000 },
  })
  const session = agent.session(workspace)
  const turn = session.send('Go')
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  await session.cancel()
  expect((await turn).run.status).toBe('cancelled')
})

test('a failed run goes on where it failed, without a second prompt', async () => {
  const script = [
    { calls: [{ name: 'bash', input: { command: 'echo x >> log' } }] },
    ...times(3, status(500)),
  ]
  const { agent, server, workspace } = await setting(script)
  const session = agent.session(workspace, { sessionId: 'a' })
  const error = await session.send('Go').then(
    () => undefined,
    (error) => error,
  )
  server.play([{ text: 'Better.' }])
  const resumed = agent.resumeSession('a')
  const { run, text } = await resumed.resumeRun(turnOf(error)!.run.id)
  expect(text).toBe('Better.')
  expect(run.status).toBe('completed')
  expect(resumed.history().map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
})

test('nobody at the address is a typed error', async () => {
  const server = await startServer()
  const config = configOf(server)
  await server.close()
  const agent = await Agent.create(config, { limits: QUICK })
  await expect(agent.session('.').send('Go')).rejects.toMatchObject({
    code: 'MODEL',
    reason: 'unavailable',
    attempts: 3,
  })
})
