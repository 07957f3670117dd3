import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PermissionRequest } from '../../src/agent/index.ts'
import { STORES, setting } from './agent-context.ts'

const echo = (text: string) => ({ name: 'bash', input: { command: `echo ${text} >> log` } })
const ASK = { permissionPolicy: { defaultDecision: 'ask' as const } }

test('without a handler ask means deny, and the model is told', async () => {
  const { agent, server, workspace } = await setting([{ calls: [echo('a')] }], ASK)
  const session = agent.session(workspace)
  const { run } = await session.send('Go')
  expect(run.status).toBe('completed')
  const decided = (await session.runEvents(run.id)).find(({ type }) => type === 'permission-decided')
  expect(decided).toMatchObject({ decision: 'deny', by: 'no-handler' })
  expect(JSON.stringify(server.requests.at(-1)!.body.messages)).toContain('there is no one to ask')
  await expect(readFile(join(workspace, 'log'))).rejects.toThrow()
})

test('the handler is asked with what it needs to know, one call at a time', async () => {
  const asked: PermissionRequest[] = []
  const { agent, workspace } = await setting([{ calls: [echo('a'), echo('b'), echo('c')] }], {
    ...ASK,
    onPermission: async (request) => {
      asked.push(request)
      if (asked.length === 1) return 'allow'
      return asked.length === 2 ? { decision: 'deny', reason: 'not today' } : ('sure' as never)
    },
  })
  const session = agent.session(workspace, { sessionId: 's' })
  const { run } = await session.send('Go')
  expect(asked[0]).toMatchObject({
    session: 's',
    run: run.id,
    tool: 'bash',
    input: echo('a').input,
    rule: undefined,
  })
  expect(await readFile(join(workspace, 'log'), 'utf8')).toBe('a\n')
  const rejected = (await session.runEvents(run.id)).filter(({ type }) => type === 'tool-rejected')
  expect(rejected.map(({ message }) => message)).toEqual(['not today', 'The user refused this call.'])
})

test('a handler that throws fails the turn, and the session goes on', async () => {
  const { agent, server, workspace } = await setting([{ calls: [echo('a')] }], {
    ...ASK,
    onPermission: () => {
      throw new Error('no terminal')
    },
  })
  const session = agent.session(workspace)
  await expect(session.send('Go')).rejects.toThrow('no terminal')
  server.play([{ text: 'Fine.' }])
  expect((await session.send('Go on')).text).toBe('Fine.')
  expect(server.problems).toEqual([])
})

test.each(Object.entries(STORES))(
  'a deferred call waits in the %s store, and another agent goes on with it',
  async (_, makeStore) => {
    const sessionStore = await makeStore()
    const { agent, server, workspace } = await setting(
      [{ calls: [echo('a'), echo('b'), { name: 'ls', input: {} }] }],
      {
        sessionStore,
        permissionPolicy: { allow: ['ls'], defaultDecision: 'ask' },
        onPermission: () => 'defer',
      },
    )
    const { checkpoint, pending, run } = await agent.session(workspace, { sessionId: 's' }).send('Go')
    expect(run.status).toBe('waiting')
    expect(checkpoint).toBeDefined()
    expect(pending.map(({ input, tool }) => [tool, input])).toEqual([
      ['bash', echo('a').input],
      ['bash', echo('b').input],
    ])
    expect(server.requests).toHaveLength(1)
    expect((await sessionStore.load('s'))!.status).toBe('waiting')

    const resumed = agent.resumeSession('s', { onPermission: undefined })
    const [saved] = await resumed.runs()
    expect(saved!.pending).toEqual(pending)
    await expect(resumed.resumeRun(run.id, { decisions: { nothing: 'allow' } })).rejects.toThrow(TypeError)
    const decisions = {
      [pending[0]!.call]: 'allow',
      [pending[1]!.call]: { decision: 'deny', reason: 'once is enough' },
    } as const
    const done = await resumed.resumeRun(run.id, { decisions })
    expect(done).toMatchObject({ text: 'Done.', run: { status: 'completed', id: run.id }, pending: [] })
    expect(await readFile(join(workspace, 'log'), 'utf8')).toBe('a\n')
    expect((await sessionStore.load('s'))!.status).toBe('idle')
    expect(server.problems).toEqual([])
  },
)

test('a decision does not lift what the policy denies, and without one the call waits on', async () => {
  const { agent, workspace } = await setting([{ calls: [echo('a'), echo('b')] }], {
    ...ASK,
    onPermission: () => 'defer',
  })
  const { pending, run } = await agent.session(workspace, { sessionId: 's' }).send('Go')
  const strict = agent.resumeSession('s', { permissionPolicy: { deny: ['bash(echo a:*)'] } })
  // The agent's own handler answers defer again.
  const again = await strict.resumeRun(run.id, { decisions: { [pending[0]!.call]: 'allow' } })
  expect(again.run.status).toBe('waiting')
  expect(again.pending).toEqual([pending[1]])
  await expect(readFile(join(workspace, 'log'))).rejects.toThrow()
})

test('a new prompt gives up what was waiting', async () => {
  const { agent, server, workspace } = await setting([{ calls: [echo('a')] }, { text: 'All right.' }], {
    ...ASK,
    onPermission: () => 'defer',
  })
  const session = agent.session(workspace)
  const { run } = await session.send('Go')
  expect((await session.send('Never mind')).text).toBe('All right.')
  expect((await session.runs()).map(({ status }) => status)).toEqual(['cancelled', 'completed'])
  await expect(session.resumeRun(run.id)).rejects.toMatchObject({ code: 'NOT_RESUMABLE' })
  expect(server.problems).toEqual([])
})
