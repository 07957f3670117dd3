/** The AI SDK's own client and server on the store: what its users do, end to end. */
import { lastAssistantMessageIsCompleteWithApprovalResponses, tool, type UIMessage } from 'ai'
import { afterEach, expect, test } from 'vitest'
import * as z from 'zod'
import { chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import { git, setting } from './context.ts'
import { type Backend, type Script, startBackend, text } from './use-chat.ts'

const backends: Backend[] = []
afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.close()
})

let answers = 0
const echo: Script = (question) =>
  text('You said ', question.match(/"text":"([^"]*)"/)![1]!, `, answer ${++answers}.`)

async function withBackend(script: Script = echo, tools = {}) {
  const made = setting()
  const backend = await startBackend(made.chats, script, tools)
  backends.push(backend)
  return { ...made, backend }
}

const said = (messages: readonly UIMessage[]): string[] =>
  messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))

test('a conversation is stored as the tab has it, one turn each', async () => {
  const { backend, chats, folder } = await withBackend()
  const tab = await backend.open('c')
  await tab.sendMessage({ text: 'One' })
  await tab.sendMessage({ text: 'Two' })
  expect(tab.error).toBeUndefined()
  expect(await chats.load('c')).toEqual(JSON.parse(JSON.stringify(tab.messages)))
  expect((await backend.open('c')).messages).toEqual(JSON.parse(JSON.stringify(tab.messages)))
  expect(git(folder, 'log', '--first-parent', '--format=%s', 'c/main').split('\n').slice(0, 2)).toEqual([
    'turn 2: Two',
    'turn 1: One',
  ])
})

test('another try and an edit become branches, and a switcher leads back', async () => {
  const { backend, chats } = await withBackend()
  const tab = await backend.open('c')
  await tab.sendMessage({ text: 'One' })
  await tab.sendMessage({ text: 'Two' })
  const first = said(tab.messages)
  await tab.regenerate()
  await tab.regenerate()
  const last = tab.messages.at(-1)!
  const { index, messages } = await chats.siblings('c', last.id)
  expect([index, messages.map(({ branch }) => branch)]).toEqual([2, ['main', 'regenerate-1', 'regenerate-2']])
  await tab.sendMessage({ text: 'One, edited', messageId: tab.messages[0]!.id })
  expect(tab.error).toBeUndefined()
  expect(await chats.load('c')).toEqual(JSON.parse(JSON.stringify(tab.messages)))
  expect(tab.messages).toHaveLength(2)
  expect((await chats.branches('c')).map(({ name }) => name)).toEqual([
    'edit-1',
    'main',
    'regenerate-1',
    'regenerate-2',
  ])
  const subjects = await Promise.all(
    (await chats.branches('c')).map(async ({ name }) => (await chats.store.checkpoint('c', name)).subject),
  )
  expect(subjects).toEqual([
    'turn 1 edited: One, edited',
    'turn 2: Two',
    'turn 2 again: Two',
    'turn 2 again: Two',
  ])
  const edits = await chats.siblings('c', tab.messages[0]!.id)
  expect(edits.index).toBe(1)
  // Of those that begin with the other question, the one that was used last.
  expect(edits.messages[0]!.branch).toBe('regenerate-2')
  await chats.select('c', 'main')
  expect(said((await backend.open('c')).messages)).toEqual(first)
})

test('an earlier answer can be tried again', async () => {
  const { backend, chats } = await withBackend()
  const tab = await backend.open('c')
  for (const question of ['One', 'Two', 'Three']) await tab.sendMessage({ text: question })
  const second = tab.messages[3]!.id
  await tab.regenerate({ messageId: second })
  expect(tab.error).toBeUndefined()
  expect(tab.messages).toHaveLength(4)
  expect(await chats.load('c')).toEqual(JSON.parse(JSON.stringify(tab.messages)))
  expect((await chats.siblings('c', tab.messages[3]!.id)).messages).toHaveLength(2)
})

test('a stale tab gets a 409 before the model is asked', async () => {
  const { backend, chats } = await withBackend()
  const tab = await backend.open('c')
  await tab.sendMessage({ text: 'One' })
  const other = await backend.open('c')
  await tab.sendMessage({ text: 'Two' })
  const before = answers
  await other.sendMessage({ text: 'Three' })
  expect(other.error?.message).toBe('CONFLICT')
  expect(answers).toBe(before)
  expect(await chats.load('c')).toHaveLength(4)
})

test('an approval and the result of the tool grow the answer that asked', async () => {
  const tools = {
    buy: tool({
      inputSchema: z.object({ what: z.string() }),
      needsApproval: true,
      execute: async ({ what }) => `bought ${what}`,
    }),
  }
  const script: Script = (_, prompt) =>
    prompt.at(-1)!.role === 'tool'
      ? text('It is here.')
      : [
          ...text('I will.'),
          { type: 'tool-call', toolCallId: 'c1', toolName: 'buy', input: '{"what":"tea"}' },
        ]
  const { backend, chats, folder } = await withBackend(script, tools)
  const tab = await backend.open('c', {
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  })
  await tab.sendMessage({ text: 'Buy tea' })
  const part = tab.messages[1]!.parts.find(({ type }) => type === 'tool-buy') as { approval: { id: string } }
  expect(await chats.load('c')).toHaveLength(2)
  await tab.addToolApprovalResponse({ id: part.approval.id, approved: true })
  while (tab.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 5))
  expect(tab.error).toBeUndefined()
  const stored = await chats.load('c')
  expect(stored).toEqual(JSON.parse(JSON.stringify(tab.messages)))
  expect(JSON.stringify(stored)).toContain('bought tea')
  expect(stored).toHaveLength(2)
  expect(await chats.branches('c')).toHaveLength(1)
  git(folder, 'fsck', '--strict')
})

test('a server that is started anew goes on where the other one ended', async () => {
  const { backend, folder, store } = await withBackend()
  const tab = await backend.open('c')
  await tab.sendMessage({ text: 'One' })
  await backend.close()
  await store.close()
  const chats = chatStore(folder)
  const again = await startBackend(chats, echo)
  backends.push(again)
  const next = await again.open('c')
  await next.sendMessage({ text: 'Two' })
  await next.regenerate()
  expect(next.error).toBeUndefined()
  expect(await chats.load('c')).toEqual(JSON.parse(JSON.stringify(next.messages)))
  expect((await chats.siblings('c', next.messages.at(-1)!.id)).messages).toHaveLength(2)
  await chats.close()
})

test('an answer without an id is refused, with the reason', async () => {
  const { chats } = setting()
  const { streamText, convertToModelMessages } = await import('ai')
  const { scriptedModel } = await import('./use-chat.ts')
  const messages: UIMessage[] = [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }]
  const result = streamText({ model: scriptedModel(echo), messages: await convertToModelMessages(messages) })
  let refused: unknown
  const stream = result.toUIMessageStream({
    originalMessages: messages,
    onFinish: async ({ messages: all }) => {
      refused = await chats.save({ chatId: 'c', messages: all }).catch((error: unknown) => error)
    },
  })
  for await (const _ of stream);
  expect(String(refused)).toContain('generateMessageId')
})
