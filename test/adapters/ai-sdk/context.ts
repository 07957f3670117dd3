/** Chats for tests: messages as `useChat` has them, and folders that go. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UIMessage } from 'ai'
import { afterEach } from 'vitest'
import { type ChatStore, chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import { GitSessionStore, type GitStoreOptions } from '../../../src/index.ts'

export const user = (id: string, text: string, more: object = {}): UIMessage => ({
  id,
  role: 'user',
  parts: [{ type: 'text', text }],
  ...more,
})

export const assistant = (id: string, text: string, more: object = {}): UIMessage => ({
  id,
  role: 'assistant',
  parts: [{ type: 'step-start' }, { type: 'text', text, state: 'done' }],
  ...more,
})

/** `u1 a1 u2 a2 …`: a chat of so many turns. */
export const turns = (count: number): UIMessage[] =>
  Array.from({ length: count }, (_, index) => [
    user(`u${index + 1}`, `Question ${index + 1}?`),
    assistant(`a${index + 1}`, `Answer ${index + 1}.`),
  ]).flat()

export const idsOf = (messages: readonly UIMessage[]): string => messages.map(({ id }) => id).join(' ')

const folders: string[] = []

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-ai-sdk-'))
  folders.push(folder)
  return folder
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export interface Setting {
  folder: string
  store: GitSessionStore
  chats: ChatStore
}

export function setting(options: GitStoreOptions = {}): Setting {
  const folder = join(temporaryFolder(), 'chats')
  const store = new GitSessionStore(folder, options)
  return { folder, store, chats: chatStore(store) }
}

export const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['--git-dir', folder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trimEnd()
