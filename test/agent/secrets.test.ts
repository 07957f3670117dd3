import { join } from 'node:path'
import { tool } from 'ai'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { Agent, type AgentOptions } from '../../src/agent/index.ts'
import { Scrubber } from '../../src/agent/secrets/secrets.ts'
import type { Session } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { Script } from '../support/model-server.mjs'
import { configOf, QUICK, startServer, temporaryFolder, workspaceWith } from './agent-context.ts'

const SECRET = 'sk-proj-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

describe('a text in pieces', () => {
  test('is masked as the whole text would be, wherever it is cut', () => {
    const scrubber = new Scrubber([
      SECRET,
      'sk-proj-ABCDEFGH',
      `Bearer ${SECRET}`,
      'abcabcabd',
      'with "quotes" in',
    ])
    const random = seeded(1)
    const bits = [
      SECRET,
      'sk-proj-ABCDEFGH',
      'Bearer ',
      'abcabc',
      'abcabcabd',
      'abd',
      'sk-proj-',
      ' ',
      'x',
      '"',
    ]
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: 1 + random(8) }, () => bits[random(bits.length)]!).join('')
      const stream = scrubber.stream()
      let out = ''
      for (let at = 0; at < text.length; ) {
        const end = at + 1 + random(9)
        out += stream.push(text.slice(at, end))
        at = end
      }
      expect(out + stream.end()).toBe(scrubber.text(text))
    }
  })

  test('hides pieces of a secret that are long enough to be of use, and no words', () => {
    const scrubber = new Scrubber([SECRET, 'a-development-environment-key', 'not-a-real-key'])
    for (const [start, end] of [
      [0, 12],
      [5, 20],
      [20, 44],
    ]) {
      expect(scrubber.text(`it is ${SECRET.slice(start, end)}.`)).toBe('it is [secret].')
    }
    const words = 'npm run a-development-environment; not a-real-key; sk-proj-; STUVWXYZ012'
    expect(scrubber.text(words)).toBe(words)
    expect(scrubber.text('a key starts with sk-proj-')).toBe('a key starts with sk-proj-')
  })

  test('is one text where parts of one type follow each other', () => {
    const scrubber = new Scrubber([SECRET])
    const part = (type: string, text: string) => ({ type, text })
    const parts = [
      part('text', `a ${SECRET.slice(0, 9)}`),
      part('reasoning', SECRET.slice(0, 30)),
      part('text', SECRET.slice(9, 30)),
      part('text', `${SECRET.slice(30)} b`),
      part('reasoning', SECRET.slice(30)),
    ]
    expect(scrubber.value(parts).map(({ text }) => text)).toEqual(['a [secret]', '[secret]', '', ' b', ''])
  })

  test('is found as JSON writes it', () => {
    const scrubber = new Scrubber(['pass"word\\1234'])
    expect(scrubber.text(JSON.stringify({ key: 'pass"word\\1234' }))).toBe('{"key":"[secret]"}')
  })
})

describe.each(['openai', 'anthropic'])('no half of a secret is kept, over %s', (provider) => {
  const halves = (at: number) => [SECRET.slice(0, at), SECRET.slice(at)] as const

  test.each([1, 5, 20, 43])('when a text, a thought or an output comes in two pieces (at %i)', async (at) => {
    const [head, rest] = halves(at)
    const command = `printf ${head}; sleep 0.2; printf ${rest}; printf ${head} >&2; sleep 0.2; printf x; sleep 0.2; printf ${rest} >&2`
    const { events, state } = await saved(
      [
        { reasoning: ['a b ', head, rest], calls: [{ name: 'bash', input: { command } }] },
        { text: ['one two ', head, rest, ' three'] },
      ],
      { provider, storeDeltas: true },
    )
    for (const type of ['text-delta', 'reasoning-delta', 'tool-output-delta']) {
      expect(joined(events, type)).not.toContain(SECRET)
    }
    expect(joined(events, 'tool-output-delta')).toContain('[secret]')
    expect(joined(events, 'text-delta')).toBe('one two [secret] three')
    expect(JSON.stringify(state)).not.toContain(SECRET)
  })

  test('when it lies across the cut of a long output', async () => {
    for (let at = 560; at < 640; at += 7) {
      const files = { 'long.txt': `${'a'.repeat(at)}${SECRET}${'b'.repeat(3000)}` }
      const own = tool({ inputSchema: z.object({}), execute: async () => ({ text: files['long.txt'] }) })
      const failing = tool({
        inputSchema: z.object({}),
        execute: (): Promise<string> => Promise.reject(new Error(files['long.txt'])),
      })
      const calls = [
        { name: 'bash', input: { command: 'cat long.txt' } },
        { name: 'read', input: { path: 'long.txt' } },
        { name: 'own', input: {} },
        { name: 'failing', input: {} },
      ]
      const { state } = await saved([{ calls }], {
        provider,
        files,
        outputLimit: 1000,
        storeDeltas: true,
        tools: { own, failing },
      })
      expect(longestPiece(state)).toBeLessThan(8)
    }
  })

  test('when it lies across the cut of a line that grep found', async () => {
    for (let at = 460; at < 500; at += 5) {
      const files = { 'long.txt': `${'a'.repeat(at)}${SECRET}${'b'.repeat(300)}` }
      const calls = [{ name: 'grep', input: { pattern: '^aaa' } }]
      const { state } = await saved([{ calls }], { provider, files })
      expect(longestPiece(state)).toBeLessThan(12)
    }
  })

  test('when a turn is cancelled in the middle of it', async () => {
    const { state } = await saved(
      [{ text: `the key is ${SECRET.slice(0, 30)}`, pace: 1, fault: { kind: 'hang' } }],
      {
        provider,
        storeDeltas: true,
        cancelAfter: 150,
      },
    )
    expect(state.runs[0]!.status).toBe('cancelled')
    expect(longestPiece(state)).toBeLessThan(8)
  })

  test('when it lies across the cut of a title, a subject or an error', async () => {
    for (const before of [30, 40, 60, 64]) {
      const prompt = `${'p '.repeat(before / 2)}${SECRET} and more`
      const message = `${'m'.repeat(990)}${SECRET}`
      const { log, state } = await saved([{ fault: { kind: 'status', status: 400, message } }], {
        provider,
        prompt,
        autoSave: 'step',
        git: true,
      })
      expect(longestPiece(state)).toBeLessThan(8)
      expect(longestPiece(log)).toBeLessThan(8)
      expect(log).toContain('step: ')
    }
  })
})

test('what a session is made with, and what a save says, is masked as well', async () => {
  const server = await startServer()
  const config = {
    ...configOf(server),
    providers: { openai: { ...configOf(server).providers.openai!, api_key: SECRET } },
  }
  const store = new GitSessionStore(join(await temporaryFolder(), 'sessions'))
  const agent = await Agent.create(config, { sessionStore: store, limits: QUICK, autoSave: false })
  const session = agent.session('.', { sessionId: 'a', title: `T ${SECRET}`, metadata: { note: SECRET } })
  await session.send('Hello')
  const checkpoint = await session.save({ subject: `S ${SECRET}`, body: `B ${SECRET}` })
  expect(checkpoint).toMatchObject({ subject: 'S [secret]', body: 'B [secret]' })
  expect(await store.load('a')).toMatchObject({ title: 'T [secret]', metadata: { note: '[secret]' } })
})

interface Options extends AgentOptions {
  provider: string
  files?: Record<string, string>
  prompt?: string
  cancelAfter?: number
  git?: boolean
}

async function saved(script: Script, options: Options) {
  const { cancelAfter, files, git, prompt = 'Go', provider, ...more } = options
  const server = await startServer(script)
  const config = configOf(server, provider)
  const providers = { [provider]: { ...config.providers[provider]!, api_key: SECRET } }
  const folder = join(await temporaryFolder(), 'sessions')
  const store = git ? new GitSessionStore(folder) : new MemorySessionStore()
  const agent = await Agent.create(
    { ...config, providers },
    { sessionStore: store, limits: QUICK, permissionPolicy: { defaultDecision: 'allow' }, ...more },
  )
  const session = agent.session(await workspaceWith(files), { sessionId: 'a' })
  const turn = session.send(prompt).catch(() => {})
  if (cancelAfter !== undefined) setTimeout(() => session.cancel(), cancelAfter)
  await turn
  const state = (await store.load('a'))!
  let log = ''
  for await (const { body, subject } of store.log('a', { steps: true })) log += `${subject}\n${body}\n`
  return { events: state.runs[0]!.events, log, state }
}

const joined = (events: Session['runs'][0]['events'], type: string) =>
  events.flatMap((event) => (event.type === type ? [event.text] : [])).join('')

/** Length of the longest piece of the secret that can be read. */
function longestPiece(value: unknown): number {
  const text = JSON.stringify(value)
  let longest = 0
  for (let start = 0; start < SECRET.length; start++) {
    while (text.includes(SECRET.slice(start, start + longest + 1)) && start + longest < SECRET.length)
      longest++
  }
  return longest
}

/** Pseudo-random whole numbers below a limit. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648
    return Math.floor((state / 2147483648) * below)
  }
}
