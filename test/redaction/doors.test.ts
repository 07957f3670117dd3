/** The corpus through every way into a git store: then no object, name or file of the store holds any of it. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { chatStore } from '../../src/adapters/ai-sdk/index.ts'
import { ForkpointClaudeStore } from '../../src/adapters/claude-agent/index.ts'
import { ForkpointSaver } from '../../src/adapters/langgraph/index.ts'
import { ForkpointAgentsSession } from '../../src/adapters/openai-agents/index.ts'
import { importClaudeCode } from '../../src/importers/index.ts'
import { GitSessionStore, newMessage, newRun, newSession } from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { setting } from '../agent/agent-context.ts'
import { tempFolder } from '../git/real-git.ts'
import { TranscriptBuilder } from '../importers/transcript-builder.ts'
import { corpus, lookAlikes } from './corpus.ts'

const planted = corpus().filter(({ context }) => !context.startsWith('wrapped'))
const texts = planted.map(({ text }) => text)
const harmless = lookAlikes().filter((text) => text.length < 2000)

test('nothing that is planted is anywhere in the store, and look-alikes stay', async () => {
  const folder = join(tempFolder(), 'store')
  const store = new GitSessionStore(folder, { redact: redactSecrets() })

  const at = new Date(0).toISOString()
  const events = texts.slice(0, 200).map((text, sequence) => ({ sequence, at, type: 'tool-output', text }))
  await store.save({
    ...newSession('saved'),
    title: texts[0]!,
    messages: texts.slice(0, 600).map((text) => newMessage('user', text)),
    runs: [newRun(texts[1]!, { id: 'r', events, error: { message: texts[2] } })],
  })
  for (const text of texts.slice(600, 640))
    await store.append('saved', { messages: [newMessage('user', text)] }, { subject: text, body: text })
  await store.save({ ...newSession('harmless'), messages: harmless.map((text) => newMessage('user', text)) })

  const transcript = new TranscriptBuilder('imported')
  for (const text of texts.slice(640, 900)) {
    transcript.prompt(text)
    transcript.reply([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: text } }])
  }
  await importClaudeCode({ name: 'imported.jsonl', lines: transcript.lines }, store)

  const claude = new ForkpointClaudeStore(store)
  const key = { projectKey: 'p', sessionId: '00000000-0000-4000-8000-000000000000' }
  await claude.append(
    key,
    texts.slice(900, 1100).map((content, n) => ({
      type: 'user',
      uuid: `u${n}`,
      timestamp: at,
      message: { role: 'user', content },
    })) as never,
  )

  const items = texts
    .slice(1100, 1300)
    .map((content) => ({ type: 'message', role: 'user', content }) as const)
  await new ForkpointAgentsSession({ store, sessionId: 'agents' }).addItems([...items])

  const parts = (text: string) => [{ type: 'text' as const, text }]
  const messages = texts.slice(1300, 1500).map((text, n) => ({
    id: `m${n}`,
    role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
    parts: parts(text),
  }))
  await chatStore(store).save({ chatId: 'chat', messages, title: texts[3]! })

  const saver = new ForkpointSaver(store)
  const checkpoint = {
    v: 4,
    id: '1ef4f797-8335-6428-8001-8a1503f9b875',
    ts: at,
    channel_values: { list: texts.slice(1500, 1700).map((text) => ({ text })) },
    channel_versions: { list: 1 },
    versions_seen: {},
  }
  const config = { configurable: { thread_id: 'graph', checkpoint_ns: '' } }
  await saver.put(config, checkpoint as never, { source: 'input', step: -1, parents: {} } as never, {
    list: 1,
  })

  const { agent, workspace } = await setting([{ text: texts[1700]! }, { text: texts[1701]! }], {
    sessionStore: new GitSessionStore(folder),
    redact: 'secrets',
    storeDeltas: true,
  })
  const session = agent.session(workspace, { sessionId: 'agent', title: texts[1702]! })
  for (const text of texts.slice(1703, 1705)) await session.send(text)
  await session.close()

  const kept = (await store.load('harmless'))!.messages.map(({ content }) => content)
  expect(kept).toEqual(harmless)
  const whole = everythingIn(folder)
  expect(whole).toContain('[redacted:github:')
  const found = planted.flatMap(({ kind, context, secrets }) =>
    secrets.filter((secret) => secret.length > 12 && whole.includes(secret)).map(() => `${kind}, ${context}`),
  )
  expect([...new Set(found)]).toEqual([])
  await store.close()
}, 300_000)

/** All objects, names of refs, and files, packs and journals as they lie on the disk. */
function everythingIn(folder: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['--git-dir', folder, ...args], { maxBuffer: 1 << 29 }).toString('utf8')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  )
  const raw = files.map((name) => {
    const bytes = readFileSync(join(folder, name))
    return `${name}\n${bytes.toString('utf8')}\n${name.includes('journals') ? inflatedIn(bytes) : ''}`
  })
  return [git('cat-file', '--batch', '--batch-all-objects'), git('for-each-ref'), ...raw].join('\n')
}

/** Every zlib stream in the bytes, wherever it begins. */
function inflatedIn(bytes: Buffer): string {
  const found: string[] = []
  for (let at = bytes.indexOf(0x78); at !== -1; at = bytes.indexOf(0x78, at + 1)) {
    try {
      found.push(inflateSync(bytes.subarray(at)).toString('utf8'))
    } catch {
      // No stream begins here.
    }
  }
  return found.join('\n')
}
