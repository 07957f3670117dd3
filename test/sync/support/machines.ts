/** Machines that share sessions over one server: folders with stores of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { GitSessionStore, type GitStoreOptions } from '../../../src/store/git/git-session-store.ts'
import { bareRepository, gitText } from '../../git/real-git.ts'
import { emptySession, message } from '../../store/support/git-store.ts'

const stores: GitSessionStore[] = []
const folders: string[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** An empty server: its folder, and its address. */
export const folderServer = (): string => bareRepository()

/** A store that shares with a server. */
export function machine(url: string, writer: string, options: GitStoreOptions = {}): GitSessionStore {
  const folder = mkdtempSync(join(tmpdir(), `forkpoint-${writer}-`))
  folders.push(folder)
  const store = new GitSessionStore(join(folder, 'store'), { writer, remote: { url }, ...options })
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

export function expectClean(folder: string): void {
  expect(gitText(folder, ['fsck', '--strict', '--no-dangling', '--no-progress'])).toBe('')
}
