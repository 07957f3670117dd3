import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Agent } from '../../src/agent/index.ts'
import type { MessagePart, Session } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { ModelRequestSeen, ScriptedTurn } from '../support/model-server.mjs'
import { configOf, QUICK, setting, startServer, temporaryFolder, workspaceWith } from './agent-context.ts'

const CHILD = join(import.meta.dirname, 'crash-child.mjs')
const KILLS = process.env.FORKPOINT_SOAK === '1' ? 50 : 25

/** The prompt in a message of either protocol: the last text, which may stand behind results. */
function promptOf({ content, role }: { role: string; content: string | MessagePart[] }): string | undefined {
  if (role !== 'user') return undefined
  return typeof content === 'string'
    ? content
    : (content.findLast(({ type }) => type === 'text')?.text as string)
}

/** Three steps a turn: calls side by side, a single one, and a text. Every call has a name of its own. */
function script({ body }: ModelRequestSeen): ScriptedTurn {
  const { messages } = body as { messages: { role: string; content: string | MessagePart[] }[] }
  const start = messages.findLastIndex((message) => promptOf(message) !== undefined)
  const turn = promptOf(messages[start]!)!.replace(' ', '-')
  const steps = messages.slice(start).filter(({ role }) => role === 'assistant').length
  const call = (id: string) => ({ id, name: 'note', input: { id, ms: Math.floor(Math.random() * 60) } })
  const shell = (id: string) => ({
    id,
    name: 'bash',
    input: { command: `echo ${id} >> log; sleep 0.0${Math.floor(Math.random() * 9)}` },
  })
  if (steps === 0)
    return {
      text: 'I start.',
      calls: [call(`${turn}-a`), shell(`${turn}-b`), call(`${turn}-c`), shell(`${turn}-d`)],
    }
  if (steps === 1) return { text: 'One more.', calls: [call(`${turn}-e`)], pace: 2 }
  return { text: `That was ${turn}.`, pace: 2 }
}

describe('kill -9', () => {
  test(`at ${KILLS} random moments: always resumes, never repeats a call, and stays valid for the provider`, async () => {
    const server = await startServer(script)
    const workspace = await workspaceWith({ log: '' })
    const folder = join(await temporaryFolder(), 'sessions')
    const start = (last: string[] = []) =>
      spawn(process.execPath, [CHILD, server.url, folder, workspace, ...last], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start()
      let said = ''
      child.stderr.on('data', (text) => {
        said += text
      })
      const ended = once(child, 'exit')
      await Promise.race([once(child.stdout, 'data'), ended])
      await sleep(Math.random() * 700)
      expect(child.exitCode, said).toBeNull()
      child.kill('SIGKILL')
      await ended
      await checkLog(workspace)
    }
    const child = start(['last'])
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(server.problems).toEqual([])
    const state = (await new GitSessionStore(folder).load('crash'))!
    await checkCalls(workspace, state)
    expect(state.runs.at(-1)!.status).toBe('completed')
    expect(
      state.runs.slice(0, -1).every(({ status }) => status === 'completed' || status === 'interrupted'),
    ).toBe(true)
    execFileSync('git', ['--git-dir', folder, 'fsck', '--strict'], { stdio: 'pipe' })
  }, 300_000)
})

/** A call leaves its name once, or never. */
async function checkLog(workspace: string): Promise<string[]> {
  const lines = (await readFile(join(workspace, 'log'), 'utf8')).split('\n').filter((line) => line !== '')
  expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([])
  return lines
}

/** Every call has one result; those that say they ended did run, once. */
async function checkCalls(workspace: string, { messages, runs }: Session): Promise<void> {
  const done = await checkLog(workspace)
  const called = messages.flatMap(({ parts = [] }) =>
    parts.filter(({ type }) => type === 'tool-call').map((part) => part.toolCallId),
  )
  const results = messages.flatMap(({ parts = [] }) =>
    parts.filter(({ type }) => type === 'tool-result').map((part) => part.toolCallId),
  )
  expect([...results].sort()).toEqual([...called].sort())
  const ok = runs.flatMap(({ events }) =>
    events.filter(({ status, type }) => type === 'tool-end' && status === 'ok').map(({ call }) => call),
  )
  expect(ok.filter((call) => !done.includes(call as string))).toEqual([])
  for (const { events } of runs)
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index))
}

test('looking at a running session does not mark it; the first save of who resumes does', async () => {
  const command = 'while [ ! -e seen ]; do sleep 0.02; done'
  const calls = [{ id: 'slow', name: 'bash', input: { command } }]
  const { agent, store, workspace } = await setting([{ calls }], { autoSave: 'step' })
  const session = agent.session(workspace, { sessionId: 'a' })
  const turn = session.send('Go')
  while ((await store.load('a'))?.runs[0]?.status !== 'running') await sleep(5)
  const looker = await agent.resumeSessionAsync('a')
  expect((await looker.runs())[0]!.status).toBe('interrupted')
  expect((await store.load('a'))!.runs[0]!.status).toBe('running')
  await writeFile(join(workspace, 'seen'), '')
  expect((await turn).run.status).toBe('completed')
  expect((await store.load('a'))!.runs[0]!.status).toBe('completed')
})

test('a call that had started gets a result that says so, one that had not is made up for', async () => {
  const workspace = await workspaceWith()
  const server = await startServer([{ text: 'And done.' }])
  const store = new GitSessionStore(join(await temporaryFolder(), 'sessions'))
  const at = new Date().toISOString()
  const calls = ['ended', 'started', 'unstarted'].map((id) => ({
    type: 'tool-call',
    toolCallId: id,
    toolName: 'bash',
    input: { command: `echo ${id} >> log` },
  }))
  const result = {
    type: 'tool-result',
    toolCallId: 'ended',
    toolName: 'bash',
    output: { type: 'text', value: '(no output)' },
  }
  const { newMessage, newRun, newSession } = await import('../../src/state/index.ts')
  const events = ['step-start', 'tool-start', 'tool-end', 'tool-start'].map((type, sequence) => ({
    type,
    sequence,
    at,
    step: 1,
    call: sequence < 3 ? 'ended' : 'started',
  }))
  const run = newRun('Go', { id: 'r', events })
  await store.save(
    newSession('a', {
      workspace,
      messages: [
        newMessage('user', 'Go', { run: 'r' }),
        newMessage('assistant', '', { run: 'r', parts: calls }),
        newMessage('tool', '', { run: 'r', parts: [result] }),
      ],
      runs: [run],
    }),
  )
  const agent = await Agent.create(configOf(server), {
    sessionStore: store,
    limits: QUICK,
    permissionPolicy: { defaultDecision: 'allow' },
  })
  const fork = await (await agent.resumeSessionAsync('a')).fork({ sessionId: 'b' })

  const session = agent.resumeSession('a')
  const done = await session.resumeRun('r')
  expect(done.run.status).toBe('completed')
  expect(await readFile(join(workspace, 'log'), 'utf8')).toBe('unstarted\n')
  const texts = server.requests[0]!.body.messages.filter(({ role }: { role: string }) => role === 'tool').map(
    ({ content }: { content: string }) => content,
  )
  expect(texts).toEqual(['(no output)', expect.stringContaining('interrupted, may have run'), '(no output)'])

  // A new prompt instead runs nothing that was left.
  server.play([{ text: 'Fine.' }])
  await fork.send('Something else')
  expect(await readFile(join(workspace, 'log'), 'utf8')).toBe('unstarted\n')
  expect((await fork.runs()).map(({ status }) => status)).toEqual(['interrupted', 'completed'])
  expect(server.problems).toEqual([])
})
