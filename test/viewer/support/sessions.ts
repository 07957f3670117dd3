/** Stores with sessions of every kind, made by what really makes them. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { afterAll } from 'vitest'
import { chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import { ForkpointSaver } from '../../../src/adapters/langgraph/index.ts'
import { ForkpointAgentsSession } from '../../../src/adapters/openai-agents/index.ts'
import { Stores } from '../../../src/cli/stores.ts'
import { newMessage, newSession } from '../../../src/state/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { startViewer, type Viewer } from '../../../src/viewer/server.ts'
import { DEMO, forkpointHere } from '../../cli/command-line.ts'

/** A real transcript of more than a thousand messages. */
const LONG = resolve(
  import.meta.dirname,
  '../../../../shared/transcripts/claude-code/entireio__git-sync/0c-2a854b8908-0.jsonl',
)
export const hasLong = existsSync(LONG)
if (!hasLong) console.warn(`The long transcript is SKIPPED: there is no ${LONG}.`)

/** A folder for a store, removed with the tests of the file. */
export async function storeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-view-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'sessions')
}

/** The page on a store; ends with the tests of the file. */
export async function view(
  folder: string,
  options: { writable?: boolean; every?: number } = {},
): Promise<Viewer> {
  const stores = new Stores(folder)
  const viewer = await startViewer({
    store: stores.existing,
    storeOf: (session) => stores.ofTypeOf(session),
    info: { store: 'sessions', version: '0.0.0', writable: options.writable ?? false },
    every: options.every ?? 100,
  })
  afterAll(async () => {
    await viewer.close()
    await stores.close()
  })
  return viewer
}

/** `demo` with a fork, and the long transcript as `long` where it is there. */
export async function importSessions(folder: string): Promise<void> {
  const run = async (...args: string[]) => {
    const { code, stderr } = await forkpointHere([...args, '--store', folder], { cwd: folder })
    if (code !== 0) throw new Error(stderr)
  }
  await run('import', 'claude-code', DEMO, '--session', 'demo')
  await run('fork', 'demo/main~7', '--branch', 'second-try')
  await run('tag', 'demo/main~3', 'tests-green')
  if (hasLong) await run('import', 'claude-code', LONG, '--session', 'long')
}

/** `thread`, `trip` and `chat`: of LangGraph, of the OpenAI Agents SDK and of the AI SDK. */
export async function frameworkSessions(folder: string): Promise<void> {
  const saver = new ForkpointSaver(folder)
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('plan', () => ({
      messages: [
        new AIMessage({
          content: 'I look it up.',
          tool_calls: [{ id: 'c1', name: 'look', args: { at: 'tides' } }],
        }),
      ],
    }))
    .addNode('act', () => ({
      messages: [
        new ToolMessage({ content: 'High water at 14:10', tool_call_id: 'c1', name: 'look' }),
        new AIMessage('At ten past two.'),
      ],
    }))
    .addEdge(START, 'plan')
    .addEdge('plan', 'act')
    .addEdge('act', END)
    .compile({ checkpointer: saver })
  await graph.invoke(
    { messages: [new HumanMessage('When is high water?')] },
    { configurable: { thread_id: 'thread' } },
  )
  await saver.close()

  const trip = new ForkpointAgentsSession({ store: folder, sessionId: 'trip' })
  await trip.addItems([
    { role: 'user', content: 'What is the weather in Oslo?' },
    { type: 'function_call', callId: 'c1', name: 'weather', arguments: '{"city":"Oslo"}' },
    {
      type: 'function_call_result',
      callId: 'c1',
      name: 'weather',
      status: 'completed',
      output: { type: 'text', text: '4 °C, rain' },
    },
    {
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: '4 °C and rain in **Oslo**.' }],
    },
  ])
  await trip.close()

  const chats = chatStore(folder)
  await chats.save({
    chatId: 'chat',
    messages: [
      { id: 'a', role: 'user', parts: [{ type: 'text', text: 'Show me a red dot' }] },
      {
        id: 'b',
        role: 'assistant',
        parts: [
          {
            type: 'tool-draw',
            toolCallId: 'c1',
            state: 'output-available',
            input: { shape: 'dot' },
            output: 'drawn',
          },
          { type: 'text', text: 'Here it is.' },
          {
            type: 'file',
            mediaType: 'image/png',
            url: `data:image/png;base64,${RED_DOT}`,
            filename: 'dot.png',
          },
        ],
      },
    ],
  })
  await chats.close()
}

/** A PNG of one pixel. */
export const RED_DOT =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='

/** `big`: as many messages as are asked for. */
export async function bigSession(folder: string, messages: number): Promise<void> {
  const store = new GitSessionStore(folder)
  const text = 'Some **words** that say what happened, and `code`.\n\n- a list\n- of things\n\n'
  const said = Array.from({ length: messages }, (_, index) =>
    newMessage(index % 2 === 0 ? 'user' : 'assistant', `Message ${index}. ${text.repeat(1 + (index % 4))}`, {
      id: `m${index}`,
    }),
  )
  await store.save(newSession('big', { title: 'A big one', messages: said }))
  await store.close()
}
