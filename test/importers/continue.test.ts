import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { modelMessageSchema } from 'ai'
import { expect, test } from 'vitest'
import { InvalidStateError, UnsupportedError } from '../../src/errors.ts'
import {
  type Conversation,
  continueWith,
  conversationOf,
  IMPORTERS,
  type Importer,
  importFile,
  importSession,
  MESSAGE_ARRAYS,
} from '../../src/importers/index.ts'
import { newMessage, newSession, type Session } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import { tempFolder } from '../git/real-git.ts'
import { realFiles } from './real-files.ts'
import { SAMPLES, type ToolSample } from './samples.ts'

const TARGETS = IMPORTERS.filter(({ compose, name }) => compose !== undefined && name !== 'atif')
const toolNamed = (name: string): Importer => IMPORTERS.find((tool) => tool.name === name) as Importer

const lines = ({ document, entries }: ToolSample): string[] =>
  document === undefined ? [...entries] : document(entries).replace(/\n$/, '').split('\n')

async function imported(sample: ToolSample): Promise<MemorySessionStore> {
  const store = new MemorySessionStore()
  await importSession(sample.tool, { name: sample.name, lines: lines(sample) }, store, { sessionId: 's' })
  return store
}

const messagesFor = (api: string, conversation: Conversation): object =>
  (MESSAGE_ARRAYS[api] as (conversation: Conversation) => object)(conversation)

/** A home folder of its own for each test. */
function place() {
  const home = tempFolder()
  return { home, cwd: `${home}/project`, environment: {} }
}

test.each(SAMPLES)('a session of $tool.name ($name) goes on in every tool that takes one', async (sample) => {
  const store = await imported(sample)
  for (const tool of TARGETS) {
    const options = place()
    // opencode is given a file in the folder of the project.
    const { path, command, notes, id } = await continueWith(tool, store, 's', options)
    expect(path.startsWith(options.home)).toBe(true)
    expect(command.join(' ')).toMatch(new RegExp(`${id}|${path}|ses_`))
    expect(notes.every((note) => !note.includes('undefined'))).toBe(true)
  }
})

test('real sessions go on in every tool that takes one', async () => {
  const files = (await realFiles()).filter(({ name }) => !/growth|00-b8437|38-ecf|f0-c3d|0c-2a8/.test(name))
  for (const { tool, path, name } of files) {
    const store = new MemorySessionStore()
    for await (const { session } of importFile(tool, path, store, { redact: false })) {
      if (((await store.load(session)) as Session).messages.length === 0) continue
      for (const target of TARGETS) {
        const written = continueWith(target, store, session, place())
        await expect(
          written.then(({ id }) => id.length, String),
          `${name} → ${target.name}`,
        ).resolves.toBe(36)
      }
    }
  }
}, 120_000)

test("a tool's own session has the same entries under another id", async () => {
  for (const sample of SAMPLES.filter(
    ({ tool, name }) => ['codex', 'pi'].includes(tool.name) && name.endsWith('l'),
  )) {
    const store = await imported(sample)
    const branches = await store.branches('s')
    const at = branches.length > 1 ? 'rewind-1' : 'main'
    const { path, id } = await continueWith(sample.tool, store, 's', { ...place(), at })
    const entries = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(entries[0]).toContain(id)
    const known = new Set(sample.entries)
    expect(entries.slice(1).filter((entry) => !known.has(entry))).toEqual([])
    expect(entries.length).toBeGreaterThan(8)
  }
})

test.each(['codex', 'gemini-cli', 'pi', 'claude-code'])(
  'what is said in %s comes back with the next import, as a branch of the session',
  async (name) => {
    const sample = SAMPLES.find(({ tool }) => tool.name === 'copilot-cli') as ToolSample
    const store = await imported(sample)
    const before = await store.resolve('s', 'main')
    const tool = toolNamed(name)
    const written = await continueWith(tool, store, 's', place())
    const nothing = await importSession(tool, written.path, store)
    if (name === 'codex') {
      // As Codex does when it resumes: what it notes stands behind the last turn.
      const noted = { timestamp: '2026-01-02T03:05:00.000Z', type: 'world_state', payload: {} }
      appendFileSync(written.path, `${JSON.stringify(noted)}\n`)
    }
    expect(nothing).toMatchObject({ session: 's', created: false, checkpoints: 0, head: before })
    for (const [nth, said] of ['And then?', 'And after that?'].entries()) {
      appendFileSync(written.path, await turnOf(tool, said))
      const { branches, checkpoints, session } = await importSession(tool, written.path, store)
      expect([session, branches.length, checkpoints]).toEqual(['s', 1, name === 'codex' && nth === 0 ? 2 : 1])
      const state = (await store.load('s', { branch: branches[0] as string })) as Session
      expect(state.messages.slice(-2).map(({ content }) => content)).toEqual([said, 'So be it.'])
      expect(state.messages).toHaveLength(
        ((await store.load('s', { branch: 'main' })) as Session).messages.length + 2 * (nth + 1),
      )
      expect(await importSession(tool, written.path, store)).toMatchObject({ checkpoints: 0, added: 0 })
    }
    expect(await store.resolve('s', 'main')).toBe(before)
  },
)

/** What the tool would add to its file: a prompt and its answer. */
async function turnOf(tool: Importer, prompt: string): Promise<string> {
  const messages = [newMessage('user', prompt), newMessage('assistant', 'So be it.')]
  const conversation = conversationOf(newSession('x', { messages }))
  const composed = await tool.compose?.(conversation, { ...place(), id: 'x', now: 0 })
  const added = composed?.text.split('\n') ?? []
  return (tool.name === 'claude-code' ? added : added.slice(1)).join('\n')
}

test('calls have results, ids are valid and each is there once, whatever the session holds', () => {
  const call = (toolCallId: string, toolName = 'bash') => ({
    type: 'tool-call',
    toolCallId,
    toolName,
    input: 'ls',
  })
  const result = (toolCallId: string) => ({
    type: 'tool-result',
    toolCallId,
    toolName: 'bash',
    output: { type: 'text', value: 'a b' },
  })
  const messages = [
    newMessage('tool', '', { parts: [result('lost')] }),
    newMessage('assistant', '', { parts: [call('a b/c', 'my tool!'), call('a b/c')] }),
    newMessage('tool', '', { parts: [result('a b/c')] }),
    newMessage('assistant', '', { parts: [{ type: 'sound' }, call('open')] }),
  ]
  const conversation = conversationOf(newSession('s', { messages }))
  expect(conversation.notes).toEqual([
    '1 result without a call became text',
    '2 calls without a result got one that says so',
    'left out 1 part that only one tool knows',
  ])
  const calls = conversation.utterances.flatMap(({ pieces }) =>
    pieces.flatMap((piece) => (piece.kind === 'call' ? piece : [])),
  )
  expect(calls.map(({ id, tool, input }) => [id, tool, input])).toEqual([
    ['a_b_c', 'my_tool_', { input: 'ls' }],
    ['a_b_c-2', 'bash', { input: 'ls' }],
    ['open', 'bash', { input: 'ls' }],
  ])
  expect(messagesFor('openai-messages', conversation)).toHaveLength(6)
})

test('what a reply says behind its calls is said after their results', () => {
  const messages = [
    newMessage('user', 'Why?'),
    newMessage('assistant', '', {
      parts: [
        { type: 'text', text: 'I look.' },
        { type: 'tool-call', toolCallId: 'x', toolName: 'ls', input: {} },
        { type: 'tool-call', toolCallId: 'x_1', toolName: 'ls', input: {} },
        { type: 'text', text: 'Gone.' },
      ],
    }),
  ]
  const { utterances } = conversationOf(newSession('s', { messages }))
  expect(
    utterances.map(({ pieces }) => pieces.map((piece) => (piece.kind === 'call' ? piece.id : piece.kind))),
  ).toEqual(
    // Claude Code takes x_1 for a copy of x.
    [['text'], ['text', 'x', 'x-1'], ['text']],
  )
})

test('a session of another folder goes on in the folder that was asked for', async () => {
  for (const name of ['codex', 'pi']) {
    const sample = SAMPLES.find(
      ({ tool, name: file }) => tool.name === name && file.endsWith('l'),
    ) as ToolSample
    const options = place()
    const { path } = await continueWith(sample.tool, await imported(sample), 's', options)
    expect(readFileSync(path, 'utf8').split('\n')[0]).toContain(`"cwd":"${options.cwd}"`)
  }
})

test('an entry of pi that hung on another branch follows the one above it', async () => {
  const sample = SAMPLES.find(
    ({ tool, name }) => tool.name === 'pi' && name.endsWith('p1.jsonl'),
  ) as ToolSample
  const { path } = await continueWith(sample.tool, await imported(sample), 's', place())
  const entries = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1)
  const ids = new Set<unknown>([null])
  for (const entry of entries) {
    const { id, parentId } = JSON.parse(entry)
    expect(ids).toContain(parentId)
    ids.add(id)
  }
})

test('opencode goes on with the model that is configured, else the one used last', async () => {
  const store = await imported(SAMPLES.find(({ tool }) => tool.name === 'pi') as ToolSample)
  const options = place()
  const modelIn = async (): Promise<unknown> => {
    const { path } = await continueWith(toolNamed('opencode'), store, 's', options)
    return JSON.parse(readFileSync(path, 'utf8')).messages[0].info.model
  }
  expect(await modelIn()).toEqual({ providerID: 'opencode', modelID: 'opus' })
  mkdirSync(`${options.home}/.local/state/opencode`, { recursive: true })
  writeFileSync(
    `${options.home}/.local/state/opencode/model.json`,
    '{"recent":[{"providerID":"a","modelID":"b"}]}',
  )
  expect(await modelIn()).toEqual({ providerID: 'a', modelID: 'b' })
  mkdirSync(options.cwd, { recursive: true })
  writeFileSync(`${options.cwd}/opencode.jsonc`, '{\n  // mine\n  "model": "local/c/d",\n}')
  expect(await modelIn()).toEqual({ providerID: 'local', modelID: 'c/d' })
})

test.each(SAMPLES)(
  '$tool.name ($name) as messages of the APIs: valid, roles in turn, calls with results',
  async (sample) => {
    const conversation = conversationOf((await (await imported(sample)).load('s')) as Session)
    for (const message of messagesFor('ai-sdk', conversation) as object[])
      expect(modelMessageSchema.safeParse(message).error).toBeUndefined()
    const { messages } = messagesFor('anthropic-messages', conversation) as {
      messages: { role: string; content: { type: string; id?: string; tool_use_id?: string }[] }[]
    }
    for (const [index, { role, content }] of messages.entries()) {
      expect(role).toBe(index % 2 === 0 ? 'user' : 'assistant')
      const calls = content.flatMap(({ type, id }) => (type === 'tool_use' ? [id] : []))
      const results = messages[index + 1]?.content.flatMap(({ tool_use_id: of }) => of ?? []) ?? []
      expect(results).toEqual(calls)
    }
  },
)

test('a session in which nothing was said, and a tool that takes none, are refused; no file stays', async () => {
  const store = new MemorySessionStore()
  await store.save(newSession('empty'))
  const options = place()
  await expect(continueWith(toolNamed('codex'), store, 'empty', options)).rejects.toThrow(InvalidStateError)
  await expect(continueWith(toolNamed('aider'), store, 'empty', options)).rejects.toThrow(UnsupportedError)
  // Codex would take this for its own words.
  await store.save(
    newSession('odd', { messages: [newMessage('user', '<environment_context>hi</environment_context>')] }),
  )
  await expect(continueWith(toolNamed('codex'), store, 'odd', options)).rejects.toThrow(
    /would not read what was said/,
  )
  const left = readdirSync(options.home, { recursive: true, encoding: 'utf8' })
  expect(left.filter((name) => name.endsWith('.jsonl'))).toEqual([])
})
