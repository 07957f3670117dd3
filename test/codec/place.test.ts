import { describe, expect, test } from 'vitest'
import {
  encodeHead,
  encodeItem,
  folderName,
  genericLayout,
  itemPlace,
  numbered,
  parseFolderName,
  parseItemName,
  parseSegmentName,
  sessionLayout,
} from '../../src/codec/index.ts'
import { isRootFile } from '../../src/codec/root-files.ts'
import { newMessage, newRun, newSession } from '../../src/state/index.ts'
import { encodeDocument } from '../support/documents.ts'

describe('the place of an item', () => {
  test.each([
    [0, 'messages/0000', '000000'],
    [99, 'messages/0000', '000099'],
    [100, 'messages/0001', '000100'],
    [123_456, 'messages/1234', '123456'],
    [999_999, 'messages/9999', '999999'],
    [1_000_000, 'messages/10000', '1000000'],
  ])('%i follows from its number alone, and back', (index, folder, stem) => {
    expect(itemPlace('messages', index)).toEqual({ folder, stem })
    for (const name of [stem, `${stem}.json`, `${stem}-user.json`, `${stem}-user.12.txt`, `${stem}.1.bin`]) {
      expect(parseItemName(name)).toBe(index)
    }
    expect(parseFolderName(folderName(index))).toBe(Math.floor(index / 100))
    expect(parseSegmentName(`${numbered(index)}.jsonl`)).toBe(index)
    expect(parseSegmentName(`${numbered(index)}.3.txt`)).toBe(index)
  })

  test.each([
    '',
    '0.json',
    '00000.json',
    '0000000.json',
    '0100000.json',
    '-00001.json',
    '000000user.json',
    '000000-.json',
    '000000-User.json',
    '000000-a.b.json',
    `000000-${'a'.repeat(25)}.json`,
    '000000.json.bak',
    '000000.jsonl',
    '000000.txt',
    '000000.0.txt',
    '000000.1.md',
    ' 000000.json',
    '000000.json\n',
    '١٢٣٤٥٦.json',
    '9999999999999999999999.json',
  ])('is not in the name %j', (name) => {
    expect(parseItemName(name)).toBeUndefined()
  })

  test('is not in other names of folders and segments', () => {
    for (const name of ['', '0', '000', '00000', '01234', 'a000', '0000x'])
      expect(parseFolderName(name)).toBeUndefined()
    for (const name of ['000000', '000000.json', '00000.jsonl', '000000-x.jsonl', '000000.1.jsonl']) {
      expect(parseSegmentName(name)).toBeUndefined()
    }
  })
})

describe('the label of an item', () => {
  const layout = genericLayout('t', ['items'])
  const fileOf = (item: unknown): string | undefined => [...encodeItem(layout, 'items', 0, item).keys()][0]

  test.each([
    [{ role: 'user' }, '-user'],
    [{ role: 'user', type: 'note' }, '-user'],
    [{ type: 'file-history-snapshot' }, '-file-history-snapshot'],
    [{ role: null, type: 'note' }, '-note'],
    [{ role: 5, type: 'note' }, ''],
    [{ role: '' }, ''],
    [{ role: '../Ünd/ 1_x' }, '-nd1_x'],
    [{ role: '☃' }, ''],
    [{ role: 'TOOL' }, '-tool'],
    [{ role: 'a'.repeat(1000) }, `-${'a'.repeat(24)}`],
    [{ role: '.json' }, '-json'],
    [{ id: 'x' }, ''],
    ['user', ''],
    [null, ''],
    [[], ''],
  ])('of %j is %j', (item, label) => {
    expect(fileOf(item)).toBe(`items/0000/000000${label}.json`)
  })
})

describe('the files of a document', () => {
  const keys = (map: ReadonlyMap<string, Uint8Array>): string[] =>
    [...map.keys()].filter((path) => !isRootFile(path))
  const value = (map: ReadonlyMap<string, Uint8Array>, path: string): unknown =>
    JSON.parse(Buffer.from(map.get(path) ?? []).toString())

  test('are just session.json and config.json for a new session', () => {
    const files = encodeDocument(newSession('s'), sessionLayout)
    expect(keys(files)).toEqual(['session.json', 'config.json'])
    expect(value(files, 'session.json')).toMatchObject({ messages: [], runs: [] })
    expect(value(files, 'config.json')).toEqual({ config: {} })
  })

  test('have no config.json when there is nothing for it', () => {
    const layout = genericLayout('t', ['items'])
    expect(keys(encodeDocument({ id: 'a', config: undefined, model: 'm', items: [] }, layout))).toEqual([
      'session.json',
    ])
    expect(keys(encodeDocument({ config: 0 }, layout))).toEqual(['session.json', 'config.json'])
  })

  test('keep workspace, model and config of a session apart from what changes often', () => {
    const session = newSession('s', { workspace: '/w', model: 'm', config: { autoSave: true } })
    const files = encodeHead(session, sessionLayout)
    expect(value(files, 'config.json')).toEqual({ workspace: '/w', model: 'm', config: { autoSave: true } })
    expect(Object.keys(value(files, 'session.json') as object)).toEqual([
      'schemaVersion',
      'type',
      'id',
      'status',
      'createdAt',
      'updatedAt',
      'metadata',
      'messages',
      'runs',
      'usage',
    ])
  })

  test('leave out the collections that are folders, seen or told', () => {
    const session = newSession('s', { messages: [newMessage('user', '')] })
    const head = value(encodeHead(session, sessionLayout), 'session.json')
    expect(head).not.toHaveProperty('messages')
    expect(head).toHaveProperty('runs', [])
    expect(value(encodeHead(session, sessionLayout, ['runs']), 'session.json')).not.toHaveProperty('runs')
  })

  test('put what is long beside the file that holds it', () => {
    const long = 'line\n'.repeat(20_000)
    const binary = Buffer.alloc(5000).toString('base64')
    const session = newSession('s', {
      title: long,
      config: { systemPrompt: long, icon: binary },
      messages: [newMessage('user', long, { more: [long, binary] })],
      runs: [newRun(long)],
    })
    expect(keys(encodeDocument(session, sessionLayout))).toEqual([
      'session.json',
      'session.1.txt',
      'config.json',
      'config.1.txt',
      'config.2.bin',
      'messages/0000/000000-user.json',
      'messages/0000/000000-user.1.txt',
      'messages/0000/000000-user.2.txt',
      'messages/0000/000000-user.3.bin',
      'runs/0000/000000/run.json',
      'runs/0000/000000/run.1.txt',
    ])
  })

  test('start at the thresholds that the format names', () => {
    const layout = genericLayout('t', ['items'])
    const count = (item: string): number => encodeItem(layout, 'items', 0, item).size - 1
    const base64 = (bytes: number): string => Buffer.alloc(bytes, 3).toString('base64')
    expect([count('-'.repeat(4096)), count('-'.repeat(4097))]).toEqual([0, 1])
    expect([count('é'.repeat(2048)), count(`${'é'.repeat(2048)}-`)]).toEqual([0, 1])
    expect([count(base64(3072)), count(base64(3073)), count(base64(3074)), count(base64(3075))]).toEqual([
      0, 1, 1, 1,
    ])
  })

  test('say a content only once where the parts say it all', () => {
    const content = (parts: unknown, text: unknown = 'a b') =>
      value(
        encodeItem(sessionLayout, 'messages', 0, { role: 'user', content: text, parts }),
        'messages/0000/000000-user.json',
      )
    const derived = { content: { $parts: 'text' } }
    expect(content([{ type: 'text', text: 'a b' }])).toMatchObject(derived)
    expect(
      content([{ type: 'text', text: 'a ' }, { type: 'image' }, { type: 'text', text: 'b' }]),
    ).toMatchObject(derived)
    expect(content([{ type: 'image' }], '')).toMatchObject(derived)
    expect(content([null, 1, { type: 'text', text: 1 }], '')).toMatchObject(derived)
    expect(content([], '')).toMatchObject({ content: '' })
    expect(content([{ type: 'text', text: 'a' }])).toMatchObject({ content: 'a b' })
    expect(content({ length: 1 }, '')).toMatchObject({ content: '' })
    expect(content([{ type: 'text', text: 'null' }], null)).toMatchObject({ content: null })
  })

  test('have known keys first and bookkeeping last at the levels that the format names, and only there', () => {
    const item = {
      z: { role: 1, id: 2 },
      usage: { z: 1, outputTokens: 2, inputTokens: 3 },
      role: 'user',
      id: 'm',
      parts: [{ usage: 1, type: 'x', id: 2 }],
    }
    const [text] = [...encodeItem(sessionLayout, 'messages', 0, item).values()]
    expect(JSON.stringify(JSON.parse(Buffer.from(text ?? []).toString()))).toBe(
      JSON.stringify({
        id: 'm',
        role: 'user',
        parts: item.parts,
        z: item.z,
        usage: { inputTokens: 3, outputTokens: 2, z: 1 },
      }),
    )
  })

  test('have keys in the order they came for every other type', () => {
    const item = { role: 'user', id: 'm', usage: { outputTokens: 1, inputTokens: 2 } }
    const layout = genericLayout('t', ['messages'])
    const [text] = [...encodeItem(layout, 'messages', 0, item).values()]
    expect(JSON.stringify(JSON.parse(Buffer.from(text ?? []).toString()))).toBe(JSON.stringify(item))
  })
})
