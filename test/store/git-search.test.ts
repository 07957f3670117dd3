/** Search over sessions, branches and times. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesAround } from '../../src/store/search/lines.ts'
import type { SearchMatch, SearchOptions } from '../../src/store/search/search.ts'
import { Words } from '../../src/store/search/words.ts'
import { tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const open = () => storeAt(tempFolder())

async function found(
  store: ReturnType<typeof open>,
  words: string | string[],
  options: SearchOptions = {},
): Promise<SearchMatch[]> {
  const all: SearchMatch[] = []
  for await (const match of store.search([words].flat(), options)) all.push(match)
  return all
}

const places = (matches: readonly SearchMatch[]): string[] =>
  matches.map(({ session, branch, seq, index }) => `${session}/${branch} ${seq} #${index}`)

const day = (n: number) => Date.UTC(2024, 0, n)

async function three() {
  const store = open()
  await store.save({ ...emptySession('a'), messages: [message('1', 'the first apple')] }, { at: day(1) })
  await store.save({ ...emptySession('b'), messages: [message('1', 'an apple tree')] }, { at: day(2) })
  await store.append('a', { messages: [message('2', 'no fruit'), message('3', 'Apple pie')] }, { at: day(3) })
  await store.fork('a', { at: 'main~1', branch: 'other' })
  await store.append('a', { messages: [message('4', 'apple juice')] }, { branch: 'other', at: day(4) })
  return store
}

test('finds what was said in every session and branch once, newest first', async () => {
  const store = await three()
  expect(places(await found(store, 'apple'))).toEqual([
    'a/other 2 #1',
    'a/main 2 #2',
    'b/main 1 #0',
    'a/main 1 #0',
  ])
  expect(places(await found(store, 'apple', { oldestFirst: true }))[0]).toBe('a/main 1 #0')
  expect(places(await found(store, ['apple', 'tree']))).toEqual(['b/main 1 #0'])
  expect(places(await found(store, 'Apple'))).toEqual(['a/main 2 #2'])
  expect(places(await found(store, 'apple', { session: 'b' }))).toEqual(['b/main 1 #0'])
  expect(places(await found(store, 'apple', { since: day(3) }))).toEqual(['a/other 2 #1', 'a/main 2 #2'])
  expect(places(await found(store, 'apple', { until: day(1) }))).toEqual(['a/main 1 #0'])
  expect(await found(store, 'apple', { type: 'chat' })).toEqual([])
  expect(await found(store, 'pear')).toEqual([])
  await expect(found(store, ' ')).rejects.toThrow(TypeError)
  await expect(found(store, 'apple', { session: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('finds what was taken back later, and an answer that only its steps saved', async () => {
  const store = open()
  await store.save({ ...emptySession('a'), messages: [message('1', 'a secret plan')] })
  await store.save({ ...emptySession('a'), messages: [] }, { expected: 'any' })
  expect(places(await found(store, 'secret'))).toEqual(['a/main 1 #0'])
  await store.append('a', { messages: [message('2', 'halfway there')] }, { kind: 'step' })
  expect(places(await found(store, 'halfway'))).toEqual(['a/main 3 #0'])
  await store.append('a', { messages: [message('3', 'done')] })
  expect(places(await found(store, 'halfway'))).toEqual(['a/main 3 #0'])
})

test('tells what people said from what tools got and gave, long outputs included', async () => {
  const store = open()
  const long = `${'line\n'.repeat(3000)}the needle "quoted"\n${'line\n'.repeat(3000)}`
  const parts = [
    { type: 'text', text: 'I look for the needle' },
    { type: 'tool-call', toolCallId: 'c', toolName: 'bash', input: { command: 'grep needle' } },
  ]
  const output = { type: 'text', value: long }
  const result = [{ type: 'tool-result', toolCallId: 'c', toolName: 'bash', output }]
  const assistant = { ...message('1', 'I look for the needle'), role: 'assistant' as const, parts }
  const tool = { ...message('2', ''), role: 'tool' as const, parts: result }
  await store.save({ ...emptySession('a'), messages: [assistant, tool] })
  const kinds = async (options: SearchOptions) =>
    (await found(store, 'needle', options)).map(({ kind }) => kind)
  expect(await kinds({})).toEqual(['result', 'text', 'call'])
  expect(await kinds({ in: 'said' })).toEqual(['text'])
  expect(await kinds({ in: 'tools' })).toEqual(['result', 'call'])
  expect(await kinds({ role: 'assistant' })).toEqual(['text', 'call'])
  expect(await kinds({ tool: 'bash' })).toEqual(['result', 'call'])
  expect(await kinds({ tool: 'Bash' })).toEqual(['result', 'call'])
  expect(await kinds({ tool: 'other' })).toEqual([])
  const [match] = await found(store, 'needle "quoted"')
  expect(match).toMatchObject({ tool: 'bash', role: 'tool', index: 1, id: '2' })
  expect(match!.lines.map(({ number, text }) => `${number} ${text}`)).toEqual(
    ['3000 line', '3001 the needle "quoted"', '3002 line'].map((line) => line),
  )
})

test('finds what a sub-agent said, once, though its run was saved several times', async () => {
  const store = open()
  const said = (sequence: number, text: string) => ({
    sequence,
    at: '2024-01-01T00:00:00.000Z',
    type: 'assistant',
    source: { line: sequence, fields: { message: { role: 'assistant', content: text } } },
  })
  const run = {
    id: 'r',
    status: 'running',
    prompt: 'go',
    startedAt: '2024-01-01T00:00:00.000Z',
    agent: { id: 'x' },
  }
  await store.save(emptySession('a'))
  await store.append('a', { runs: [{ ...run, events: [said(0, 'a rare word')] }] })
  await store.append('a', { runs: [{ ...run, events: [said(1, 'and more')] }] })
  expect(await found(store, 'rare')).toMatchObject([
    { collection: 'runs', index: 0, agent: 'x', role: 'assistant' },
  ])
})

test('A file that cannot have the words is never taken for one that can', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aAbB "\\\n\té😀ß'), minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(text, fc.array(text, { minLength: 1, maxLength: 2 }), (around, asked) => {
      fc.pre(asked.every((word) => word.trim() !== ''))
      const words = new Words(asked)
      const whole = around + asked.join(around)
      const isThere = words.placesIn(whole) !== undefined
      if (isThere) expect(words.mayBeIn([Buffer.from(JSON.stringify({ whole }))])).toBe(true)
      if (isThere) expect(words.mayBeIn([Buffer.from(whole)])).toBe(true)
    }),
  )
})

test('A long line is cut around what was found', () => {
  const [line] = linesAround(`${'x'.repeat(1000)}here${'y'.repeat(1000)}`, [{ start: 1000, end: 1004 }], 1)
  expect(line!.text.length).toBeLessThan(260)
  const [{ start, end } = { start: 0, end: 0 }] = line!.found
  expect(line!.text.slice(start, end)).toBe('here')
  expect(line!.text).toMatch(/^…x+here/)
})

test('A search for something else than a list of words says what it takes', async () => {
  const store = storeAt(tempFolder())
  await store.save(emptySession('a'))
  for (const words of ['timeout', [], [' '], [1], undefined] as unknown as string[][])
    await expect(store.search(words).next()).rejects.toThrow(TypeError)
  await expect(store.search('timeout' as unknown as string[]).next()).rejects.toThrow('a list of words')
})
