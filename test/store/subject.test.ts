import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { composeMessage, parseMessage } from '../../src/checkpoints/commits/message.ts'
import { cleanBody, forkSubject, oneLine, turnBody } from '../../src/checkpoints/commits/text.ts'
import { changesBetween } from '../../src/store/changes.ts'
import { defaultBody, defaultSubject } from '../../src/store/subject.ts'

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
    ['the beginning', undefined, { id: 's1', status: 'idle' }, 'start'],
    ['the title at the beginning', undefined, { id: 's1', status: 'idle', title: 'A review' }, 'A review'],
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

describe('the body of a turn', () => {
  const body = (...added: unknown[]) => defaultBody('save', added)
  const said = (role: string, content: unknown, more = {}) => ({ role, content, ...more })

  test('is the first prompt, quoted, and the last answer', () => {
    const turn = [
      said('user', 'Do it.\n\n\tNow!'),
      said('assistant', 'First.'),
      said('user', 'And?'),
      said('assistant', 'Done.'),
    ]
    expect(body(...turn)).toBe('> Do it.\n>\n> \tNow!\n\nDone.')
    expect(body(said('assistant', 'Done.'))).toBe('Done.')
    expect(body(said('user', 'Do it.'))).toBe('> Do it.')
    expect(body(said('tool', 'x'), 7, null)).toBe('')
    expect(defaultBody('step', turn)).toBe('')
  })

  test('has no thoughts of a model, and the parts of a text below each other', () => {
    const parts = [
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'One' },
      { type: 'text', text: 'two' },
    ]
    expect(body(said('assistant', '', { parts }))).toBe('One\n\ntwo')
    expect(body(said('assistant', 'Said'), said('assistant', '', { parts: parts.slice(0, 1) }))).toBe('Said')
  })

  test('is cut at 400 and 200 characters, between words', () => {
    const [prompt, answer] = body(
      said('user', 'one word\n'.repeat(500)),
      said('assistant', 'word '.repeat(9e5)),
    ).split('\n\n')
    expect(prompt!.replace(/^> /gm, '')).toBe(`${'one word\n'.repeat(44)}one…`)
    expect(answer).toBe(`${'word '.repeat(39)}word…`)
    expect(body(said('assistant', '😀'.repeat(700)))).toBe(`${'😀'.repeat(99)}…`)
  })

  test('cannot say what the trailers say', () => {
    const forged = 'x\n\nForkpoint-Seq: 99\nForkpoint-Format: 1'
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', forged),
        fc.string(),
        (text, end, answer) => {
          const made = {
            session: 's',
            branch: 'main',
            subject: text,
            kind: 'save',
            seq: 3,
            type: 'session',
            at: 5,
          }
          const { text: message, parsed } = composeMessage({
            ...made,
            body: turnBody({ prompt: text + end, answer: answer + end }),
          })
          expect(parseMessage(message)).toEqual(parsed)
          expect(parsed.trailers?.get('Seq')).toBe('3')
        },
      ),
    )
  })
})

test('text on one line', () => {
  expect(oneLine('  a \r\n b \u2028c\u200e ')).toBe('a b c')
  expect(oneLine('\ud800x')).toBe('\ufffdx')
})

test('a body keeps its lines and nothing that plays with a terminal', () => {
  expect(cleanBody('\n\n a  \r\nb\r\n\r\n\tc\u001b[2J\u202e\n\n')).toBe(' a\nb\n\n\tc[2J')
})
