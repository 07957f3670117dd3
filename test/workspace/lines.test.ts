import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { redactTexts } from '../../src/redaction/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, git as runGit, tempFolder } from '../git/real-git.ts'
import { contentOf, write } from './support/folder.ts'
import { type Scene, scene } from './support/store.ts'

const refs = ({ git }: Scene): string[] =>
  git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads').split('\n')
const namedBy = ({ git }: Scene, revision: string): string =>
  git('log', '-1', '--format=%(trailers:key=Forkpoint-Files,valueonly)', revision)

async function twoTurns(): Promise<Scene & { one: string; two: string }> {
  const made = scene()
  write(made.root, { a: '1', 'config.json': '{"b": 1,\n "a": 2}' })
  const one = await made.turn('one')
  write(made.root, { a: '2' })
  const two = await made.turn('two')
  return { ...made, one, two }
}

describe('the line of the files', () => {
  test('of a new branch begins at the files of its checkpoint, and goes on from there', async () => {
    const made = await twoTurns()
    const { files, git, one, root, store, turn } = made
    await store.fork('demo', { at: one, branch: 'other' })
    expect(git('rev-parse', 'demo/_workspace.other')).toBe(namedBy(made, one))
    await files.restore('demo', one)
    write(root, { a: '3' })
    await turn('three', 'other')
    expect(git('log', '--format=%s', 'demo/_workspace.other')).toBe('turn 2: three\nturn 1: one')
    const diff = git('diff', '--stat', 'demo/_workspace.main', 'demo/_workspace.other')
    expect(diff).toMatch(/^ ?a \| 2/)
  })

  test('of a new session begins there, too, and its checkpoint names it', async () => {
    const made = await twoTurns()
    const { git, one, root, store } = made
    await store.fork('demo', { at: one, session: 'copy' })
    expect(git('rev-parse', 'copy/_workspace.main')).toBe(namedBy(made, one))
    expect(namedBy(made, 'copy/main')).toBe(namedBy(made, one))
    await store.files(root).restore('copy', 'main')
    expect(contentOf(root).a).toBe('1')
  })

  test('is deleted with its branch and its session, and purged', async () => {
    const made = await twoTurns()
    const { git, root, store } = made
    await store.fork('demo', { branch: 'other' })
    write(root, { a: 'only on other' })
    await made.turn('three', 'other')
    const blob = git('rev-parse', 'demo/_workspace.other:a')
    expect(refs(made)).toEqual(['demo/_workspace.main', 'demo/_workspace.other', 'demo/main', 'demo/other'])
    await store.delete('demo', { branch: 'other' })
    expect(refs(made)).toEqual(['demo/_workspace.main', 'demo/main'])
    await store.maintain({ purge: true })
    expect(() => git('cat-file', '-e', blob)).toThrow()
    expect(git('fsck', '--strict')).toBe('')
    await store.delete('demo')
    expect(refs(made)).toEqual([''])
  })

  test('is hidden from branches, log and list, and checked by verify', async () => {
    const { one, store, two } = await twoTurns()
    expect((await store.branches('demo')).map(({ name }) => name)).toEqual(['main'])
    const logged: string[] = []
    for await (const { id } of store.log('demo', { steps: true })) logged.push(id)
    expect(logged).toEqual([two, one])
    expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
  })

  test('need not be there: a clone without it reads as before, and says what is missing', async () => {
    const { files, root, store } = await twoTurns()
    await store.close()
    const clone = tempFolder()
    gitText(clone, ['init', '-q', '--bare', '.'])
    gitText(clone, ['fetch', '-q', store.folder, 'refs/heads/demo/main:refs/heads/demo/main'])
    const other = new GitSessionStore(clone)
    expect((await other.load('demo'))?.messages.length).toBe(2)
    await other.fork('demo', { branch: 'b' })
    await other.fork('demo', { session: 'copy' })
    expect((await other.verify()).ok).toBe(true)
    await expect(other.files(root).restore('demo', '')).rejects.toMatchObject({ kind: 'snapshot' })
    expect(await other.files(root).state('demo', '')).toBe('unknown')
    await other.close()
    expect(files.folder).toBe(root)
  })

  test('loses a secret with the rest of history, and checkpoints name the new commits', async () => {
    const made = await twoTurns()
    const { git, root, store, turn } = made
    write(root, {
      'src/key.ts': 'const key = "hunter2hunter2"',
      'messages/0000/000000-user.json': '{"x": 1}',
    })
    await turn('three')
    const before = git('rev-parse', 'demo/_workspace.main~1')
    write(root, { 'src/key.ts': undefined })
    await turn('four')
    await store.fork('demo', { session: 'copy' })
    await store.fork('demo', { at: 'main~1', branch: '0-first' })
    const report = await store.rewrite('demo', redactTexts(['hunter2hunter2']))
    expect(report.purgeError).toBe(undefined)
    expect(report.remaining).toEqual([])
    const all = git('cat-file', '--batch-check=%(objectname) %(objecttype)', '--batch-all-objects')
    for (const line of all.split('\n')) {
      const [id = '', type = ''] = line.split(' ')
      const content = runGit(store.folder, ['cat-file', type, id]).toString('latin1')
      expect(content).not.toContain('hunter2hunter2')
    }
    for (const branch of ['demo/main', 'copy/main', 'demo/main~1', 'demo/0-first'])
      expect(git('cat-file', '-t', namedBy(made, branch))).toBe('commit')
    expect(namedBy(made, 'demo/main')).toBe(git('rev-parse', 'demo/_workspace.main'))
    expect(git('rev-parse', 'demo/_workspace.main~2~1')).not.toBe('')
    expect(git('rev-parse', 'demo/_workspace.main~3')).toBe(git('rev-parse', `${before}~1`))
    const files = store.files(root)
    await files.restore('demo', 'main~1')
    expect(contentOf(root)).toMatchObject({
      'config.json': '{"b": 1,\n "a": 2}',
      'messages/0000/000000-user.json': '{"x": 1}',
      'src/key.ts': expect.stringMatching(/^const key = "\[redacted/),
    })
    expect(git('fsck', '--strict')).toBe('')
    expect((await store.verify()).ok).toBe(true)
  })

  test('is searched for secrets', async () => {
    const { root, store, turn } = scene()
    const token = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_')
    write(root, { 'deploy.sh': `#!/bin/sh\nexport TOKEN=${token}\n` })
    await turn('one')
    const found: string[] = []
    for await (const { ref, where } of store.scan()) found.push(`${ref} ${where}`)
    expect(found).toEqual(['refs/heads/demo/_workspace.main deploy.sh'])
  })
})

test('two processes that save to one branch lose no file of each other', async () => {
  const made = await twoTurns()
  const { git, root, store } = made
  const other = new GitSessionStore(store.folder)
  const message = (id: string) => ({
    id,
    role: 'user' as const,
    content: id,
    createdAt: new Date().toISOString(),
  })
  const [mine, theirs] = [store.files(root), other.files(root)]
  const writes = Array.from({ length: 12 }, async (_, n) => {
    write(root, { [`f${n}`]: `${n}` })
    const [on, files] = n % 2 === 0 ? [store, mine] : [other, theirs]
    await on.append('demo', { messages: [message(`c${n}`)] }, { files, expected: 'any' })
  })
  await Promise.all(writes)
  await other.close()
  expect(existsSync(root)).toBe(true)
  expect(git('fsck', '--strict')).toBe('')
  for (const id of git('log', '--first-parent', '--format=%H', 'demo/main').split('\n'))
    expect(git('cat-file', '-t', namedBy(made, id))).toBe('commit')
  expect((await store.verify()).ok).toBe(true)
})
