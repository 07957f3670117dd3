/** Messages that went through the AI SDK's own validation, and validation that the store does. */
import { tool, type UIMessage, validateUIMessages } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import { InvalidStateError } from '../../../src/index.ts'
import { assistant, setting, temporaryFolder, user } from './context.ts'

const tools = {
  weather: tool({ inputSchema: z.object({ city: z.string() }), outputSchema: z.object({ t: z.number() }) }),
}
const metadataSchema = z.object({ tokens: z.number() })
const dataSchemas = { chart: z.object({ points: z.array(z.number()) }) }

const call = (input: unknown, more: object = {}) => ({
  type: 'tool-weather',
  toolCallId: 'c1',
  title: 'A field that the SDK knows and its validation leaves out',
  state: 'output-available',
  input,
  output: { t: 20 },
  ...more,
})
const answer = (id: string, part: object, metadata: unknown = { tokens: 3 }) =>
  ({ id, role: 'assistant', createdAt: '2026-01-01', metadata, parts: [part] }) as unknown as UIMessage
const question = (id: string) => user(id, 'Hm?', { metadata: { tokens: 1 } })

test('what is validated is stored as it was given, not as the schemas leave it', async () => {
  const folder = temporaryFolder()
  const chats = chatStore(folder, { tools, metadataSchema, dataSchemas })
  const messages = [
    { ...question('u1'), extra: { kept: true } },
    answer('a1', call({ city: 'Rome', more: 1 }), { tokens: 3, cost: 0.1 }),
  ]
  await chats.save({ chatId: 'c', messages })
  expect(await chats.load('c')).toEqual(messages)
  await chats.close()
})

test('what does not fit the schemas is refused, with the path and the cause', async () => {
  const { store } = setting()
  const chats = chatStore(store, { tools, metadataSchema, dataSchemas })
  await chats.save({ chatId: 'c', messages: [question('u1'), answer('a1', call({ city: 'Rome' }))] })
  const wrong: [UIMessage, string][] = [
    [answer('x', call({ city: 7 })), 'messages.2.parts.0.input.city'],
    [answer('x', call({ city: 'Rome' }), { tokens: 'many' }), 'messages.2.metadata.tokens'],
    [answer('x', { type: 'data-chart', data: { points: ['a'] } }), 'messages.2.parts.0.data.points.0'],
    [answer('x', { type: 'data-other', data: 1 }), 'messages.2.parts.0.data'],
    [answer('x', { type: 'text' }), 'messages.2.parts.0'],
    [{ ...question('x'), parts: [] }, 'messages.2.parts'],
    [{ ...question('x'), role: 'tool' as never }, 'messages.2.role'],
  ]
  for (const [message, path] of wrong) {
    const save = chats.save({ chatId: 'c', messages: [...(await chats.load('c')), message] })
    const error = await save.catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(InvalidStateError)
    const paths = (error as InvalidStateError).issues.map((issue) => issue.path.join('.'))
    expect(paths.filter((one) => one === path || one.startsWith(`${path}.`))).not.toEqual([])
    expect((error as InvalidStateError).cause).toBeInstanceOf(Error)
  }
  expect(await chats.load('c')).toHaveLength(2)
})

test('only what is new is validated: an old chat goes on after the schemas changed', async () => {
  const { chats, store } = setting()
  const old = [question('u1'), answer('a1', call({ town: 'Rome' }))]
  await chats.save({ chatId: 'c', messages: old })
  const strict = chatStore(store, { tools, metadataSchema })
  const messages = [...old, question('u2'), answer('a2', call({ city: 'Rome' }))]
  await strict.save({ chatId: 'c', messages })
  expect(await strict.load('c')).toEqual(messages)
})

test('a list that the application validated goes on from the stored one, which stays whole', async () => {
  const folder = temporaryFolder()
  const first = [
    { ...question('u1'), extra: 'kept' } as UIMessage,
    answer('a1', call({ city: 'Rome' }), { tokens: 3, cost: 0.1 }),
    // A tool that is gone: validation shows its calls as calls of a dynamic tool.
    answer('a2', { ...call({ x: 1 }), type: 'tool-gone', toolCallId: 'c2' }),
  ]
  const chats = chatStore(folder)
  await chats.save({ chatId: 'c', messages: first })
  for (let turn = 0; turn < 2; turn++) {
    // A process of its own each time: nothing is remembered.
    const again = chatStore(folder)
    const stored = await again.load('c')
    const validated = await validateUIMessages<UIMessage>({
      messages: [...stored, question(`q${turn}`)],
      tools: tools as never,
      metadataSchema,
    })
    expect(validated).not.toEqual([...stored, question(`q${turn}`)])
    expect(validated[2]!.parts[0]!.type).toBe('dynamic-tool')
    for (let retry = 0; retry < 2; retry++) {
      await again.save({
        chatId: 'c',
        messages: [...validated, assistant(`r${turn}`, 'Fine.', { metadata: { tokens: 1 } })],
        trigger: 'submit-message',
      })
    }
    await again.close()
  }
  const stored = await chats.load('c')
  expect(stored.slice(0, 3)).toEqual(first)
  expect(stored).toHaveLength(7)
  expect(await chats.branches('c')).toHaveLength(1)
  await chats.close()
})

test('what a tool has returned fits as it is, or as the JSON of it', async () => {
  for (const created of [z.date(), z.iso.datetime()]) {
    const { store } = setting()
    const row = tool({ inputSchema: z.object({}), outputSchema: z.object({ created }) })
    const chats = chatStore(store, { tools: { row } })
    const output = { created: new Date(0) }
    const part = { type: 'tool-row', toolCallId: 'c1', state: 'output-available', input: {}, output }
    await chats.save({ chatId: 'c', messages: [user('u1', 'Row?'), answer('a1', part, undefined)] })
    const wrong = { ...part, toolCallId: 'c2', output: { created: new Date(Number.NaN) } }
    const messages = [...(await chats.load('c')), answer('a2', wrong, undefined)]
    await expect(chats.save({ chatId: 'c', messages })).rejects.toBeInstanceOf(InvalidStateError)
  }
})

test('another version of the AI SDK validates with what it has itself', async () => {
  const { store } = setting()
  const seen: unknown[] = []
  const safeValidateUIMessages = async ({ messages }: { messages: unknown[] }) => {
    seen.push(...messages)
    return { success: true as const }
  }
  interface Message {
    id: string
    role: 'user' | 'assistant'
    parts: { type: 'custom'; kind: string }[]
  }
  const chats = chatStore<Message>(store, { safeValidateUIMessages })
  const messages: Message[] = [
    { id: 'u1', role: 'user', parts: [{ type: 'custom', kind: 'openai.compaction' }] },
  ]
  await chats.save({ chatId: 'c', messages })
  expect(seen).toEqual(messages)
  expect(await chats.load('c')).toEqual(messages)
})

test('an id that a stored message has already is refused, with the number of the new message', async () => {
  const { chats } = setting()
  const messages = [user('u1', 'Hm?'), assistant('a1', 'Yes')]
  await chats.save({ chatId: 'c', messages })
  const save = chats.save({ chatId: 'c', messages: [...messages, user('u2', 'Why?'), assistant('a1', 'So')] })
  await expect(save).rejects.toMatchObject({
    issues: [{ path: ['messages', 3, 'id'], message: expect.stringContaining("is 'a1' again") }],
  })
})
