/** Machines that share sessions over one server: folders with stores of their own. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import type { GitStoreOptions } from '../../../src/store/git/options.ts'
import { bareRepository, gitText, tempFolder } from '../../git/real-git.ts'
import { emptySession, message } from '../../store/support/git-store.ts'
import { makeServed, startGitServer } from '../../support/git-server.ts'

const stores: { close(): Promise<void> }[] = []
const folders: string[] = []
afterEach(async () => {
  for (const store of stores.splice(0).reverse()) await store.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export interface Server {
  url: string
  /** Where its repository is. */
  folder: string
}

/** An empty server in a folder. */
export async function folderServer(): Promise<Server> {
  const folder = bareRepository()
  return { folder, url: folder }
}

/** An empty server behind `git http-backend`. */
export async function httpServer(): Promise<Server> {
  const root = tempFolder()
  const folder = makeServed(root, 'sessions.git')
  const server = await startGitServer({ root })
  stores.push(server)
  return { folder, url: `${server.url}/sessions.git` }
}

/** A store that shares with a server. */
export function machine(url: string, writer: string, options: GitStoreOptions = {}): GitSessionStore {
  const folder = mkdtempSync(join(tmpdir(), `forkpoint-${writer}-`))
  folders.push(folder)
  const store = new GitSessionStore(join(folder, 'store'), {
    writer,
    remote: { url },
    replicate: false,
    ...options,
  })
  stores.push(store)
  return store
}

/** Begins a session with some messages. Returns the ids of its checkpoints. */
export async function begin(store: GitSessionStore, id = 'demo', turns = 2): Promise<string[]> {
  const ids = [(await store.save(emptySession(id))).id]
  for (let n = 0; n < turns; n++) ids.push(await say(store, `${n}`, id))
  return ids
}

let count = 0

/** Adds a message. Returns the id of the checkpoint. */
export async function say(
  store: GitSessionStore,
  text: string,
  session = 'demo',
  options: Parameters<GitSessionStore['append']>[2] = {},
): Promise<string> {
  const { id } = await store.append(session, { messages: [message(`m${count++}`, text)] }, options)
  return id
}

/** Branches by name, with their tips. */
export async function tips(store: GitSessionStore, session = 'demo'): Promise<Record<string, string>> {
  if (!(await store.exists(session))) return {}
  return Object.fromEntries((await store.branches(session)).map(({ name, head }) => [name, head]))
}

/** Refs below a prefix, as C git lists them. */
export function refsAt(folder: string, ...patterns: string[]): Record<string, string> {
  const text = gitText(folder, ['for-each-ref', '--format=%(refname) %(objectname)', ...patterns])
  return Object.fromEntries(
    text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ') as [string, string]])),
  )
}

/** C git finds nothing wrong. */
export function expectClean(folder: string): void {
  const args = ['--git-dir', folder, 'fsck', '--strict', '--no-dangling', '--no-progress']
  const { stdout, stderr } = spawnSync('git', args, { encoding: 'utf8' })
  // A server that git made has its own idea of a default branch.
  const said = `${stdout}${stderr}`.split('\n').filter((line) => !line.startsWith('notice: '))
  expect(said.join('\n').trim()).toBe('')
}
