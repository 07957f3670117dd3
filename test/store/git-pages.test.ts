/** Pages of turns: which checkpoints write them, when they go, and what `verify` says of them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const pagesAt = (folder: string, ref = 's/main'): string[] =>
  gitText(folder, ['ls-tree', '-r', '--name-only', ref])
    .split('\n')
    .filter((path) => /-turn-\d+\.md$/.test(path))

const some = (from: number, count: number, text = 'said') =>
  Array.from({ length: count }, (_, n) => message(`m${from + n}`, `${text} ${from + n}`))

const open = () => {
  const folder = tempFolder()
  return { folder, store: storeAt(folder) }
}

test('A turn has one page, of what its steps and its end added; steps have none', async () => {
  const { folder, store } = open()
  await store.save({ ...emptySession('s'), messages: some(0, 1) })
  const handle = await store.open('s')
  await handle.append({ messages: some(1, 1) }, { kind: 'step' })
  await handle.append({ messages: some(2, 1) }, { kind: 'step' })
  expect(pagesAt(folder)).toEqual(['messages/0000/000000-turn-1.md'])
  await handle.append({ messages: some(3, 1) })
  expect(pagesAt(folder)).toEqual(['messages/0000/000000-turn-1.md', 'messages/0000/000001-turn-2.md'])
  const page = gitText(folder, ['show', 's/main:messages/0000/000001-turn-2.md'])
  expect(page.match(/^> .*$/gm)).toEqual(['> said 1', '> said 2', '> said 3'])
  expect(
    gitText(folder, ['log', '--first-parent', '--format=', '--name-only', 's/main', '--', '*-turn-*.md']),
  ).toBe('messages/0000/000001-turn-2.md\nmessages/0000/000000-turn-1.md')
  expect((await store.load('s'))?.messages).toHaveLength(4)
  expect(await store.verify()).toEqual({
    ok: true,
    checkpoints: 4,
    objects: expect.any(Number),
    problems: [],
  })
})

test('A turn that adds no message has no page; a message that is changed is in the page of that turn', async () => {
  const { folder, store } = open()
  await store.save({ ...emptySession('s'), messages: some(0, 2) })
  const handle = await store.open('s')
  await handle.append({ set: { title: 'other' } })
  expect(pagesAt(folder)).toHaveLength(1)
  await handle.append({ messages: [message('m0', 'edited'), ...some(2, 1)] })
  const page = gitText(folder, ['show', 's/main:messages/0000/000002-turn-3.md'])
  expect(page).toContain('## 0 user · 2024-01-01 00:00 · changed\n*was*\n> said 0\n\n*is*\n> edited')
  expect(page).toContain('## 2 user')
  expect(gitText(folder, ['show', 's/main:messages/0000/000000-turn-1.md'])).toContain('> said 0')
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
})

test('A page goes with its first item, so that no folder holds pages alone; whole saves keep the others', async () => {
  const { folder, store } = open()
  let state: NonNullable<Awaited<ReturnType<typeof store.load>>> = {
    ...emptySession('s'),
    messages: some(0, 99),
  }
  await store.save(state)
  for (const [from, count] of [
    [99, 2],
    [101, 3],
  ] as const) {
    state = { ...state, messages: [...state.messages, ...some(from, count)] }
    await store.save(state, { expected: 'any' })
  }
  const all = [
    'messages/0000/000000-turn-1.md',
    'messages/0000/000099-turn-2.md',
    'messages/0001/000101-turn-3.md',
  ]
  expect(pagesAt(folder)).toEqual(all)
  await store.save({ ...state, messages: state.messages.slice(0, 101) }, { expected: 'any' })
  expect(pagesAt(folder)).toEqual(all.slice(0, 2))
  await store.save({ ...state, messages: state.messages.slice(0, 99) }, { expected: 'any' })
  expect(pagesAt(folder)).toEqual(all.slice(0, 1))
  await store.save({ ...state, messages: [] }, { expected: 'any' })
  expect(pagesAt(folder)).toEqual([])
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
  expect((await store.load('s', { at: 'main~3' }))?.messages).toHaveLength(104)
})

test('`pages: false` leaves them out, in views too, and keeps those that are there', async () => {
  const { folder, store } = open()
  await store.save({ ...emptySession('s'), messages: some(0, 1) })
  const without = storeAt(folder, { pages: false })
  await without.append('s', { messages: some(1, 1) })
  const view = without.view<{ id: string; type: string; notes: unknown[] }>({
    type: 'notes',
    collections: ['notes'],
  })
  await view.save({ id: 'n', type: 'notes', notes: ['one'] })
  expect(pagesAt(folder)).toEqual(['messages/0000/000000-turn-1.md'])
  expect(pagesAt(folder, 'n/main')).toEqual([])
  const notes = store.view<{ id: string; type: string; notes: unknown[] }>({
    type: 'notes',
    collections: ['notes'],
  })
  await notes.append('n', { notes: ['two'] })
  expect(pagesAt(folder, 'n/main')).toEqual(['notes/0000/000001-turn-2.md'])
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
  expect(() => storeAt(folder, { pages: 'no' as never })).toThrow(TypeError)
})

test('A fork writes no page, and its next turn one', async () => {
  const { folder, store } = open()
  await store.save({ ...emptySession('s'), messages: some(0, 1) })
  await store.append('s', { messages: some(1, 1) }, { kind: 'step' })
  await store.fork('s', { at: 'main', session: 'f' })
  expect(pagesAt(folder, 'f/main')).toEqual(['messages/0000/000000-turn-1.md'])
  await store.append('f', { messages: some(2, 1) })
  expect(pagesAt(folder, 'f/main')).toHaveLength(2)
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
})

test('A page that says something else is a problem, named by its path, and harms no reader', async () => {
  const { folder, store } = open()
  await store.save({ ...emptySession('s'), messages: some(0, 1) })
  await store.close()
  const path = 'messages/0000/000000-turn-1.md'
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  const page = gitText(folder, ['show', `s/main:${path}`])
  writeFileSync(join(clone, path), `${page.replace('said 0', 'never said')}\n`)
  // As if forkpoint had written it: the message with its trailers stays.
  git(clone, ['commit', '--quiet', '--all', '--amend', '--no-edit'])
  git(clone, ['push', '--quiet', '--force', 'origin', 'HEAD:s/main'])
  const again = storeAt(folder)
  const report = await again.verify()
  expect(report.ok).toBe(false)
  expect(report.problems).toEqual([
    { session: 's', where: path, message: expect.stringMatching(/says something else.*Nothing is lost/) },
  ])
  expect(report.checkpoints).toBe(1)
  expect((await again.load('s'))?.messages).toEqual(some(0, 1))
})

test('A page that another tool wrote is foreign; one of another renderer is left alone', async () => {
  const { folder, store } = open()
  await store.save({ ...emptySession('s'), messages: some(0, 2) })
  await store.close()
  const clone = join(tempFolder(), 'clone')
  git(folder, ['clone', '--quiet', '--branch', 's/main', folder, clone])
  writeFileSync(join(clone, 'messages/0000/000001-turn-7.md'), '<!-- forkpoint page 1 -->\n\nforged\n')
  writeFileSync(join(clone, 'messages/0000/000001-turn-8.md'), '<!-- forkpoint page 2 -->\n\nnewer\n')
  git(clone, ['add', '--all'])
  git(clone, ['commit', '--quiet', '-m', 'forged'])
  git(clone, ['push', '--quiet', 'origin', 's/main'])
  const again = storeAt(folder)
  const { ok, foreign = [] } = await again.verify()
  expect(ok).toBe(true)
  expect(foreign.map(({ where }) => where)).toEqual(['messages/0000/000001-turn-7.md'])
  expect((await again.load('s'))?.messages).toHaveLength(2)
})

test('Whatever is saved, appended, cut and changed, verify makes the same pages', async () => {
  const change = fc.record({
    whole: fc.boolean(),
    step: fc.boolean(),
    keep: fc.double({ min: 0, max: 1, noNaN: true }),
    add: fc.integer({ min: 0, max: 3 }),
    edit: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      const { store } = open()
      let count = 2
      let next = 100
      await store.save({ ...emptySession('s'), messages: some(0, count) })
      for (const { whole, step, keep, add, edit } of changes) {
        const state = (await store.load('s'))!
        const kept = whole ? Math.round(count * keep) : count
        next += 10
        const fresh = some(next, add)
        const old = state.messages.slice(0, kept)
        const messages = edit
          ? old.map((one, n) => (n === 1 ? { ...one, content: `edit ${next}` } : one))
          : old
        const options = { kind: step ? ('step' as const) : ('save' as const), expected: 'any' as const }
        if (whole) await store.save({ ...state, messages: [...messages, ...fresh] }, options)
        else
          await store.append(
            's',
            { messages: [...messages.filter((_, n) => edit && n === 1), ...fresh] },
            options,
          )
        count = kept + add
      }
      const report = await store.verify()
      expect([report.problems, report.foreign]).toEqual([[], undefined])
      await store.close()
    }),
    { numRuns: 15 },
  )
})

test('A page has what sub-agents said in the turn, once, whether the turn has steps or not', async () => {
  const { folder, store } = open()
  const said = (sequence: number, text: string) => ({
    sequence,
    at: '2024-01-01T00:00:00.000Z',
    type: 'assistant',
    source: { line: sequence, fields: { message: { role: 'assistant', content: text } } },
  })
  const run = {
    id: 'a',
    status: 'running',
    prompt: 'go',
    startedAt: '2024-01-01T00:00:00.000Z',
    agent: { id: 'a' },
  }
  await store.save(emptySession('s'))
  const handle = await store.open('s')
  await handle.append({ messages: some(0, 1), runs: [{ ...run, events: [said(0, 'first word')] }] })
  await handle.append({ runs: [{ ...run, events: [said(1, 'second word')] }] }, { kind: 'step' })
  await handle.append({ messages: some(1, 1), runs: [{ ...run, events: [said(2, 'third word')] }] })
  await handle.append({ messages: some(2, 1), runs: [{ ...run, status: 'completed', events: [] }] })
  const pages = pagesAt(folder).map((path) => gitText(folder, ['show', `s/main:${path}`]))
  expect(pages.map((page) => page.match(/\w+ word/g))).toEqual([
    ['first word'],
    ['second word', 'third word'],
    null,
  ])
  expect(pages[0]).toContain('## sub-agent `a`\n\n### assistant · 2024-01-01 00:00\n> first word')
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
  await store.close()
})
