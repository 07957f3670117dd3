import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { Problem } from '../../src/store/session-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, fill, message, storeAt } from './support/git-store.ts'
import { lose, remake } from './support/remade.ts'

afterEach(() => vi.restoreAllMocks())

/** A healthy store with all that a store can have. */
async function healthy(): Promise<{ folder: string; store: GitSessionStore }> {
  const folder = tempFolder()
  const store = storeAt(folder)
  await fill(store, 'a', 6)
  await store.append('a', { messages: [message('s1', 'step')] }, { kind: 'step' })
  await store.append('a', { messages: [message('s2', 'step')] }, { kind: 'step' })
  await store.append('a', { set: { title: 'after steps' } })
  const run = { id: 'r1', status: 'running', prompt: 'do', startedAt: AT, events: [event(0), event(1)] }
  await store.append('a', { runs: [run] })
  await store.append('a', { runs: [{ id: 'r1', events: [event(2)] }] })
  await store.append('a', { messages: [message('long', 'x'.repeat(100_000))] })
  await store.fork('a', { at: 'main~2', branch: 'try' })
  await store.append('a', { messages: [message('t', 'on try')] }, { branch: 'try' })
  await store.fork('a', { at: 'try', session: 'b' })
  await store.append('b', { messages: [message('b', 'on b')] })
  await store.tag('a', 'old', { at: 'main~3' })
  await store.switch('a', 'try')
  await fill(store, 'c', 3)
  return { folder, store }
}

const AT = '2024-01-01T00:00:00.000Z'
const event = (sequence: number) => ({ sequence, at: AT, type: 'text', text: `event ${sequence}` })

async function problemsOf(folder: string, session?: string): Promise<readonly Problem[]> {
  const report = await storeAt(folder).verify(session)
  expect(report.ok).toBe(report.problems.length === 0)
  return report.problems
}

test('a branch of a forked session may start before the fork', async () => {
  const { folder, store } = await healthy()
  const early = await store.open('b', { at: 'main~3', branch: 'early' })
  const { parents } = await early.append({ messages: [message('e', 'before the fork')] })
  expect(await store.resolve('a', parents[0]!)).toBe(parents[0])
  await store.fork('b', { at: 'early', session: 'd' })
  const earlier = await store.open('d', { at: 'main~3', branch: 'earlier' })
  await earlier.append({ messages: [message('f', 'before both')] })
  expect(await problemsOf(folder)).toEqual([])
  for (const session of ['a', 'b', 'd']) expect(await problemsOf(folder, session)).toEqual([])
  await store.delete('b')
  expect(await problemsOf(folder)).toEqual([])
})

describe('A healthy store', () => {
  test('has no problems, whoever packed it, and everything was looked at', async () => {
    const { folder, store } = await healthy()
    const phases = new Set<string>()
    const report = await store.verify(undefined, { onProgress: ({ phase }) => phases.add(phase) })
    expect(report.problems).toEqual([])
    const reached = (...args: string[]): number =>
      gitText(folder, ['rev-list', ...args, '--all']).split('\n').length
    expect(report.checkpoints).toBe(reached())
    expect(report.objects).toBe(reached('--objects'))
    expect([...phases]).toEqual(['checkpoints', 'whole sessions', 'packs'])
    await store.maintain()
    expect(await store.verify()).toEqual(report)
    git(folder, ['repack', '-adfq', '--depth=50'])
    git(folder, ['pack-refs', '--all'])
    git(folder, ['commit-graph', 'write', '--reachable'])
    expect(await problemsOf(folder)).toEqual([])
  })

  test('may have commits, tags and refs of other tools', async () => {
    const { folder } = await healthy()
    const tree = gitText(folder, ['rev-parse', 'a/main^{tree}'])
    const foreign = gitText(folder, ['commit-tree', '-m', 'by hand', '-p', 'a/main', tree])
    git(folder, ['update-ref', 'refs/heads/a/main', foreign])
    git(folder, ['tag', '-a', '-m', 'annotated', 'a/annotated', foreign])
    git(folder, ['update-ref', 'refs/notes/commits', foreign])
    const other = gitText(
      folder,
      ['mktree'],
      `120000 blob ${gitText(folder, ['hash-object', '-w', '--stdin'], 'x')}\tlink\n`,
    )
    const stash = gitText(folder, ['commit-tree', '-m', 'anything', other])
    git(folder, ['update-ref', 'refs/stash', stash])
    git(folder, ['update-ref', 'refs/heads/a/_adapter', stash])
    expect(await problemsOf(folder)).toEqual([])
  })

  test('of one session only is told without looking at the others', async () => {
    const { folder, store } = await healthy()
    writeFileSync(join(folder, 'refs/heads/c/main'), 'garbage')
    expect((await store.verify('a')).problems).toEqual([])
    expect((await store.verify('c')).problems.length).toBe(1)
    await expect(store.verify('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is read once: twice as many checkpoints take about twice as many reads', async () => {
    const reads: number[] = []
    for (const turns of [100, 200]) {
      const store = storeAt(tempFolder())
      await fill(store, 'a', turns, 50)
      const spy = vi.spyOn(ObjectStore.prototype, 'read')
      expect((await store.verify()).checkpoints).toBe(turns + 1)
      reads.push(spy.mock.calls.length)
      spy.mockRestore()
    }
    expect(reads[0]!).toBeLessThan(100 * 13)
    expect(reads[1]! / reads[0]!).toBeLessThan(2.3)
  })
})

describe('Of a damaged store every problem is named, and the rest is read', () => {
  test.each([
    ['commit', 'a/try'],
    ['tree', 'a/try^{tree}'],
    ['file', 'a/try:session.json'],
    ['file that is shared', 'a/main:messages/0000/000001-user.json'],
  ])('a missing %s', async (_, revision) => {
    const { folder, store } = await healthy()
    await store.close()
    const id = gitText(folder, ['rev-parse', revision])
    lose(folder, id)
    const report = await storeAt(folder).verify()
    expect(report.ok).toBe(false)
    const problem = report.problems.find(({ where }) => where === id)!
    expect(problem.session).toBe('a')
    expect(problem.checkpoint).toMatch(/^[0-9a-f]{40}$/)
    expect(problem.message).toContain(id)
    expect(problem.message).toMatch(/restore/i)
    expect(report.checkpoints).toBeGreaterThan(5)
    expect((await problemsOf(folder, 'c')).length).toBe(0)
  })

  test('a flipped bit in a pack', async () => {
    const { folder, store } = await healthy()
    await store.maintain()
    await store.close()
    const pack = packOf(folder)
    const bytes = readFileSync(pack)
    bytes[Math.floor(bytes.length / 2)]! ^= 0x10
    rmSync(pack)
    writeFileSync(pack, bytes)
    const problems = await problemsOf(folder)
    expect(problems.some(({ where, message: text }) => where === pack && /checksum/.test(text))).toBe(true)
    expect(problems.some(({ session }) => session !== undefined)).toBe(true)
  })

  test('a pack that is cut short, and one that is gone', async () => {
    const { folder, store } = await healthy()
    await store.maintain()
    await store.close()
    const pack = packOf(folder)
    const bytes = readFileSync(pack)
    rmSync(pack)
    writeFileSync(pack, bytes.subarray(0, bytes.length / 2))
    expect((await problemsOf(folder)).some(({ where }) => where === pack)).toBe(true)
    rmSync(pack)
    const problems = await problemsOf(folder)
    expect(problems.some(({ where }) => where === pack.replace('.pack', '.idx'))).toBe(true)
  })

  const trailers: [string, (text: string) => string, RegExp][] = [
    [
      'another session',
      (text) => text.replace('Forkpoint-Session: a', 'Forkpoint-Session: z'),
      /session 'z'.*not a fork/,
    ],
    [
      'another type',
      (text) => text.replace('Forkpoint-Type: session', 'Forkpoint-Type: other'),
      /type 'other'/,
    ],
    ['a number out of turn', (text) => text.replace(/Forkpoint-Seq: \d+/, 'Forkpoint-Seq: 77'), /number 77/],
    ['no number', (text) => text.replace(/Forkpoint-Seq: \d+\n/, ''), /lacks Seq/],
    ['no branch', (text) => text.replace(/Forkpoint-Branch: .*\n/, ''), /lacks Branch/],
    ['a time that is none', (text) => text.replace(/Forkpoint-At: \d+/, 'Forkpoint-At: x'), /not a number/],
    ['a later format', (text) => text.replace('Forkpoint-Format: 1', 'Forkpoint-Format: 2'), /format 2/],
  ]
  test.each(trailers)('a commit that speaks of %s', async (_, change, expected) => {
    const { folder } = await healthy()
    const id = remake(folder, 'refs/heads/a/main', { message: change })
    const problems = await problemsOf(folder)
    expect(problems.every(({ checkpoint }) => checkpoint === id)).toBe(true)
    expect(problems.some(({ message: text }) => expected.test(text))).toBe(true)
  })

  const trees: [string, string, string | null, string | undefined, RegExp][] = [
    ['another id in session.json', 'session.json', '100644', '{"id": "z", "type": "session"}\n', /"z".*'a'/],
    ['another type there', 'session.json', '100644', '{"id": "a", "type": "z"}\n', /"z".*'session'/],
    ['no JSON', 'session.json', '100644', '{"id": ', /session\.json/],
    ['no session.json', 'session.json', null, undefined, /session\.json/],
    ['a link for a message', 'messages/0000/000001-user.json', '120000', '/etc/passwd', /not a plain file/],
    ['an entry .git', '.git', '100644', 'x', /\.git/],
    ['an entry ..', '..', '100644', 'x', /\.\./],
    [
      'a message with a broken line',
      'messages/0000/000002-user.json',
      '100644',
      '{\n"id": }\n',
      /000002-user/,
    ],
    ['a message in the wrong folder', 'messages/0003/000002-user.json', '100644', '{}\n', /0003/],
    ['a gap between messages', 'messages/0000/000002-user.json', null, undefined, /not number 2/],
    ['two files for a message', 'messages/0000/000002-tool.json', '100644', '{}\n', /000002/],
    ['a file beside no message', 'messages/0000/000099.7.txt', '100644', 'x', /000099\.7\.txt/],
    ['events in half a line', 'runs/0000/000000/events/000000.jsonl', '100644', '{"sequence":0', /line/],
    [
      'a gap between events',
      'runs/0000/000000/events/000002.jsonl',
      '100644',
      '{"sequence":9}\n',
      /not number 1/,
    ],
    ['a run without itself', 'runs/0000/000000/run.json', null, undefined, /JSON file/],
  ]
  test.each(trees)('a tree with %s', async (_, path, mode, content, expected) => {
    const { folder, store } = await healthy()
    const id = remake(folder, 'refs/heads/a/main', { tree: (edit) => edit(path, mode, content) })
    const problems = await problemsOf(folder)
    expect(problems.map(({ message: text }) => text).join('\n')).toMatch(expected)
    expect(problems.every(({ session, checkpoint }) => session === 'a' && checkpoint === id)).toBe(true)
    const before = await store.verify('b')
    expect(before.ok).toBe(true)
  })

  const foreign: [string, string, string, string][] = [
    ['a symbolic link', 'link', '120000', '/etc/passwd'],
    ['an executable', 'run.sh', '100755', '#!/bin/sh\n'],
    ['a submodule', 'module', '160000', 'a'.repeat(40)],
    ['a file of nobody', 'notes.txt', '100644', 'x'],
    ['a folder in a wrong place', 'messages/x/000000-user.json', '100644', '{}'],
  ]
  test.each(foreign)('%s is foreign, and no problem', async (_, path, mode, content) => {
    const { folder, store } = await healthy()
    const id = remake(folder, 'refs/heads/a/main', { tree: (edit) => edit(path, mode, content) })
    const report = await storeAt(folder).verify()
    expect(report.problems).toEqual([])
    expect(report.foreign).toHaveLength(1)
    expect(report.foreign![0]).toMatchObject({ session: 'a', checkpoint: id })
    expect(path.startsWith(report.foreign![0]!.where)).toBe(true)
    expect((await store.load('a', { branch: 'main' }))?.id).toBe('a')
  })

  test('a tag that leads to no checkpoint', async () => {
    const { folder } = await healthy()
    const blob = gitText(folder, ['hash-object', '-w', '--stdin'], 'just text')
    git(folder, ['update-ref', 'refs/tags/a/blob', blob])
    expect(await problemsOf(folder)).toMatchObject([{ session: 'a', where: 'refs/tags/a/blob' }])
  })

  test.each([
    ['is empty', ''],
    ['holds garbage', 'not an id\n'],
    ['names what is not there', `${'f'.repeat(40)}\n`],
    ['refers to itself', 'ref: refs/heads/a/bad\n'],
  ])('a ref that %s', async (_, content) => {
    const { folder } = await healthy()
    writeFileSync(join(folder, 'refs/heads/a/bad'), content)
    const problems = await problemsOf(folder)
    expect(problems.length).toBe(1)
    expect(problems[0]!.session).toBe('a')
    expect(problems[0]!.message).toMatch(/refs\/heads\/a\/bad|ffffffffff/)
  })

  test('links where refs, packs and journals should be', async () => {
    const { folder } = await healthy()
    const outside = tempFolder()
    symlinkSync(outside, join(folder, 'refs/heads/linked'))
    symlinkSync(outside, join(folder, 'refs/heads/a/linked'))
    mkdirSync(join(folder, 'forkpoint/journals'), { recursive: true })
    symlinkSync(outside, join(folder, 'forkpoint/journals/0123456789abcdef'))
    const problems = await problemsOf(folder)
    expect(problems.map(({ where }) => where.slice(folder.length + 1)).sort()).toEqual([
      'forkpoint/journals/0123456789abcdef',
      'refs/heads/a/linked',
      'refs/heads/linked',
    ])
  })

  test('an active branch of another session, a journal that is none, a loose object that is broken', async () => {
    const { folder } = await healthy()
    writeFileSync(join(folder, 'refs/forkpoint/active/a'), 'ref: refs/heads/c/main\n')
    const journals = join(folder, 'forkpoint/journals/0123456789abcdef')
    mkdirSync(journals, { recursive: true })
    writeFileSync(join(journals, '0.journal'), 'x'.repeat(2000))
    const loose = gitText(folder, ['hash-object', '-w', '--stdin'], 'loose')
    const file = join(folder, 'objects', loose.slice(0, 2), loose.slice(2))
    rmSync(file)
    writeFileSync(file, 'broken')
    const problems = await problemsOf(folder)
    const wheres = problems.map(({ where }) => where)
    expect(wheres).toContain(join(folder, 'refs/forkpoint/active/a'))
    expect(wheres).toContain(join(journals, '0.journal'))
    expect(wheres).toContain(loose)
    expect(problems.length).toBe(3)
  })

  test('packed refs that git did not write', async () => {
    const { folder } = await healthy()
    git(folder, ['pack-refs', '--all'])
    const file = join(folder, 'packed-refs')
    writeFileSync(file, `${readFileSync(file, 'utf8')}garbage\n`)
    expect((await problemsOf(folder)).some(({ where }) => where === file)).toBe(true)
  })
})

const packOf = (folder: string): string =>
  join(
    folder,
    'objects/pack',
    readdirSync(join(folder, 'objects/pack')).find((name) => name.endsWith('.pack'))!,
  )

test('A store that is not there yet has nothing wrong with it', async () => {
  const report = await storeAt(join(tempFolder(), 'none')).verify()
  expect(report).toEqual({ ok: true, checkpoints: 0, objects: 0, problems: [] })
  expect(emptySession('x').id).toBe('x')
})
