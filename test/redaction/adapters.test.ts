/** What adapters write: redacted before any lock is taken, and nothing is named by a secret. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chatStore } from '../../src/adapters/ai-sdk/index.ts'
import { ForkpointClaudeStore } from '../../src/adapters/claude-agent/index.ts'
import { ForkpointSaver } from '../../src/adapters/langgraph/index.ts'
import { ForkpointAgentsSession } from '../../src/adapters/openai-agents/index.ts'
import { GitSessionStore, InvalidIdError } from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { tempFolder } from '../git/real-git.ts'
import { sample, seeded } from './sample.ts'

type Write = (store: GitSessionStore, name: string, text: string) => Promise<unknown>

const UUID = '00000000-0000-4000-8000-000000000000'

function putTo(store: GitSessionStore, thread: string, id: string, values: Record<string, unknown>) {
  const channel_versions = Object.fromEntries(Object.keys(values).map((name) => [name, 1]))
  const checkpoint = {
    v: 4,
    id,
    ts: new Date(0).toISOString(),
    channel_values: values,
    channel_versions,
    versions_seen: {},
  }
  return new ForkpointSaver(store).put(
    { configurable: { thread_id: thread, checkpoint_ns: '' } },
    checkpoint as never,
    { source: 'input', step: -1, parents: {} } as never,
    channel_versions,
  )
}

const writes: Record<string, Write> = {
  'the Agents SDK': (store, sessionId, text) =>
    new ForkpointAgentsSession({ store, sessionId }).addItems([
      { type: 'message', role: 'user', content: text },
    ]),
  'the Claude Agent SDK': (store, projectKey, text) =>
    new ForkpointClaudeStore(store).append({ projectKey, sessionId: UUID }, [
      {
        type: 'user',
        uuid: 'u1',
        timestamp: new Date(0).toISOString(),
        message: { role: 'user', content: text },
      },
    ] as never),
  'the AI SDK': (store, chatId, text) =>
    chatStore(store).save({ chatId, messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text }] }] }),
  LangGraph: (store, thread, text) => putTo(store, thread, '1ef4f797-8335-6428-8001-8a1503f9b875', { text }),
}

const locksIn = (folder: string): string[] =>
  existsSync(join(folder, 'refs'))
    ? (readdirSync(join(folder, 'refs'), { recursive: true }) as string[]).filter((name) =>
        name.endsWith('.lock'),
      )
    : []

test.each(Object.entries(writes))('%s: a value is redacted once, and before any lock', async (_, write) => {
  const folder = join(tempFolder(), 'store')
  const seen: string[] = []
  const locked: string[] = []
  const store = new GitSessionStore(folder, {
    redact: async (value) => {
      locked.push(...locksIn(folder))
      if (typeof value !== 'string' || !value.includes('hunter2')) return value
      seen.push(value)
      return value.replaceAll('hunter2', '***')
    },
  })
  // The first makes the store.
  await write(store, 'one', 'begins')
  await write(store, 'two', 'it is hunter2')
  expect(locked).toEqual([])
  expect(new Set(seen).size).toBe(1)
  await store.close()
})

const token = sample('ghp_{w36}', seeded(5))
const names: Record<string, Write> = {
  ...writes,
  'a channel of LangGraph': (store, secret) =>
    putTo(store, 'thread', '1ef4f797-8335-6428-8001-8a1503f9b875', { [secret]: 'x' }),
  'a checkpoint of LangGraph': (store, secret) => putTo(store, 'thread', secret, { text: 'x' }),
  'a task of LangGraph': (store, secret) =>
    new ForkpointSaver(store).putWrites(
      { configurable: { thread_id: 'thread', checkpoint_ns: '', checkpoint_id: UUID } },
      [['text', 'x']],
      secret,
    ),
  'a subagent of the Claude Agent SDK': (store, subpath) =>
    new ForkpointClaudeStore(store).append({ projectKey: 'p', sessionId: UUID, subpath }, [
      { type: 'user', uuid: 'u1', message: { role: 'user', content: 'x' } },
    ] as never),
}

test.each(Object.entries(names))('%s: a name with a secret is refused and not shown', async (_, write) => {
  const store = new GitSessionStore(join(tempFolder(), 'store'), { redact: redactSecrets() })
  const error = await write(store, token, 'hello').then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(InvalidIdError)
  expect(String(error)).not.toContain(token)
  for await (const { id } of store.list()) expect.unreachable(id)
  await store.close()
})
