import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { encodeHead, encodeItem, genericLayout, sessionLayout, writeJson } from '../../src/codec/index.ts'
import { InvalidStateError } from '../../src/errors.ts'
import { MAX_DEPTH, MAX_VALUE } from '../../src/json-value.ts'
import { newMessage } from '../../src/state/index.ts'
import { decodeDocument, encodeDocument } from '../support/documents.ts'

const layout = genericLayout('thread', ['items', { name: 'jobs', log: 'steps' }])

function refusal(work: () => unknown): InvalidStateError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidStateError)
    return error as InvalidStateError
  }
  throw new Error('was not refused')
}

const issueOf = (work: () => unknown) => refusal(work).issues[0]!

class Point {
  x = 1
}

describe('what JSON cannot express is refused, with its path', () => {
  const hole: unknown[] = [1, 2]
  delete hole[1]

  test.each<[string, unknown, (string | number)[], RegExp]>([
    ['NaN', Number.NaN, [], /NaN/],
    ['Infinity', [Number.NEGATIVE_INFINITY], [0], /-Infinity/],
    ['a bigint', 1n, [], /store it as text/],
    ['a function', { toJSON: () => 1 }, ['toJSON'], /function/],
    ['a symbol', Symbol('s'), [], /symbol/],
    ['undefined in an array', [1, undefined], [1], /inside an array/],
    ['a hole in an array', hole, [1], /inside an array/],
    ['a Date', new Date(0), [], /ISO 8601/],
    ['a Map', new Map(), [], /Map.*plain object or array/],
    ['a Set', new Set(), [], /Set/],
    ['a RegExp', /x/, [], /RegExp/],
    ['an Error', new Error('x'), [], /Error/],
    ['a promise', Promise.resolve(), [], /Promise/],
    ['an instance', new Point(), [], /Point/],
    ['a boxed string', Object('text'), [], /String/],
    ['a Buffer', Buffer.from('x'), [], /base64/],
    ['a typed array', new Float64Array(1), [], /base64/],
    ['an ArrayBuffer', new ArrayBuffer(1), [], /base64/],
    ['a DataView', new DataView(new ArrayBuffer(1)), [], /base64/],
  ])('%s', (_, value, path, message) => {
    const places: [(string | number)[], unknown][] = [
      [['a'], { a: value }],
      [['config', 'a'], { config: { a: value } }],
      [['items', 1, 'a'], { items: [0, { a: value }] }],
      [['jobs', 0, 'a'], { jobs: [{ a: value }] }],
      [['jobs', 1, 'steps', 2, 'a'], { jobs: [0, { steps: [0, 0, { a: value }] }] }],
    ]
    for (const [where, document] of places) {
      const issue = issueOf(() => encodeDocument(document, layout))
      expect(issue.path).toEqual([...where, ...path])
      expect(issue.message).toMatch(message)
    }
  })

  test('in a message that would be fine but for its class', () => {
    class Said {
      id = 'm'
      content = 'hi'
      parts = [{ type: 'text', text: 'hi' }]
    }
    expect(issueOf(() => encodeItem(sessionLayout, 'messages', 4, new Said())).path).toEqual(['messages', 4])
    class Ran {
      events = [{ sequence: 0 }]
    }
    expect(issueOf(() => encodeItem(sessionLayout, 'runs', 4, new Ran())).path).toEqual(['runs', 4])
  })

  test.each([null, [], 'text', 1, undefined, new Point(), new Map()])('a document that is %j', (document) => {
    expect(issueOf(() => encodeDocument(document, layout)).path).toEqual([])
    expect(issueOf(() => encodeHead(document, layout)).path).toEqual([])
  })

  test('but a plain object of another realm is one', () => {
    const foreign = runInNewContext('({ id: "a", items: [{ b: [1] }] })')
    expect(decodeDocument(encodeDocument(foreign, layout))).toEqual({ id: 'a', items: [{ b: [1] }] })
    expect(issueOf(() => encodeDocument(runInNewContext('({ at: new Date(0) })'), layout)).path).toEqual([
      'at',
    ])
  })
})

describe('depth', () => {
  const nest = (levels: number): unknown => {
    let value: unknown = 1
    for (let level = 0; level < levels; level++) value = [value]
    return value
  }

  test('ends 512 steps from the document', () => {
    expect(() => encodeDocument({ a: nest(MAX_DEPTH - 1) }, layout)).not.toThrow()
    expect(() => encodeDocument({ items: [nest(MAX_DEPTH - 2)] }, layout)).not.toThrow()
    expect(() => encodeDocument({ jobs: [{ steps: [nest(MAX_DEPTH - 4)] }] }, layout)).not.toThrow()
    for (const [document, start] of [
      [{ a: nest(MAX_DEPTH) }, ['a', 0]],
      [{ items: [nest(MAX_DEPTH - 1)] }, ['items', 0]],
      [{ jobs: [{ steps: [nest(MAX_DEPTH - 3)] }] }, ['jobs', 0, 'steps', 0]],
    ] as const) {
      const { path, message } = issueOf(() => encodeDocument(document, layout))
      expect(path.length).toBe(MAX_DEPTH)
      expect(path.slice(0, start.length)).toEqual(start)
      expect(message).toMatch(/512 levels/)
    }
  })

  test('lets an empty array or object stand at the last step', () => {
    let value: unknown = {}
    for (let level = 0; level < MAX_DEPTH - 1; level++) value = { a: value }
    expect(JSON.stringify(decodeDocument(encodeDocument({ a: value }, layout)))).toBe(
      JSON.stringify({ a: value }),
    )
  })

  test('is refused long before the stack is', () => {
    expect(issueOf(() => encodeDocument({ a: nest(1_000_000) }, layout)).path.length).toBe(MAX_DEPTH)
  })

  test('catches a value that holds itself', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(issueOf(() => encodeDocument({ items: [loop] }, layout)).message).toMatch(/contains itself/)
  })
})

describe('size', () => {
  test('of one text ends at 50 MiB of UTF-8', () => {
    const half = 'é'.repeat(MAX_VALUE / 2)
    expect(() => encodeItem(layout, 'items', 0, { a: half })).not.toThrow()
    const issue = issueOf(() => encodeItem(layout, 'items', 0, { a: [`${half}x`] }))
    expect(issue).toEqual({
      path: ['items', 0, 'a', 0],
      message: `has ${MAX_VALUE + 1} bytes; one value may have ${MAX_VALUE}`,
    })
    expect(issueOf(() => writeJson([`${half}x`])).path).toEqual([0])
  })

  test('of one file is bounded, even where little memory claims to be a lot', () => {
    let bomb: unknown = 'x'.repeat(1000)
    for (let level = 0; level < 60; level++) bomb = [bomb, bomb]
    expect(issueOf(() => encodeItem(layout, 'items', 0, bomb)).message).toMatch(/longer than \d+ characters/)
  })
})

test('a collection that no folder can be named after is a programmer mistake', () => {
  for (const name of [
    '',
    '.git',
    'a/b',
    '../x',
    'session.json',
    '__proto__',
    'con',
    'é',
    '1st',
    'x'.repeat(65),
  ]) {
    expect(() => genericLayout('t', [name])).toThrow(TypeError)
    expect(() => genericLayout('t', [{ name: 'fine', log: name }])).toThrow(TypeError)
  }
  expect(() => genericLayout('t', ['Items', 'items'])).toThrow(TypeError)
  expect(() => genericLayout('t', ['config'])).toThrow(TypeError)
  expect(() => encodeItem(layout, 'messages', 0, newMessage('user', ''))).toThrow(TypeError)
})
