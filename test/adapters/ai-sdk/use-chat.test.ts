/** The AI SDK's own client and server on the store: what its users do, end to end. */
import { lastAssistantMessageIsCompleteWithApprovalResponses, tool, type UIMessage } from 'ai'
import { afterEach, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { type ChatStore, chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import { git, setting } from './context.ts'
import { type Backend, type Script, startBackend, type Tab, text } from './use-chat.ts'

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
  expect(other.error?.message).toContain('the list is not based on the newest messages')
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

const slowly =
  (...pieces: string[]): Script =>
  () =>
    text(...pieces)
const words = Array.from({ length: 20 }, (_, number) => `word${number} `)

/** Waits until the chat has as many messages, the last of them as long. */
async function untilStored(chats: ChatStore, count: number, last: string): Promise<UIMessage[]> {
  for (let round = 0; round < 500; round++) {
    const messages = await chats.load('c')
    if (messages.length === count && said(messages).at(-1) === last) return messages
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return chats.load('c')
}

/** Opens a chat, asks, and leaves once something of the answer is there. */
async function askAndStop(backend: Backend, until: (answer: UIMessage) => boolean): Promise<Tab> {
  const tab = await backend.open('c')
  const asked = tab.sendMessage({ text: 'Go' })
  while (tab.messages.length < 2 || !until(tab.messages[1]!)) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await tab.stop()
  await asked
  return tab
}

test('the whole answer is stored when the tab is closed in its middle, and the tab can go on', async () => {
  const { backend, chats } = await withBackend(slowly(...words))
  const tab = await askAndStop(backend, (answer) => said([answer])[0] !== '')
  expect(said(tab.messages)[1]!.length).toBeLessThan(words.join('').length)
  const stored = await untilStored(chats, 2, words.join(''))
  expect(said(stored)).toEqual(['Go', words.join('')])
  await tab.sendMessage({ text: 'And then?' })
  expect(tab.error).toBeUndefined()
  expect(said(await untilStored(chats, 4, words.join('')))).toEqual([
    'Go',
    words.join(''),
    'And then?',
    words.join(''),
  ])
  expect(await chats.branches('c')).toHaveLength(1)
})

test('a tab that asks on at once leaves no answer behind', async () => {
  const { backend, chats } = await withBackend(slowly(...words))
  const tab = await askAndStop(backend, (answer) => said([answer])[0] !== '')
  await tab.sendMessage({ text: 'And then?' })
  expect(tab.error).toBeUndefined()
  const stored = await untilStored(chats, 4, words.join(''))
  expect(said(stored)).toEqual(['Go', words.join(''), 'And then?', words.join('')])
})

test('a chat whose call of a tool was cut off goes on', async () => {
  const prompts: string[] = []
  const script: Script = (question, prompt) => {
    prompts.push(JSON.stringify(prompt))
    if (!question.includes('Go')) return text('Fine.')
    return [
      ...text('I look.'),
      { type: 'tool-input-start', id: 'c1', toolName: 'weather' },
      { type: 'tool-input-delta', id: 'c1', delta: '{"city":' },
      { type: 'error', error: new Error('The provider is gone.') },
    ]
  }
  const tools = { weather: tool({ inputSchema: z.object({ city: z.string() }) }) }
  const { backend, chats } = await withBackend(script, tools)
  const tab = await backend.open('c')
  const log = vi.spyOn(console, 'error').mockReturnValue()
  await tab.sendMessage({ text: 'Go' })
  log.mockRestore()
  expect((await untilStored(chats, 2, 'I look.'))[1]!.parts.at(-1)).toMatchObject({
    state: 'input-streaming',
  })
  for (const open of [() => tab, () => backend.open('c')]) {
    const next = await open()
    await next.sendMessage({ text: 'And now?' })
    expect(next.error).toBeUndefined()
    expect(said(next.messages).at(-1)).toBe('Fine.')
    expect(prompts.at(-1)).not.toContain('tool-call')
  }
})

test('what a tool returns is stored as the tab has it, whatever it is', async () => {
  class Money {
    amount = 5
  }
  const outputs = [
    new Date(0),
    Number.NaN,
    [undefined, 1],
    new URL('https://example.org'),
    new Map([['a', 1]]),
    new Money(),
    new Uint8Array([1]),
  ]
  const tools = {
    row: tool({
      inputSchema: z.object({ of: z.number() }),
      execute: async ({ of }) => ({ value: outputs[of] }),
    }),
  }
  let asked = 0
  const script: Script = (_, prompt) =>
    prompt.at(-1)!.role === 'tool'
      ? text('There it is.')
      : [{ type: 'tool-call', toolCallId: `c${asked}`, toolName: 'row', input: `{"of":${asked++}}` }]
  const { backend, chats } = await withBackend(script, tools)
  const tab = await backend.open('c')
  for (let turn = 1; turn <= outputs.length; turn++) {
    await tab.sendMessage({ text: `Row ${turn}` })
    expect(tab.error).toBeUndefined()
    expect(await chats.load('c')).toEqual(tab.messages)
    expect(tab.messages).toHaveLength(2 * turn)
  }
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
