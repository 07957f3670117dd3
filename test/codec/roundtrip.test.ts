import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeHead,
  decodeDocument as decodeInSlices,
  decodeItem,
  encodeHead,
  encodeItem,
  genericLayout,
  sessionLayout,
} from '../../src/codec/index.ts'
import { newMessage, newRun, newSession } from '../../src/state/index.ts'
import { decodeDocument, encodeDocument } from '../support/documents.ts'
import { json, keysOf, objectOf, text } from './json-values.ts'

const generic = genericLayout('thread', ['items', { name: 'jobs', log: 'steps', item: 'job' }])
const at = '2025-01-01T00:00:00.000Z'

const files = (map: ReadonlyMap<string, Uint8Array>) =>
  [...map].map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')])

const document = fc
  .tuple(
    objectOf(json),
    fc.option(fc.array(json, { maxLength: 4 }), { nil: undefined }),
    fc.option(
      fc.array(
        fc.oneof(
          json,
          objectOf(json),
          fc.array(json).map((steps) => ({ steps })),
        ),
        { maxLength: 3 },
      ),
    ),
  )
  .map(([head, items, jobs]) => ({
    ...head,
    ...(items === undefined ? {} : { items }),
    ...(jobs === null ? {} : { jobs }),
  }))

const session = fc
  .record({
    head: objectOf(json),
    metadata: objectOf(json),
    config: objectOf(json),
    messages: fc.array(
      fc.record({
        content: text,
        more: objectOf(json),
        parts: fc.option(
          fc.array(
            fc.oneof(
              json,
              text.map((t) => ({ type: 'text', text: t })),
            ),
          ),
          { nil: undefined },
        ),
      }),
      { maxLength: 4 },
    ),
    runs: fc.array(fc.record({ more: objectOf(json), events: fc.array(objectOf(json), { maxLength: 6 }) }), {
      maxLength: 3,
    }),
  })
  .map(({ head, metadata, config, messages, runs }) => ({
    ...head,
    ...newSession('s', { metadata, config }, 0),
    messages: messages.map(({ content, more, parts }, index) => ({
      ...more,
      id: `m${index}`,
      role: 'assistant',
      createdAt: at,
      ...(parts === undefined ? { content } : { content: index % 2 ? content : textIn(parts), parts }),
    })),
    runs: runs.map(({ more, events }, index) => ({
      ...more,
      id: `r${index}`,
      status: 'running',
      prompt: '',
      startedAt: at,
      events: events.map((event, sequence) => ({ ...event, sequence, at, type: 'x' })),
    })),
  }))

const textIn = (parts: readonly unknown[]): string =>
  parts
    .map((part) => ((part as { type?: unknown })?.type === 'text' ? (part as { text: unknown }).text : ''))
    .filter((one) => typeof one === 'string')
    .join('')

describe('a document comes back as it was', () => {
  test('whatever JSON it is made of, key order and all', () => {
    fc.assert(
      fc.property(document, (before) => {
        const encoded = encodeDocument(before, generic)
        const after = decodeDocument(encoded)
        assert.deepStrictEqual(after, before)
        expect(keysOf(after.items)).toEqual(keysOf((before as { items?: unknown }).items))
        expect(files(encodeDocument(after, generic)).sort()).toEqual(files(encoded).sort())
      }),
      { numRuns: 400 },
    )
  })

  test('when it is a session, written the same way each time', () => {
    fc.assert(
      fc.property(session, (before) => {
        const encoded = encodeDocument(before, sessionLayout)
        const after = decodeDocument(encoded)
        assert.deepStrictEqual(after, before)
        expect(files(encodeDocument(after, sessionLayout))).toEqual(files(encoded))
        expect(files(encodeDocument(structuredClone(after), sessionLayout))).toEqual(files(encoded))
      }),
      { numRuns: 300 },
    )
  })

  test('in pieces: the head alone, each item alone', () => {
    fc.assert(
      fc.property(session, (before) => {
        const whole = encodeDocument(before, sessionLayout)
        const pieces = new Map(encodeHead(before, sessionLayout))
        const { messages, runs, ...head } = before
        assert.deepStrictEqual(decodeHead(encodeHead(head, sessionLayout)), head)
        for (const [collection, items] of Object.entries({ messages, runs })) {
          items.forEach((item, index) => {
            const own = encodeItem(sessionLayout, collection, index, item)
            assert.deepStrictEqual(decodeItem(own), item)
            for (const [path, bytes] of own) pieces.set(path, bytes)
          })
        }
        expect(files(pieces)).toEqual(files(whole))
      }),
      { numRuns: 150 },
    )
  })

  test('and is not changed by being written', () => {
    fc.assert(
      fc.property(session, (before) => {
        const copy = structuredClone(before)
        const freeze = (value: unknown): void => {
          if (typeof value !== 'object' || value === null) return
          Object.freeze(value)
          Object.values(value).forEach(freeze)
        }
        freeze(before)
        encodeDocument(before, sessionLayout)
        assert.deepStrictEqual(before, copy)
      }),
      { numRuns: 50 },
    )
  })

  test('when a marker of the user stands within a marker of the user', () => {
    const tricky = {
      $lines: [{ $lines: ['a', 'b'] }, 'c\nd'],
      $$lines: { $file: '000000.1.txt', $$file: { $parts: 'text' }, $$$file: '\n' },
      $parts: 'text',
      __proto__: 1,
    }
    const before = {
      id: 'a',
      items: [tricky, [tricky], { content: { $parts: 'text' }, parts: [] }],
      ...tricky,
    }
    assert.deepStrictEqual(decodeDocument(encodeDocument(before, generic)), before)
  })

  test.each([
    ['nothing at all', ''],
    ['one line feed', '\n'],
    ['only line feeds', '\n\n\n\n'],
    ['windows line ends', 'a\r\nb\r\n'],
    ['a byte order mark', '\ufeffa\nb'],
    ['a lone surrogate between lines', 'a\ud800\nb'],
    ['a long text with a lone surrogate', `${'x\n'.repeat(50_000)}\udc00`],
    ['a long text without', 'ö\n'.repeat(50_000)],
    ['base64', Buffer.alloc(5000, 7).toString('base64')],
    ['base64 with wrong padding bits', `${Buffer.alloc(4999, 7).toString('base64').slice(0, -2)}9=`],
    ['base64 without padding', Buffer.alloc(5000, 7).toString('base64').replace('=', '')],
    ['base64 in lines', Buffer.alloc(9000, 7).toString('base64').replace(/.{76}/g, '$&\n')],
    ['a data URL', `data:image/png;base64,${Buffer.alloc(9000, 7).toString('base64')}`],
    ['a very long word', 'a'.repeat(100_000)],
  ])('when a text is %s', (_, value) => {
    const run = newRun(value, { events: [{ sequence: 0, at, type: 'x', value, deep: [{ value }] }] })
    const before = newSession('s', {
      title: value,
      model: value,
      messages: [newMessage('user', value)],
      runs: [run],
    })
    assert.deepStrictEqual(decodeDocument(encodeDocument(before, sessionLayout)), before)
  })

  test('when a collection is empty, absent or no array', () => {
    for (const items of [[], undefined, null, {}, 'text', { 0: 'a' }]) {
      const before = items === undefined ? { id: 'a' } : { id: 'a', items, jobs: items }
      assert.deepStrictEqual(decodeDocument(encodeDocument(before, generic)), before)
    }
  })

  test('when it nests as deep as it may', () => {
    const nest = (levels: number, inner: unknown): unknown => {
      let value = inner
      for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { n: value }
      return value
    }
    const before = {
      id: 'deep',
      value: nest(511, 'a\nb'),
      items: [nest(510, 'a\nb'), nest(509, { $lines: 1 })],
      jobs: [{ steps: [nest(508, 'a\nb'.repeat(50_000))] }],
    }
    // As text, which also compares the order of keys.
    expect(JSON.stringify(decodeDocument(encodeDocument(before, generic)))).toBe(JSON.stringify(before))
  })

  test('when it is as wide as they come', () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key ${index}`, index]))
    const before = {
      ...wide,
      id: 'wide',
      items: Array.from({ length: 100_000 }, (_, index) => (index === 7 ? wide : index)),
      jobs: [{ steps: Array.from({ length: 10_000 }, (_, index) => ({ index })) }],
    }
    const encoded = encodeDocument(before, generic)
    expect(encoded.has('items/09xxxx/0999/099999.json')).toBe(true)
    assert.deepStrictEqual(decodeDocument(encoded), before)
  })

  test('when it has shared parts, prototypes that are null, getters and properties that are undefined', () => {
    const shared = { a: [1] }
    const bare = Object.assign(Object.create(null), { x: 1 })
    const before = {
      id: 'a',
      one: shared,
      two: shared,
      bare,
      gone: undefined,
      get got() {
        return 'it'
      },
    }
    expect(decodeDocument(encodeDocument(before, generic))).toEqual({
      id: 'a',
      one: shared,
      two: shared,
      bare: { x: 1 },
      got: 'it',
    })
  })

  test('when it is read in slices, with pauses in between', async () => {
    const before = newSession('s', {
      messages: Array.from({ length: 500 }, (_, index) => newMessage('user', `line ${index}\n`.repeat(50))),
    })
    let pauses = 0
    const pause = async (): Promise<void> => {
      pauses += 1
    }
    expect(await decodeInSlices(encodeDocument(before, sessionLayout), pause, 0)).toEqual(before)
    expect(pauses).toBeGreaterThan(500 / 16)
  })

  test('and nothing it holds becomes a prototype', () => {
    const before = JSON.parse(
      '{"id":"a","__proto__":{"polluted":1},"items":[{"__proto__":{"polluted":1},"$lines":0}]}',
    )
    const after = decodeDocument(encodeDocument(before, generic)) as { items: object[] }
    assert.deepStrictEqual(after, before)
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(after.items[0])).toBe(Object.prototype)
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
  })
})
