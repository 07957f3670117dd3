import { describe, expect, test } from 'vitest'
import { decodeHead, decodeItem, sessionLayout } from '../../src/codec/index.ts'
import { CorruptError } from '../../src/errors.ts'
import { newMessage, newRun, newSession } from '../../src/state/index.ts'
import { decodeDocument, encodeDocument } from '../support/documents.ts'

const item = 'messages/0000/000000-user.json'

const tree = (files: Record<string, string | Uint8Array>): Map<string, Uint8Array> =>
  new Map(Object.entries({ 'session.json': '{}', ...files }).map(([path, text]) => [path, Buffer.from(text)]))

function corruption(work: () => unknown): CorruptError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptError)
    return error as CorruptError
  }
  throw new Error('was not refused')
}

const long = 'line\n'.repeat(20_000)

describe('a tree that forkpoint did not write is corrupt, and the error names the file', () => {
  test.each<[string, Record<string, string | Uint8Array>, string?]>([
    ['a file of its own at the top', { 'NOTES.md': 'hi' }, 'NOTES.md'],
    ['a folder of its own', { 'docs/a.md': 'hi' }, 'docs/a.md'],
    ['a folder that is no name', { '__proto__/0000/000000.json': '1' }, '__proto__/0000/000000.json'],
    ['a way out', { '../x/0000/000000.json': '1' }, '../x/0000/000000.json'],
    ['a .git entry', { '.git/0000/000000.json': '1' }, '.git/0000/000000.json'],
    ['no number', { 'messages/0000/first.json': '1' }, 'messages/0000/first.json'],
    ['a number too short', { 'messages/0000/0.json': '1' }, 'messages/0000/0.json'],
    ['a number too long', { 'messages/0000/0000000.json': '1' }, 'messages/0000/0000000.json'],
    ['an item in a wrong folder', { 'messages/0001/000000.json': '1' }, 'messages/0001/000000.json'],
    ['a folder too short', { 'messages/0/000000.json': '1' }, 'messages/0/000000.json'],
    ['an item without a folder', { 'messages/000000.json': '1' }, 'messages/000000.json'],
    ['an item too deep', { 'runs/0000/000000/a/b/run.json': '1' }, 'runs/0000/000000/a/b/run.json'],
    [
      'an item where events are',
      { 'runs/0000/000000/events/run.json': '1' },
      'runs/0000/000000/events/run.json',
    ],
    ['another extension', { 'messages/0000/000000-user.yaml': '1' }, 'messages/0000/000000-user.yaml'],
    ['a label that is none', { 'messages/0000/000000-Üser.json': '1' }, 'messages/0000/000000-Üser.json'],
    [
      'two items of one number',
      { [item]: '1', 'messages/0000/000000-tool.json': '2' },
      'messages/0000/000000-tool.json',
    ],
    [
      'an item twice over',
      { [item]: '1', 'messages/0000/000000/run.json': '{}' },
      'messages/0000/000000/run.json',
    ],
    [
      'only what stands beside',
      { 'messages/0000/000000-user.1.txt': 'x' },
      'messages/0000/000000-user.1.txt',
    ],
    [
      'what stands beside nothing',
      { [item]: '1', 'messages/0000/000000-tool.1.txt': 'x' },
      'messages/0000/000000-tool.1.txt',
    ],
    ['a gap', { [item]: '1', 'messages/0000/000002.json': '1' }, 'messages/0000'],
    ['no first item', { 'messages/0000/000001.json': '1' }, 'messages/0000'],
    ['a million items, but one', { 'messages/99xxxx/9999/999999.json': '1' }, 'messages/0000'],
    ['a collection twice over', { 'session.json': '{"messages":[]}', [item]: '1' }, 'session.json'],
    ['a key twice over', { 'session.json': '{"model":1}', 'config.json': '{"model":2}' }, 'config.json'],
    ['a session that is no object', { 'session.json': '[]' }, 'session.json'],
    ['a config that is no object', { 'config.json': 'null' }, 'config.json'],
    ['a session that is no JSON', { 'session.json': '{"id":' }, 'session.json'],
    ['an item that is no JSON', { [item]: 'hello' }, item],
    ['an empty item', { [item]: '' }, item],
    ['text that is no UTF-8', { [item]: Buffer.from([0x22, 0xff, 0x22]) }, item],
    [
      'a log of two names',
      {
        'runs/0000/000000/run.json': '{}',
        'runs/0000/000000/a/000000.jsonl': '1\n',
        'runs/0000/000000/b/000000.jsonl': '1\n',
      },
      'runs/0000/000000/b/000000.jsonl',
    ],
    [
      'a log twice over',
      { 'runs/0000/000000/run.json': '{"events":[]}', 'runs/0000/000000/events/000000.jsonl': '1\n' },
      'runs/0000/000000/run.json',
    ],
    [
      'a log in no object',
      { 'runs/0000/000000/run.json': '[]', 'runs/0000/000000/events/000000.jsonl': '1\n' },
      'runs/0000/000000/run.json',
    ],
    [
      'a log of no segment',
      { 'runs/0000/000000/run.json': '{}', 'runs/0000/000000/events/000000.1.txt': '1' },
      'runs/0000/000000/events/000000.jsonl',
    ],
    [
      'a log named __proto__',
      { 'runs/0000/000000/run.json': '{}', 'runs/0000/000000/__proto__/000000.jsonl': '1\n' },
      'runs/0000/000000/__proto__/000000.jsonl',
    ],
  ])('%s', (_, files, file) => {
    expect(corruption(() => decodeDocument(tree(files))).file).toBe(file)
  })

  test('no session.json', () => {
    const files = tree({ [item]: '1' })
    files.delete('session.json')
    expect(corruption(() => decodeDocument(files)).file).toBe('session.json')
    expect(corruption(() => decodeHead(new Map())).file).toBe('session.json')
    expect(corruption(() => decodeItem(new Map())).file).toBeUndefined()
  })
})

describe('a marker that forkpoint did not write is corrupt', () => {
  test.each([
    ['{"$lines":"a"}'],
    ['{"$lines":[]}'],
    ['{"$lines":["a",1]}'],
    ['{"$lines":["a"],"more":1}'],
    ['{"more":1,"$lines":["a"]}'],
    ['{"$lines":["a"],"$file":"000000-user.1.txt"}'],
    ['{"$parts":"text"}'],
    ['{"content":{"$parts":"all"}}'],
    ['{"content":{"$parts":"text"}}'],
    ['{"content":{"$parts":"text"},"parts":"x"}'],
    ['{"deep":{"content":{"$parts":"text"},"parts":[]}}'],
    ['{"$file":"000000-user.1.txt","encoding":"utf8"}'],
    ['{"$file":"000000-user.1.txt","encoding":"base64"}'],
    ['{"$file":"000000-user.1.bin"}'],
    ['{"$file":"000000-user.2.txt"}'],
    ['{"$file":"000000-user.01.txt"}'],
    ['{"$file":"000000-user.json"}'],
    ['{"$file":"000001-tool.1.txt"}'],
    ['{"$file":"../0000/000000-user.1.txt"}'],
    ['{"$file":"messages/0000/000000-user.1.txt"}'],
    ['{"$file":"/etc/passwd"}'],
    ['{"$file":""}'],
    ['{"$file":1}'],
    ['{"$file":null}'],
    ['{"$file":["000000-user.1.txt"]}'],
    ['{"$file":"000000-user.1.txt","__proto__":{}}'],
  ])('%s', (text) => {
    const files = tree({
      [item]: text,
      'messages/0000/000000-user.1.txt': 'x',
      'messages/0000/000000-user.1.bin': 'x',
      'messages/0000/000001-tool.json': '1',
      'messages/0000/000001-tool.1.txt': 'x',
    })
    corruption(() => decodeDocument(files))
  })

  test('the file it leads to is named when it is missing or no text', () => {
    const beside = 'messages/0000/000000-user.1.txt'
    const files = tree({ [item]: '{"$file":"000000-user.1.txt"}' })
    expect(corruption(() => decodeDocument(files)).file).toBe(beside)
    files.set(beside, Buffer.from([0xff]))
    expect(corruption(() => decodeDocument(files)).file).toBe(beside)
    files.set(beside, Buffer.from('fine'))
    expect(decodeDocument(files)).toEqual({ messages: ['fine'] })
  })
})

describe('hostile depth', () => {
  const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

  test.each([515, 5_000, 1_000_000])('of %i levels is corrupt, and no stack overflows', (levels) => {
    const trees: Record<string, string>[] = [
      { 'session.json': `{"a":${deep(levels)}}` },
      { [item]: deep(levels) },
      { [item]: `{"$lines":${deep(levels)}}` },
      { [item]: `{"a":"\\"$",  "b":${deep(levels).replaceAll('[', '{"a":[').replaceAll(']', ']}')}}` },
      { 'runs/0000/000000/run.json': '{}', 'runs/0000/000000/events/000000.jsonl': `1\n${deep(levels)}\n` },
    ]
    for (const files of trees) corruption(() => decodeDocument(tree(files)))
  })

  test('is not seen in text that only looks deep', () => {
    const text = '[{'.repeat(5_000)
    const files = encodeDocument(
      { id: 'a', text, list: Array.from({ length: 5_000 }, () => []) },
      sessionLayout,
    )
    expect(decodeDocument(files)).toMatchObject({ text })
  })
})

describe('what somebody else changed within bounds is read', () => {
  const session = newSession('s', {
    messages: [newMessage('user', long), newMessage('tool', 'short')],
    runs: [newRun('go')],
  })

  test('another label: readers go by the number', () => {
    const files = new Map<string, Uint8Array>()
    for (const [path, bytes] of encodeDocument(session, sessionLayout)) {
      files.set(path.replace('000001-tool', '000001'), bytes)
    }
    expect(decodeDocument(files)).toEqual(session)
  })

  test('other white space, other key order, a file beside that nothing leads to', () => {
    const files = encodeDocument(session, sessionLayout)
    files.set(
      'session.json',
      Buffer.from(` ${JSON.stringify(decodeHead(new Map([['session.json', files.get('session.json')!]])))}`),
    )
    files.set('messages/0000/000001-tool.1.txt', Buffer.from('x'))
    expect(decodeDocument(files)).toEqual(session)
  })

  test('bytes that are no Buffer', () => {
    const files = new Map<string, Uint8Array>()
    for (const [path, bytes] of encodeDocument(session, sessionLayout)) files.set(path, new Uint8Array(bytes))
    expect(decodeDocument(files)).toEqual(session)
  })
})
