/** What other people's git tools see of a store: the real git in a clone and beside it, and isomorphic-git. */
import { execFileSync } from 'node:child_process'
import fs, { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import git from 'isomorphic-git'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isPage } from '../../src/codec/index.ts'
import { importClaudeCode } from '../../src/importers/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import { decodeDocument } from '../support/documents.ts'

const here = dirname(fileURLToPath(import.meta.url))
const fixture = join(here, '../../fixtures/claude-code/demo-session.jsonl')
const transcripts = join(here, '../../../shared/transcripts/claude-code')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkpoint-tools-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Git as a user runs it, on a machine where bare repositories have to be named. */
function run(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'safe.bareRepository=explicit', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

describe('a session in the git tools that people have', () => {
  let store: GitSessionStore
  let head: string
  const inStore = (...args: string[]) => run(folder, '--git-dir', join(folder, 'store'), ...args)

  beforeAll(async () => {
    store = new GitSessionStore(join(folder, 'store'))
    await importClaudeCode(fixture, store, { sessionId: 'demo' })
    head = await store.resolve('demo', 'main')
  })
  afterAll(() => store.close())

  test('git log shows one line a turn', async () => {
    const lines = inStore('log', '--first-parent', '--format=%s', 'demo/main').trim().split('\n')
    const turns = []
    for await (const { subject } of store.log('demo', { at: 'main' })) turns.push(subject)
    expect(lines.slice(0, turns.length)).toEqual(turns)
    expect(turns.length).toBeGreaterThan(5)
    for (const line of turns) expect(line).toMatch(/^turn \d+: \S/)
  })

  test('git diff of two turns is text that reads line by line, and git show names the files', () => {
    const diff = inStore('diff', 'demo/main~1', 'demo/main')
    expect(diff).toMatch(/^\+ .*"role": "(user|assistant)",/m)
    for (const line of diff.split('\n')) expect(line.length).toBeLessThan(20_000)
    expect(inStore('show', '--stat', 'demo/main')).toMatch(/messages\/0000\/\d{6}-\w+\.json/)
  })

  test('a plain clone checks out a session, and HEAD~1 HEAD is its last turn', () => {
    run(folder, 'clone', '--quiet', join(folder, 'store'), join(folder, 'clone'))
    expect(run(join(folder, 'clone'), 'rev-parse', 'HEAD').trim()).toBe(head)
    expect(existsSync(join(folder, 'clone/session.json'))).toBe(true)
    expect(run(join(folder, 'clone'), 'diff', '--stat', 'HEAD~1', 'HEAD')).toContain('messages/')
    run(join(folder, 'clone'), 'fsck', '--strict')
  })

  test('isomorphic-git, which shares no code with us, reads the same document', async () => {
    const gitdir = join(folder, 'store')
    expect(await git.resolveRef({ fs, gitdir, ref: 'refs/heads/demo/main' })).toBe(head)
    const log = await git.log({ fs, gitdir, ref: 'refs/heads/demo/main', depth: 3 })
    expect(log[0]?.commit.message).toContain('Forkpoint-Session: demo')
    const files = new Map<string, Uint8Array>()
    await git.walk({
      fs,
      gitdir,
      trees: [git.TREE({ ref: head })],
      map: async (path, [entry]) => {
        const content = await entry?.content()
        if (content && !isPage(path)) files.set(path, content)
        return undefined
      },
    })
    expect(decodeDocument(files)).toEqual(await store.load('demo', { at: head }))
  })

  test('git gc, repack and pack-refs leave every checkpoint as it was', async () => {
    const states = async () => {
      const found = []
      for await (const { id } of store.log('demo', { steps: true }))
        found.push(await store.load('demo', { at: id }))
      return found
    }
    const before = await states()
    for (const command of [
      ['pack-refs', '--all'],
      ['repack', '-adf', '--quiet'],
      ['gc', '--quiet', '--prune=now'],
      ['fsck', '--strict'],
    ]) {
      inStore(...command)
      expect(await states()).toEqual(before)
    }
    await store.append('demo', { set: { title: 'after gc' } })
    expect(inStore('log', '-1', '--format=%s', 'demo/main')).toContain('after gc')
    inStore('fsck', '--strict')
  })
})

const files = existsSync(transcripts)
  ? readdirSync(transcripts, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
  : []
if (files.length === 0) console.warn(`No real transcripts in ${transcripts}: their test is skipped.`)

test.skipIf(files.length === 0)(
  'all real transcripts in one store: each checkpoint loads as what was saved, git finds nothing wrong, before and after gc',
  async () => {
    const place = join(folder, 'real')
    const store = new GitSessionStore(place)
    const memory = new MemorySessionStore()
    for (const name of files) {
      for (const one of [store, memory])
        await importClaudeCode(join(transcripts, name), one, { sessionId: name })
    }
    run(folder, '--git-dir', place, 'fsck', '--strict')
    const check = async () => {
      for (const name of files) {
        const [ours, theirs] = [await ids(store, name), await ids(memory, name)]
        expect(ours.length).toBe(theirs.length)
        for (const [n, id] of ours.entries()) {
          expect(await store.load(name, { at: id })).toEqual(await memory.load(name, { at: theirs[n]! }))
        }
      }
    }
    await check()
    run(folder, '--git-dir', place, 'gc', '--quiet')
    await check()
    await store.close()
    run(folder, '--git-dir', place, 'fsck', '--strict')
  },
  600_000,
)

async function ids(store: GitSessionStore | MemorySessionStore, session: string): Promise<string[]> {
  const found: string[] = []
  for await (const { id } of store.log(session, { steps: true })) found.push(id)
  return found
}
