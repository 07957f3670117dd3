import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  GitSessionStore,
  InvalidIdError,
  MemorySessionStore,
  newMessage,
  newRun,
  newSession,
} from '../../src/index.ts'
import { type Redact, redactSecrets } from '../../src/redaction/index.ts'
import { sample, seeded } from './sample.ts'

const token = sample('ghp_{w36}', seeded(5))

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-acts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('all processes of a store make the same marks, with a key of the store', async () => {
  const folder = join(temporary(), 'store')
  const contents: unknown[] = []
  for (const id of ['one', 'two']) {
    const store = new GitSessionStore(folder, { redact: redactSecrets() })
    await store.save({ ...newSession(id), messages: [newMessage('user', `use ${token}`)] })
    contents.push((await store.load(id))?.messages[0]?.content)
    await store.close()
  }
  expect(contents[0]).toMatch(/^use \[redacted:github:[0-9a-f]{8}\]$/)
  expect(contents[1]).toBe(contents[0])
  const key = join(folder, 'forkpoint', 'key')
  expect(readFileSync(key)).toHaveLength(32)
  expect(statSync(key).mode & 0o777).toBe(0o600)
})

test('a store where no secret was found has no key', async () => {
  const folder = join(temporary(), 'store')
  const store = new GitSessionStore(folder, { redact: redactSecrets() })
  await store.save(newSession('one'))
  await store.close()
  expect(statSync(join(folder, 'forkpoint', 'key'), { throwIfNoEntry: false })).toBeUndefined()
})

test('what is saved is what was there at the call, however long redact takes', async () => {
  const slow: Redact = async (value) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return typeof value === 'string' ? value.replace('secret', '***') : value
  }
  const store = new MemorySessionStore({ redact: slow })
  const state = { ...newSession('s'), messages: [newMessage('user', 'a secret')] }
  const options = { trailers: { Used: 'secret' } }
  const saving = store.save(state, options)
  state.messages[0]!.content = 'changed'
  state.messages.push(newMessage('user', 'added'))
  options.trailers.Used = 'changed'
  expect((await saving).subject).toBe('turn 1: a ***')
  expect((await store.load('s'))?.messages.map(({ content }) => content)).toEqual(['a ***'])
  const addition = { messages: [newMessage('user', 'another secret')] }
  const appending = store.append('s', addition)
  addition.messages[0]!.content = 'changed'
  await appending
  expect((await store.load('s'))?.messages[1]?.content).toBe('another ***')
})

test('appends that are not awaited land in their order', async () => {
  const store = new MemorySessionStore({ redact: redactSecrets() })
  await store.save(newSession('s'))
  const texts = Array.from({ length: 10 }, (_, n) => `${n} ${token}`)
  await Promise.all(texts.map((text) => store.append('s', { messages: [newMessage('user', text)] })))
  const stored = (await store.load('s'))!.messages.map(({ content }) => content)
  expect(stored.map((content) => Number.parseInt(content, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(JSON.stringify(stored)).not.toContain(token)
})

test('a secret that is streamed in pieces is found', async () => {
  const store = new MemorySessionStore({ redact: redactSecrets() })
  const at = new Date(0).toISOString()
  const piece = (sequence: number, text: string) => ({ sequence, at, type: 'text-delta', step: 0, text })
  const pieces = [`see ${token.slice(0, 9)}`, token.slice(9, 20), `${token.slice(20)} there`]
  const other = { sequence: 3, at, type: 'reasoning-delta', step: 0, text: 'thinking' }
  const run = newRun('go', { id: 'r', events: [...pieces.map((text, n) => piece(n, text)), other] })
  await store.save({ ...newSession('s'), runs: [run] })
  const more = [piece(4, pieces[0]!), piece(5, pieces[1]!), piece(6, pieces[2]!)]
  await store.append('s', { runs: [{ id: 'r', events: more }] })
  const events = await store.runEvents('s', 'r')
  const texts = events.map((event) => (event as { text: string }).text)
  expect(texts[0]).toMatch(/^see \[redacted:github:.{8}\] there$/)
  expect(texts.slice(1, 4)).toEqual(['', '', 'thinking'])
  expect(texts[4]).toBe(texts[0])
})

test.each([
  ['text-delta', 'text', { step: 0 }],
  ['response.output_text.delta', 'delta', { item_id: 'i' }],
  ['tool-input-delta', 'inputTextDelta', { toolCallId: 'c' }],
  ['tool-call-delta', 'argsTextDelta', { toolCallId: 'c' }],
  ['tool_call_delta', 'arguments', { call: 'c' }],
])('a secret in pieces of the type %s is found', async (type, field, more) => {
  const store = new MemorySessionStore({ redact: redactSecrets() })
  const at = new Date(0).toISOString()
  const events = (token.match(/.{1,7}/g) ?? []).map((text, sequence) => ({
    sequence,
    at,
    type,
    ...more,
    [field]: text,
  }))
  await store.save({ ...newSession('s'), runs: [newRun('go', { id: 'r', events })] })
  const kept = (await store.runEvents('s', 'r'))
    .map((event) => (event as Record<string, unknown>)[field])
    .join('')
  expect(kept).toMatch(/^\[redacted:github:.{8}\]$/)
})

test('no name may contain a secret, and no author does', async () => {
  const folder = join(temporary(), 'store')
  const author = { name: token, email: 'a@example.com' }
  const store = new GitSessionStore(folder, { redact: redactSecrets(), author })
  const made = await store.save({ ...newSession('s'), messages: [newMessage('user', 'hello')] })
  expect(made.author?.name).toMatch(/^\[redacted:github:.{8}\]$/)
  const asked = [
    () => store.fork('s', { branch: token }),
    () => store.fork('s', { session: token }),
    () => store.tag('s', token),
    () => store.switch('s', token),
    () => store.save(newSession('t'), { branch: 'main', key: `key ${token}` }),
  ]
  for (const call of asked) {
    const error = await call().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InvalidIdError)
    expect(String(error)).not.toContain(token)
  }
  const forked = await store.fork('s', {
    session: 'f',
    subject: `with ${token}`,
    author: { name: token, email: '' },
  })
  expect(JSON.stringify([forked, await store.tags('s'), await store.branches('s')])).not.toContain(token)
  await store.close()
})
