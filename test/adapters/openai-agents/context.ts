/** What the tests of this adapter share: folders that go, a scripted agent, and git's own view. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, type AgentInputItem, type AgentOptions, Runner, tool } from '@openai/agents-core'
import { functionCall, ScriptedModel, type ScriptedModelInput } from '@openai/agents-core/testing'
import { afterAll } from 'vitest'
import * as z from 'zod'

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** The path of a store that is not there yet. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-openai-agents-'))
  folders.push(folder)
  return join(folder, 'sessions')
}

export const runner = new Runner({ tracingDisabled: true })

const weather = tool({
  name: 'weather',
  description: 'What the weather is like.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
})

const book = tool({
  name: 'book',
  description: 'Books a hotel.',
  parameters: z.object({ hotel: z.string() }),
  needsApproval: true,
  execute: async ({ hotel }) => `booked ${hotel}`,
})

/** An agent that says what the script says. */
export const scripted = (
  script: Iterable<ScriptedModelInput>,
  options: Partial<AgentOptions> = {},
): Agent<unknown, 'text'> =>
  new Agent({ name: 'Guide', model: new ScriptedModel(script), tools: [weather, book], ...options } as never)

export const callWeather = (city: string, callId: string) => functionCall('weather', { city }, { callId })
export const callBook = (hotel: string, callId: string) => functionCall('book', { hotel }, { callId })

export const user = (content: string): AgentInputItem => ({ type: 'message', role: 'user', content })
export const assistant = (text: string): AgentInputItem => ({
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text }],
})

export const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['--git-dir', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

export const subjects = (folder: string, ref: string): string[] =>
  git(folder, 'log', '--first-parent', '--format=%s', ref).trimEnd().split('\n')

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
