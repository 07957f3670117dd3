/** Files of other people in a checkpoint's tree: readers pass them over, saves keep them, `verify` and `show` tell. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { all } from '../../src/testing/context.ts'
import { forkpointHere } from '../cli/command-line.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'
import { addStrays, pathsAt } from './support/strays.ts'

const FOREIGN = [
  'NOTES.md',
  'docs/deep/er/plan.txt',
  'messages/README.md',
  'messages/0000/review.md',
  'messages/notes/x.json',
  'messages/0007/plan.md',
  'runs/0000/000000/NOTES.md',
  'runs/0000/000000/events/summary.txt',
  'link',
  'run.sh',
  'my notes/a.json',
]
const AT = '2024-01-01T00:00:00.000Z'
const event = (sequence: number) => ({ sequence, at: AT, type: 'text', text: `event ${sequence}` })

async function reviewed() {
  const cwd = tempFolder()
  const folder = join(cwd, 'sessions')
  const store = storeAt(folder)
  const first = {
    ...emptySession('s'),
    messages: [message('m0', 'zero'), message('m1', 'one')],
    runs: [{ id: 'r', status: 'running', prompt: 'do', startedAt: AT, events: [event(0)] }],
  }
  await store.save(first)
  const state = await store.load('s')
  await store.close()
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  for (const name of FOREIGN) {
    mkdirSync(dirname(join(clone, name)), { recursive: true })
    if (name === 'link') symlinkSync('/etc/passwd', join(clone, name))
    else writeFileSync(join(clone, name), 'by hand\n')
  }
  chmodSync(join(clone, 'run.sh'), 0o755)
  git(clone, ['add', '--all'])
  git(clone, ['commit', '--quiet', '-m', 'notes'])
  git(clone, ['push', '--quiet', 'origin', 's/main'])
  return { cwd, folder, state: state! }
}

const foreignIn = (folder: string, ref: string): string[] =>
  gitText(folder, ['ls-tree', '-r', '--name-only', ref])
    .split('\n')
    .filter((name) => FOREIGN.includes(name))
    .sort()

test('are passed over by all that reads', async () => {
  const { folder, state } = await reviewed()
  const store = storeAt(folder)
  expect(await store.load('s')).toEqual(state)
  expect((await store.load('s', { last: 1 }))?.messages).toEqual(state.messages.slice(1))
  expect((await store.load('s', { events: false }))?.runs[0]?.events).toEqual([])
  expect(await store.runEvents('s', 'r')).toEqual([event(0)])
  expect((await all(store.list())).map(({ messages, problem }) => [messages, problem])).toEqual([
    [2, undefined],
  ])
  const diff = await store.diff('s', 'main~1', 'main')
  expect([diff.fields, diff.messages.added, diff.runs.changed]).toEqual([[], [], []])
  expect((await store.checkpoint('s')).kind).toBe('foreign')
})

test('are kept by whole saves, appends, steps, forks and replaced items', async () => {
  const { folder, state } = await reviewed()
  const store = storeAt(folder)
  const all = [...FOREIGN].sort()
  const now = (await store.load('s'))!
  now.messages.push(message('m2', 'two'))
  now.runs[0]!.events.push(event(1))
  now.title = 'T'
  await store.save(now)
  expect(foreignIn(folder, 's/main')).toEqual(all)
  await store.append('s', {
    messages: [message('m3', 'three')],
    runs: [{ id: 'r', events: [event(2)] }],
    set: { title: 'U' },
  })
  await store.append('s', { messages: [message('m3', 'three, mended')] }, { expected: 'any', kind: 'step' })
  await store.append('s', { set: { title: 'V' } }, { key: 'k' })
  const again = await store.append('s', { set: { title: 'V' } }, { key: 'k' })
  expect(await store.resolve('s', '')).toBe(again.id)
  expect(foreignIn(folder, 's/main')).toEqual(all)
  await store.fork('s', { session: 'f' })
  expect(foreignIn(folder, 'f/main')).toEqual(all)
  const after = await store.load('s')
  expect(after?.messages.map(({ content }) => content)).toEqual(['zero', 'one', 'two', 'three, mended'])
  expect(after?.runs[0]?.events).toEqual([event(0), event(1), event(2)])
  // An unchanged state is still one.
  const tip = await store.resolve('s', '')
  expect((await store.save(after!)).id).toBe(tip)
  const fewer = { ...after!, messages: [], runs: [] }
  await store.save(fewer, { expected: 'any' })
  expect(foreignIn(folder, 's/main')).toEqual(all)
  expect((await store.load('s'))?.messages).toEqual([])
  expect(state.messages).toHaveLength(2)
})

test('are told by verify, which finds nothing wrong, and by show', async () => {
  const { cwd, folder } = await reviewed()
  const report = await storeAt(folder).verify()
  expect([report.ok, report.problems]).toEqual([true, []])
  const told = new Set(report.foreign?.map(({ where }) => where))
  for (const name of ['NOTES.md', 'messages/README.md', 'link', 'run.sh', 'runs/0000/000000/NOTES.md'])
    expect(told).toContain(name)
  const shown = await forkpointHere(['show', 's'], { cwd })
  expect([shown.code, shown.stderr]).toEqual([
    0,
    expect.stringContaining('not written by forkpoint: NOTES.md, docs/'),
  ])
  const json = JSON.parse((await forkpointHere(['show', 's', '--json'], { cwd })).stdout)
  expect(json.foreign).toEqual(expect.arrayContaining(['NOTES.md', 'my notes/', 'messages/README.md']))
  const verified = await forkpointHere(['verify'], { cwd })
  expect([verified.code, verified.stderr]).toEqual([
    0,
    expect.stringContaining("'NOTES.md' was not written by forkpoint"),
  ])
})

test('README.md and .gitattributes are written and not read: an edit of them is no damage', async () => {
  const { cwd, folder, state } = await reviewed()
  const first = gitText(folder, ['show', 's/main:README.md'])
  expect(first).toMatch(/^# s\n/)
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  git(clone, ['rm', '--quiet', '.gitattributes'])
  writeFileSync(join(clone, 'README.md'), 'mine\n')
  git(clone, ['add', '--all'])
  git(clone, ['commit', '--quiet', '-m', 'my README'])
  git(clone, ['push', '--quiet', 'origin', 's/main'])
  const store = storeAt(folder)
  const now = (await store.load('s'))!
  expect(now).toEqual(state)
  const report = await store.verify()
  expect([report.ok, report.foreign?.some(({ where }) => where === 'README.md')]).toEqual([true, false])
  const { foreign } = JSON.parse((await forkpointHere(['show', 's', '--json'], { cwd })).stdout)
  expect(foreign).not.toContain('README.md')
  expect((await store.save(now)).id).toBe(await store.resolve('s', 'main'))
  await store.append('s', { messages: [message('m9', 'nine')] })
  const changed = gitText(folder, ['show', '--format=', '--name-only', 's/main'])
  await store.append('s', { messages: [message('m10', 'ten')] })
  const later = gitText(folder, ['show', '--format=', '--name-only', 's/main'])
  expect([changed, later].map((names) => /README|attributes/.test(names))).toEqual([true, false])
  await store.append('s', { set: { title: 'Now' } })
  expect(gitText(folder, ['show', 's/main:README.md'])).toMatch(/^# Now\n/)
  expect(gitText(folder, ['fsck', '--strict'])).toBe('')
})

test('two branches that both went on do not merge silently, and verify and show tell who did it', async () => {
  const { cwd, folder, state } = await reviewed()
  const store = storeAt(folder)
  await store.fork('s', { branch: 'b' })
  await store.append('s', { messages: [message('m2', 'here')] })
  await store.append('s', { messages: [message('m3', 'there')] }, { branch: 'b' })
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  const merge = () => git(clone, ['merge', '--quiet', '-m', 'both', 'origin/s/b'])
  expect(merge).toThrow()
  const unmerged = gitText(clone, ['diff', '--name-only', '--diff-filter=U']).split('\n')
  expect(unmerged).toContain('session.json')
  expect(readFileSync(join(clone, 'session.json'), 'utf8')).not.toContain('<<<<')
  git(clone, ['checkout', '--quiet', '--ours', '.'])
  git(clone, ['add', '--all'])
  git(clone, ['commit', '--quiet', '-m', 'both'])
  git(clone, ['push', '--quiet', 'origin', 's/main'])
  expect((await store.load('s'))?.messages).toHaveLength(state.messages.length + 1)
  const report = await store.verify()
  expect(report.problems).toEqual([])
  expect(report.foreign?.map(({ message }) => message).join()).toContain('merges two lines')
  const shown = await forkpointHere(['show', 's'], { cwd })
  expect([shown.code, shown.stderr]).toEqual([0, expect.stringContaining('merged by another tool')])
})

test('but what stands in the place of ours is damage', async () => {
  const { folder } = await reviewed()
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  git(clone, ['rm', '--quiet', 'messages/0000/000001-user.json'])
  symlinkSync('/etc/passwd', join(clone, 'messages/0000/000001-user.json'))
  git(clone, ['add', '--all'])
  git(clone, ['commit', '--quiet', '-m', 'a link'])
  git(clone, ['push', '--quiet', 'origin', 's/main'])
  await expect(storeAt(folder).load('s')).rejects.toMatchObject({ code: 'CORRUPT' })
  expect((await storeAt(folder).verify()).ok).toBe(false)
})

test('in every folder of a tree they change nothing of what is read, appended, verified or kept', async () => {
  const folder = join(tempFolder(), 'sessions')
  const store = storeAt(folder)
  const run = (id: string) => ({ id, status: 'running', prompt: 'do', startedAt: AT, events: [event(0)] })
  await store.save({ ...emptySession('s'), messages: [message('m0', 'zero')], runs: [run('a'), run('b')] })
  const before = await store.load('s')
  await store.close()
  const strays = addStrays(folder, 's/main')
  const next = storeAt(folder)
  expect(await next.load('s')).toEqual(before)
  expect((await next.load('s', { last: 1 }))?.messages).toEqual(before?.messages)
  expect(await next.runEvents('s', 'b')).toEqual([event(0)])
  await next.append('s', { messages: [message('m1', 'one')], runs: [{ id: 'b', events: [event(1)] }] })
  const now = (await next.load('s'))!
  expect(now.messages.map(({ id }) => id)).toEqual(['m0', 'm1'])
  expect(now.runs.map(({ events }) => events.length)).toEqual([1, 2])
  now.runs.pop()
  await next.save(now)
  expect(await storeAt(folder).load('s')).toEqual(now)
  expect(pathsAt(folder, 's/main', strays)).toEqual(strays)
  const { ok, problems } = await storeAt(folder).verify()
  expect([ok, problems]).toEqual([true, []])
})

test('a merge of two branches that git found nothing wrong with is refused plainly, and verify and show say why', async () => {
  const cwd = tempFolder()
  const folder = join(cwd, 'sessions')
  const store = storeAt(folder, { pages: false })
  interface Notes {
    type: string
    id: string
    notes: unknown[]
  }
  const notes = store.view<Notes>({ type: 'notes', collections: ['notes'] })
  await notes.save({ type: 'notes', id: 's', notes: [{ type: 'a', text: 'zero' }] })
  await store.fork('s', { branch: 'b' })
  await notes.append('s', { notes: [{ type: 'a', text: 'here' }] })
  await notes.append('s', { notes: [{ type: 'b', text: 'there' }] }, { branch: 'b' })
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  git(clone, ['merge', '--quiet', '-m', 'both', 'origin/s/b'])
  git(clone, ['push', '--quiet', 'origin', 's/main'])
  await expect(notes.load('s')).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining(
      "000001-b.json' are two files of one item, as after a merge of two branches",
    ),
  })
  const report = await store.verify()
  expect(report.problems.map(({ where }) => where)).toEqual(['notes/0000/000001-b.json'])
  expect(report.foreign?.map(({ message }) => message).join()).toContain('merges two lines')
  const shown = await forkpointHere(['show', 's'], { cwd })
  expect([shown.code, shown.stderr]).toEqual([1, expect.stringContaining('after a merge of two branches')])
  expect((await forkpointHere(['show', 's/main~1'], { cwd })).code).toBe(0)
  const before = await notes.load('s', { at: 'main~1' })
  expect(before?.notes).toHaveLength(2)
})
