/** A browser tab and a server, both the AI SDK's own code: `useChat` without React, and a `node:http` back end. */
import {
  AbstractChat,
  type ChatInit,
  type ChatStatus,
  DefaultChatTransport,
  type ToolSet,
  type UIMessage,
} from 'ai'
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test'
import type { ChatStore } from '../../../src/adapters/ai-sdk/index.ts'

/** The state of a chat as a plain object; `useChat` keeps it in React. */
class TabState {
  status: ChatStatus = 'ready'
  error: Error | undefined = undefined
  messages: UIMessage[]
  constructor(messages: UIMessage[]) {
    this.messages = messages
  }
  pushMessage = (message: UIMessage): void => {
    this.messages = [...this.messages, message]
  }
  popMessage = (): void => {
    this.messages = this.messages.slice(0, -1)
  }
  replaceMessage = (index: number, message: UIMessage): void => {
    this.messages = this.messages.with(index, this.snapshot(message))
  }
  snapshot = <T>(thing: T): T => structuredClone(thing)
}

export class Tab extends AbstractChat<UIMessage> {
  constructor({ messages = [], ...init }: ChatInit<UIMessage>) {
    super({ ...init, state: new TabState(messages) })
  }
}

export interface Backend {
  /** A tab that shows what the server has. */
  open(chatId: string, init?: Partial<ChatInit<UIMessage>>): Promise<Tab>
  close(): Promise<void>
}

type Part = { type: string; [key: string]: unknown }

/** What the model says to a prompt: parts of `LanguageModelV3` streams, without the frame. */
export type Script = (question: string, prompt: { role: string; content: unknown }[]) => Part[]

export const text = (...pieces: string[]): Part[] => [
  { type: 'text-start', id: 't' },
  ...pieces.map((delta) => ({ type: 'text-delta', id: 't', delta })),
  { type: 'text-end', id: 't' },
]

export function scriptedModel(script: Script): MockLanguageModelV3 {
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } }
  return new MockLanguageModelV3({
    doStream: async ({ prompt }) => {
      const question = JSON.stringify(prompt.findLast(({ role }) => role === 'user')?.content)
      const parts = script(question, prompt as never)
      const unified = parts.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop'
      const chunks = [
        { type: 'stream-start', warnings: [] },
        ...parts,
        { type: 'finish', finishReason: { unified, raw: unified }, usage },
      ]
      return { stream: simulateReadableStream({ chunks, chunkDelayInMs: 2 }) as never }
    },
  })
}

/** The server of `examples/ai-sdk`, which is the one that the docs show. */
export async function startBackend(chats: ChatStore, script: Script, tools: ToolSet = {}): Promise<Backend> {
  const { listen } = await import(EXAMPLE)
  const { server, url } = await listen(chats, { model: scriptedModel(script), tools })
  return {
    open: async (id, init = {}) =>
      new Tab({
        id,
        messages: await chats.load(id),
        transport: new DefaultChatTransport({ api: `${url}/${id}` }),
        ...init,
      }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

// A variable, so that the example, which is JavaScript, is not compiled with the tests.
const EXAMPLE: string = new URL('../../../examples/ai-sdk/chat-server.js', import.meta.url).href
