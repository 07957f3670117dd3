import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codex } from '../../src/importers/codex/index.ts'
import { importSession } from '../../src/importers/index.ts'
import { newSession } from '../../src/state/index.ts'
import { FileSessionStore } from '../../src/store/file/file-session-store.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { plainRemote, projectAt } from '../../src/workspace/project/project.ts'
import type { ProjectQuery } from '../../src/workspace/project/query.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'

/** A repository with commits on two lines, merged. */
function repository(remote?: string): string {
  const folder = join(tempFolder(), 'project')
  mkdirSync(folder)
  git(folder, ['init', '-q', '-b', 'main'])
  for (const name of ['one', 'two']) {
    writeFileSync(join(folder, name), name)
    git(folder, ['add', name])
    git(folder, ['commit', '-qm', name])
  }
  git(folder, ['checkout', '-q', '--orphan', 'other'])
  git(folder, ['commit', '-qm', 'another root'])
  git(folder, ['checkout', '-q', 'main'])
  git(folder, ['merge', '-q', '--allow-unrelated-histories', '-m', 'merged', 'other'])
  if (remote !== undefined) git(folder, ['remote', 'add', 'origin', remote])
  return folder
}

const rootIn = (folder: string): string =>
  gitText(folder, ['rev-list', '--first-parent', 'HEAD']).split('\n').at(-1) as string

describe('the project of a folder', () => {
  test('is the first commit of its line and its remote, loose, packed, in a folder of it, and detached', async () => {
    const folder = repository('https://ann:secret@github.com/ann/parser.git')
    const expected = { root: rootIn(folder), remote: 'github.com/ann/parser' }
    expect(await projectAt(folder)).toEqual(expected)
    mkdirSync(join(folder, 'src/deep'), { recursive: true })
    expect(await projectAt(join(folder, 'src/deep'))).toEqual(expected)
    git(folder, ['gc', '-q', '--prune=now'])
    git(folder, ['pack-refs', '--all'])
    expect(await projectAt(folder)).toEqual(expected)
    git(folder, ['checkout', '-q', '--detach'])
    expect(await projectAt(folder)).toEqual(expected)
  })

  test('is the same in a work tree, in a clone, and after the folder was moved', async () => {
    const folder = repository()
    const root = { root: rootIn(folder) }
    const [tree, clone, moved] = ['tree', 'clone', 'moved'].map((name) => join(folder, '..', name)) as [
      string,
      string,
      string,
    ]
    git(folder, ['worktree', 'add', '-q', '-b', 'side', tree])
    git(folder, ['clone', '-q', folder, clone])
    expect([await projectAt(tree), await projectAt(clone)]).toEqual([root, root])
    renameSync(folder, moved)
    expect(await projectAt(moved)).toEqual(root)
  })

  test('has no root where history is cut off, and is nothing without commits and remote', async () => {
    const folder = repository('git@example.com:team/x.git')
    const shallow = join(folder, '..', 'shallow')
    git(folder, ['clone', '-q', '--depth', '1', `file://${folder}`, shallow])
    git(shallow, ['remote', 'set-url', 'origin', 'git@example.com:team/x.git'])
    expect(await projectAt(shallow)).toEqual({ remote: 'example.com/team/x' })
    const empty = tempFolder()
    expect(await projectAt(empty)).toBe(undefined)
    git(empty, ['init', '-q'])
    expect(await projectAt(empty)).toBe(undefined)
    expect(await projectAt(join(empty, 'is-not-there'))).toBe(undefined)
  })

  test('is nothing in a folder that only looks like a repository, or that leads elsewhere', async () => {
    const odd: Record<string, string>[] = [
      { HEAD: 'ref: refs/../../HEAD' },
      { HEAD: 'ref: refs/heads/main', 'packed-refs': 'x refs/heads/main', config: '[remote "origin"' },
      { HEAD: 'f'.repeat(40) },
      { HEAD: '' },
    ]
    for (const files of odd) {
      const folder = tempFolder()
      mkdirSync(join(folder, '.git'))
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, '.git', name), text)
      expect(await projectAt(folder)).toBe(undefined)
    }
    const circle = tempFolder()
    writeFileSync(join(circle, '.git'), 'gitdir: .git\n')
    expect(await projectAt(circle)).toBe(undefined)
    if (process.platform === 'win32') return
    const pipe = tempFolder()
    mkdirSync(join(pipe, '.git'))
    for (const name of ['HEAD', 'config']) execFileSync('mkfifo', [join(pipe, '.git', name)])
    expect(await projectAt(pipe)).toBe(undefined)
  })

  test('writes an address as every machine does', () => {
    const same = [
      'git@github.com:ann/parser.git',
      'github.com:ann/parser',
      'https://github.com/ann/parser',
      'https://ann:pw@GitHub.com:443/ann/parser.git/',
      'ssh://git@github.com/ann/parser.git',
      'ssh://git@github.com:22/ann/parser.git',
      'git://github.com/ann/parser?token=1',
    ]
    for (const address of same) expect(plainRemote(address)).toBe('github.com/ann/parser')
    expect(plainRemote('http://localhost:3000/ann/parser')).toBe('localhost:3000/ann/parser')
    for (const local of [
      '/srv/git/a.git',
      '../a',
      'file:///srv/a',
      'C:\\git\\a',
      'c:/git/a',
      '',
      'https://x/',
    ])
      expect(plainRemote(local)).toBe(undefined)
  })
})

async function listed(store: SessionStore, project: ProjectQuery, limit?: number): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of store.list({ project, order: 'id', ...(limit === undefined ? {} : { limit }) }))
    ids.push(id)
  return ids
}

test.each([
  ['git', () => new GitSessionStore(tempFolder())],
  ['file', () => new FileSessionStore(tempFolder())],
  ['memory', () => new MemorySessionStore()],
])('a %s store lists the sessions of a project by root, by remote and by folder', async (_, open) => {
  const store = open() as SessionStore
  const save = (id: string, workspace: string, project?: object) =>
    store.save(newSession(id, { workspace, metadata: project === undefined ? {} : { project } }))
  await save('a', '/home/ann/p', { root: 'r1', remote: 'h/p' })
  await save('b', '/mnt/other/name', { root: 'r1' })
  await save('c', 'C:\\p', { remote: 'h/p' })
  await save('d', '/home/ann/p/src')
  await save('e', '/home/ann/p', { root: 'r2' })
  await save('f', '/home/ann/parser')
  expect(await listed(store, { folder: '/home/ann/p/', root: 'r1', remote: 'h/p' })).toEqual([
    'a',
    'b',
    'c',
    'd',
  ])
  expect(await listed(store, { root: 'r1' }, 1)).toEqual(['a'])
  expect(await listed(store, { folder: '/home/ann/p' })).toEqual(['a', 'd', 'e'])
  await store.close?.()
})

test('an imported session is found from the folder that its project is in now', async () => {
  const folder = repository('https://github.com/ann/parser')
  const store = new MemorySessionStore()
  const rollout = (id: string, cwd: string, gitInfo: object) => ({
    name: `${id}.jsonl`,
    lines: [
      { type: 'session_meta', payload: { id, cwd, git: gitInfo } },
      { type: 'event_msg', payload: { type: 'task_started' } },
      { type: 'response_item', payload: { type: 'message', role: 'user', content: 'Why?' } },
    ].map((line) => JSON.stringify({ timestamp: '2026-01-02T03:04:05.000Z', ...line })),
  })
  await importSession(codex, rollout('here', folder, {}), store)
  const elsewhere = { repository_url: 'git@github.com:ann/parser.git', branch: 'main' }
  await importSession(codex, rollout('there', '/Users/ann/parser', elsewhere), store)
  await importSession(codex, rollout('fork', folder, { repository_url: 'https://github.com/bob/x' }), store)
  expect((await store.load('here'))?.metadata.project).toEqual(await projectAt(folder))
  expect((await store.load('there'))?.metadata.project).toEqual({ remote: 'github.com/ann/parser' })
  expect((await store.load('fork'))?.metadata.project).toEqual({ remote: 'github.com/bob/x' })
  const moved = join(folder, '..', 'moved')
  renameSync(folder, moved)
  expect(await listed(store, { folder: moved, ...(await projectAt(moved)) })).toEqual(['here', 'there'])
  rmSync(moved, { recursive: true })
})
