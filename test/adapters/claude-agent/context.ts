/** What the tests of this adapter share: folders that go, entries as Claude Code writes them, and git's own view. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk'
import { afterAll } from 'vitest'
import { ForkpointClaudeStore } from '../../../src/adapters/claude-agent/index.ts'

const folders: string[] = []
const stores: ForkpointClaudeStore[] = []
afterAll(async () => {
  for (const store of stores) await store.close()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** A folder that is there, for the time of the tests. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-claude-agent-'))
  folders.push(folder)
  return folder
}

/** The path of a store that is not there yet. */
export const newStoreFolder = async (): Promise<string> => join(await newFolder(), 'sessions')

export async function newStore(folder?: string): Promise<ForkpointClaudeStore> {
  const store = new ForkpointClaudeStore(folder ?? (await newStoreFolder()))
  stores.push(store)
  return store
}

export const PROJECT = '-home-me-project'
export const newKey = () => ({ projectKey: PROJECT, sessionId: randomUUID() as string })

/** Entries of one session, each following the one before. */
export class Conversation {
  readonly sessionId: string
  readonly #agent: boolean
  #last: string | null = null
  #replies = 0

  constructor(sessionId: string, agent = false) {
    this.sessionId = sessionId
    this.#agent = agent
  }

  prompt(text: string): SessionStoreEntry {
    return this.#entry({ type: 'user', message: { role: 'user', content: text } })
  }

  /** The end of a turn. */
  answer(text: string): SessionStoreEntry {
    return this.#reply([{ type: 'text', text }], 'end_turn')
  }

  thinking(stopReason: string): SessionStoreEntry {
    return this.#reply([{ type: 'thinking', thinking: 'Hm.', signature: 'signed' }], stopReason)
  }

  call(name: string, input: unknown = {}): SessionStoreEntry {
    return this.#reply([{ type: 'tool_use', id: `toolu_${name}`, name, input }], 'tool_use')
  }

  result(name: string, content: string): SessionStoreEntry {
    const block = { type: 'tool_result', tool_use_id: `toolu_${name}`, content }
    return this.#entry({ type: 'user', message: { role: 'user', content: [block] } })
  }

  /** What has neither uuid nor parent. */
  meta(type: string, more: Record<string, unknown> = {}): SessionStoreEntry {
    return { type, ...more, sessionId: this.sessionId }
  }

  /** A turn with a tool. */
  turn(prompt: string, answer = `Answer to ${prompt}`): SessionStoreEntry[] {
    return [
      this.prompt(prompt),
      this.call('Read', { file: `${prompt}.md` }),
      this.result('Read', `# ${prompt}`),
      this.answer(answer),
      this.meta('last-prompt', { lastPrompt: prompt }),
    ]
  }

  #reply(content: unknown[], stop_reason: string): SessionStoreEntry {
    const message = {
      id: `msg_${this.#replies++}`,
      role: 'assistant',
      model: 'claude-x',
      content,
      stop_reason,
    }
    return this.#entry({ type: 'assistant', message })
  }

  #entry(fields: { type: string; message: unknown }): SessionStoreEntry {
    const entry = {
      parentUuid: this.#last,
      isSidechain: this.#agent,
      ...fields,
      uuid: randomUUID(),
      timestamp: new Date().toISOString(),
      cwd: '/home/me/project',
      sessionId: this.sessionId,
    }
    this.#last = entry.uuid
    return entry
  }
}

export const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['--git-dir', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Subjects as `git log` shows them, newest first. */
export const subjects = (folder: string, ref: string, ...args: string[]): string[] =>
  git(folder, 'log', '--format=%s', ...args, ref, '--')
    .trimEnd()
    .split('\n')

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
