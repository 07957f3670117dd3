/** Real processes on what a user installs: the SDK's own `query`, one after the other, side by side, and killed. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
// @ts-expect-error it is plain JavaScript, and has types for its server alone
import { sendAnthropic } from '../../support/model-server-anthropic.mjs'
import { all, git, newFolder, newStore, newStoreFolder } from './context.ts'

const CHILD = join(import.meta.dirname, 'child.mjs')
const KILLS = process.env.FORKPOINT_SOAK === '1' ? 60 : 8

async function child(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { cwd, env } = options
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, ...args], {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
  })
  return stdout
}

/** Each query has a folder of its own for what Claude Code keeps: what it knows comes from the store. */
async function ask(place: { cwd: string; folder: string; env?: Record<string, string> }, ...args: string[]) {
  const env = { ...place.env, CLAUDE_CONFIG_DIR: await newFolder() }
  const said = await child(['ask', place.folder, ...args], { cwd: place.cwd, env })
  const { errors, ...answer } = JSON.parse(said) as { errors: string[]; id: string; result: string }
  expect(errors).toEqual([])
  return answer
}

describe.each(['batched', 'eager'])('%s', (flush) => {
  test('two processes hold a conversation, a third branches from its middle and goes on', async () => {
    const place = { cwd: await newFolder(), folder: await newStoreFolder() }
    const { id } = await ask(place, 'Read one', flush)
    expect(await ask(place, 'Ask an agent two', flush, id)).toEqual({
      id,
      result: 'You asked: Read one; Ask an agent two.',
    })
    expect(await ask(place, 'three', flush, id, 'turn 1: Read one', 'other')).toEqual({
      id,
      result: 'You asked: Read one; three.',
    })
    const store = await newStore(place.folder)
    const key = (await store.find(id))!
    const log = async (at: string) => (await all(store.log(key, { at }))).map(({ subject }) => subject)
    expect(await log('main')).toEqual(['turn 2: Ask an agent two', 'turn 1: Read one'])
    expect(await log('other')).toEqual(['turn 2: three', 'turn 1: Read one'])
    expect((await store.branches(key)).map(({ name, active }) => [name, active])).toEqual([
      ['main', false],
      ['other', true],
    ])
    const [agent] = await store.listSubkeys(key)
    expect(await store.load({ ...key, subpath: agent! })).toHaveLength(2)
    // A session of its own goes on where the first was forked.
    const sessionId = crypto.randomUUID()
    await store.fork(key, { at: 'main', sessionId })
    expect(await ask(place, 'four', flush, sessionId)).toEqual({
      id: sessionId,
      result: 'You asked: Read one; Ask an agent two; four.',
    })
    expect((await store.store.verify()).problems).toEqual([])
    git(place.folder, 'fsck', '--strict')
  })
})

test(`killed at ${KILLS} random moments: what was acknowledged is there, once and in order`, async () => {
  const folder = await newStoreFolder()
  const key = { projectKey: 'p', sessionId: 'crash' }
  const agent = { ...key, subpath: 'subagents/agent-a' }
  let next = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const killed = spawn(process.execPath, [CHILD, 'save', folder, String(next)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    killed.stdout.on('data', (text) => {
      said += text
    })
    const ended = once(killed, 'exit')
    await once(killed.stdout, 'data')
    await sleep(Math.random() * 150)
    killed.kill('SIGKILL')
    await ended
    const last = Number(said.split('\n').slice(0, -1).at(-1))
    git(folder, 'fsck', '--strict')
    const store = await newStore(folder)
    // One that was not acknowledged is there whole or not at all; whoever does not know tries again.
    next = last + 1
    const kept = [...((await store.load(key)) ?? []), ...((await store.load(agent)) ?? [])]
    const numbers = kept
      .filter(({ uuid }) => uuid !== undefined && !uuid.endsWith('answer'))
      .map(({ n }) => n as number)
    expect(numbers.filter((n) => n <= last).sort((a, b) => a - b)).toEqual(
      Array.from({ length: last + 1 }, (_, n) => n),
    )
    expect(numbers.every((n) => n <= last + 1)).toBe(true)
    for (const n of numbers.filter((one) => one % 3 === 0)) {
      expect(kept.filter((entry) => entry.n === n && entry.uuid === `uuid-${n}-answer`)).toHaveLength(1)
    }
    await store.close()
  }
  const store = await newStore(folder)
  for (const transcript of [(await store.load(key))!, (await store.load(agent))!]) {
    const numbers = transcript.flatMap(({ uuid, n }) => (uuid === undefined ? [] : (n as number)))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    const uuids = transcript.flatMap(({ uuid }) => uuid ?? [])
    expect(new Set(uuids).size).toBe(uuids.length)
  }
  expect((await store.store.verify()).problems).toEqual([])
}, 300_000)

test('four processes on one session lose nothing, and what they all send is there once', async () => {
  const folder = await newStoreFolder()
  const names = ['a', 'b', 'c', 'd']
  await Promise.all(names.map((name) => child(['share', folder, name, '25'])))
  const store = await newStore(folder)
  const key = { projectKey: 'p', sessionId: 'shared' }
  const kept = (await store.load(key))!
  const numbers = Array.from({ length: 25 }, (_, n) => n)
  for (const name of names) {
    const own = kept.filter((entry) => entry.name === name)
    expect(own.map(({ type, n }) => [type, n])).toEqual(
      numbers.flatMap((n) => [
        ['user', n],
        ['mode', n],
      ]),
    )
    expect(await store.load({ ...key, subpath: `subagents/agent-${name}` })).toHaveLength(25)
  }
  expect(
    kept
      .filter(({ name }) => name === undefined)
      .map(({ n }) => n)
      .sort(),
  ).toEqual([...numbers].sort())
  expect(kept).toHaveLength(4 * 25 * 2 + 25)
  expect((await store.store.verify()).problems).toEqual([])
  git(folder, 'fsck', '--strict')
}, 120_000)

// The binary has over 300 MB and is no dependency: `npm i @anthropic-ai/claude-agent-sdk` somewhere, and name that
// folder. The model is a script; nothing leaves the machine.
const REAL = process.env.FORKPOINT_CLAUDE_AGENT_SDK
const cannot = REAL === undefined || !existsSync(join(REAL, 'node_modules/@anthropic-ai/claude-agent-sdk'))
describe.skipIf(cannot)(
  `with the real Claude Code${cannot ? ' (SKIPPED: set FORKPOINT_CLAUDE_AGENT_SDK to a folder in which the SDK is installed with its binary)' : ''}`,
  () => {
    let url: string
    const histories: string[][] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => void answer(Buffer.concat(chunks).toString('utf8')))
      async function answer(text: string): Promise<void> {
        if (!request.url!.startsWith('/v1/messages') || request.url!.includes('count_tokens')) {
          response.writeHead(404).end('{}')
          return
        }
        const body = JSON.parse(text)
        const users = body.messages.filter(({ role }: { role: string }) => role === 'user')
        const said = users.flatMap(({ content }: { content: { type: string; text?: string }[] | string }) =>
          typeof content === 'string' ? content : content.flatMap((part) => part.text ?? []),
        )
        histories.push(said.filter((one: string) => /^(?:one|two|three)$/.test(one)))
        const isResult = JSON.stringify(users.at(-1)).includes('tool_result')
        const calls = [{ name: 'Bash', input: { command: 'echo hello', description: 'Say hello' } }]
        const turn = isResult ? { text: 'It said hello.' } : { reasoning: 'Hm.', text: 'Let me see.', calls }
        await sendAnthropic(response, body, turn, histories.length)
      }
    })
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    })
    afterAll(() => {
      server.closeAllConnections()
      server.close()
    })

    test.each(['batched', 'eager'])('a conversation in three processes, %s', async (flush) => {
      const env = {
        FORKPOINT_TEST_REAL_CLAUDE: '1',
        FORKPOINT_CLAUDE_AGENT_SDK: REAL!,
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'none',
        IS_SANDBOX: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      }
      const place = { cwd: await newFolder(), folder: await newStoreFolder(), env }
      histories.length = 0
      const { id } = await ask(place, 'one', flush)
      await ask(place, 'two', flush, id)
      expect(histories.at(-1)).toEqual(['one', 'two'])
      await ask(place, 'three', flush, id, 'turn 1: one', 'other')
      expect(histories.at(-1)).toEqual(['one', 'three'])
      const store = await newStore(place.folder)
      const key = (await store.find(id))!
      const log = async (at: string) => (await all(store.log(key, { at }))).map(({ subject }) => subject)
      expect(await log('main')).toEqual(['turn 2: two', 'turn 1: one'])
      expect(await log('other')).toEqual(['turn 2: three', 'turn 1: one'])
      expect((await store.store.verify()).problems).toEqual([])
    })
  },
)
