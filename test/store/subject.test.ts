import { describe, expect, test } from 'vitest'
import { cleanBody, forkSubject, oneLine } from '../../src/checkpoints/commits/text.ts'
import { changesBetween } from '../../src/store/changes.ts'
import { defaultSubject } from '../../src/store/subject.ts'

const collections = ['messages', 'runs']
type State = Record<string, unknown>
const subject = (before: State | undefined, after: State, kind = 'save', seq = 3) =>
  defaultSubject({ kind, seq }, changesBetween(before, after, collections), after)
const messages = (...contents: unknown[]) => ({
  messages: contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })),
})

describe('the subject of a checkpoint', () => {
  test('is the first user message that was added', () => {
    expect(subject({}, messages('Read and analyze the codebase', 'Sure'))).toBe(
      'turn 3: Read and analyze the codebase',
    )
    expect(subject(messages('old'), messages('old', 'An answer', 'Then do it'))).toBe('turn 3: Then do it')
    expect(subject({}, messages('Look'), 'step')).toBe('step: Look')
  })

  test('is the last message that was added when no user spoke', () => {
    expect(subject(messages('old'), messages('old', 'The answer'))).toBe('turn 3: The answer')
  })

  test.each([
    [{ role: 'assistant', content: '', parts: [{ type: 'text', text: 'From parts' }] }, 'From parts'],
    [{ role: 'assistant', content: [{ type: 'text', text: 'Blocks' }] }, 'Blocks'],
    [{ role: 'assistant', parts: [{ type: 'tool-call', toolName: 'read_file' }] }, 'read_file'],
    [{ role: 'tool', content: '' }, 'tool message'],
    [{ text: 'Other shapes' }, 'Other shapes'],
    ['just text', 'just text'],
    [42, 'message'],
  ])('finds the text of %j', (message, text) => {
    expect(subject({}, { messages: [message] })).toBe(`turn 3: ${text}`)
  })

  test.each<[string, State | undefined, State, string]>([
    ['the status', { status: 'idle' }, { status: 'running', title: 'x' }, 'status running'],
    ['the title', {}, { title: 'A review' }, 'title A review'],
    ['other fields', { usage: {}, metadata: {} }, { usage: { a: 1 } }, 'changed metadata, usage'],
    ['a run', { runs: [] }, { runs: [{ id: 'r1' }] }, 'run r1'],
    ['a collection', { messages: [1, 2] }, { messages: [1] }, 'changed messages'],
    ['the beginning', undefined, { id: 's1' }, 'start'],
    ['nothing', { updatedAt: 'a' }, { updatedAt: 'b' }, 'nothing changed'],
  ])('else tells of %s', (_, before, after, text) => {
    expect(subject(before, after)).toBe(`turn 3: ${text}`)
  })

  test('is one line without control or bidirectional characters', () => {
    expect(subject({}, messages('a\n\n b\t\u001b[31mc\u202e d\u0000\u2066'))).toBe('turn 3: a b [31mc d')
  })

  test('is cut between words at 72 characters', () => {
    const long = subject({}, messages('word '.repeat(50)))
    expect(long).toBe(`turn 3: ${'word '.repeat(12).trim()}…`)
    expect([...long].length).toBeLessThanOrEqual(72)
    expect([...subject({}, messages('x'.repeat(100)))].length).toBe(72)
    expect([...subject({}, messages('😀'.repeat(100)))].length).toBe(72)
    expect(subject({}, messages('😀'.repeat(100))).isWellFormed()).toBe(true)
    expect(subject({}, messages('x'.repeat(64)))).toBe(`turn 3: ${'x'.repeat(64)}`)
  })

  test('of a fork names its source', () => {
    const id = 'abcdef0123456789abcdef0123456789abcdef01'
    expect(forkSubject('my-review', id)).toBe('fork of my-review at abcdef0123')
    const long = forkSubject('s'.repeat(300), id)
    expect(long).toHaveLength(72)
    expect(long.endsWith('… at abcdef0123')).toBe(true)
  })
})

test('text on one line', () => {
  expect(oneLine('  a \r\n b \u2028c\u200e ')).toBe('a b c')
  expect(oneLine('\ud800x')).toBe('\ufffdx')
})

test('a body keeps its lines and nothing that plays with a terminal', () => {
  expect(cleanBody('\n\n a  \r\nb\r\n\r\n\tc\u001b[2J\u202e\n\n')).toBe(' a\nb\n\n\tc[2J')
})
