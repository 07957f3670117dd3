/** What tests of the agent stand on: a model server, a workspace, the three stores. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { Agent, type AgentOptions } from '../../src/agent/index.ts'
import { FileSessionStore } from '../../src/store/file/file-session-store.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { ModelServer, type Script } from '../support/model-server.mjs'

const folders: string[] = []
const servers: ModelServer[] = []

afterAll(async () => {
  for (const server of servers) await server.close()
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'forkpoint-agent-')))
  folders.push(folder)
  return folder
}

/** A workspace with files. */
export async function workspaceWith(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

export async function startServer(script: Script = []): Promise<ModelServer> {
  const server = await ModelServer.start(script)
  servers.push(server)
  return server
}

export const KEY = 'sk-test-0123456789abcdef'

export const configOf = (server: ModelServer, provider = 'openai', model: object = {}) => ({
  default_model: `${provider}/test-model`,
  providers: {
    [provider]: { api_key: KEY, base_url: server.url, models: { 'test-model': model } },
  },
})

/** Short waits, so that retries are quick. */
export const QUICK = { baseDelay: 5, maxDelay: 200, attempts: 3, idle: 2000, step: 10_000 }

export interface Setting {
  agent: Agent
  server: ModelServer
  workspace: string
  store: SessionStore
}

/** An agent that may do everything, in a workspace of its own, with a memory store. */
export async function setting(
  script: Script = [],
  options: AgentOptions & { files?: Readonly<Record<string, string>>; provider?: string } = {},
): Promise<Setting> {
  const { files, provider, ...more } = options
  const server = await startServer(script)
  const workspace = await workspaceWith(files)
  const store = options.sessionStore ?? new MemorySessionStore()
  const agent = await Agent.create(configOf(server, provider), {
    sessionStore: store,
    permissionPolicy: { defaultDecision: 'allow' },
    limits: QUICK,
    ...more,
  })
  return { agent, server, workspace, store }
}

/** Every store, by name. */
export const STORES: Readonly<Record<string, () => Promise<SessionStore>>> = {
  memory: async () => new MemorySessionStore(),
  file: async () => new FileSessionStore(join(await temporaryFolder(), 'sessions')),
  git: async () => new GitSessionStore(join(await temporaryFolder(), 'sessions')),
}
