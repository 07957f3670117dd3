import assert from 'node:assert/strict'
import { InvalidStateError } from '../../errors.ts'
import type { Chapter } from '../context.ts'
import { refused } from '../context.ts'
import { message, range, session } from '../samples.ts'

export const values: Chapter = (sentence) => {
  const kept: [string, () => unknown][] = [
    ['unknown keys, nested', () => ({ mine: { deep: [{ a: null }, [], {}, ''] } })],
    ['a key called __proto__', () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}')],
    ['keys that are numbers, empty or strange', () => ({ 1: 'b', 0: 'a', '': 'c', 'a/b\n"\\': 'd', é: 'e' })],
    ['minus zero and numbers at the limits', () => [-0, 0, 1e308, 5e-324, 2 ** 53, -1.5, 1e21]],
    ['half of a surrogate pair', () => ['\ud83d', '\udc00x', '\ud83d\udc00']],
    [
      'control characters',
      () =>
        range(0, 31)
          .map((code) => String.fromCharCode(code))
          .join(''),
    ],
    ['lines of every kind', () => ['a\nb', '\n', 'a\r\nb\n', '\u2028', 'x\n'.repeat(500)]],
    ['long text', () => ['ä'.repeat(80_000), 'x'.repeat(70_000), 'line\n'.repeat(30_000)]],
    [
      'binary as base64',
      () => [Buffer.alloc(6000, 7).toString('base64'), 'QUJD'.repeat(2000), '////'.repeat(5000)],
    ],
    [
      'objects that look like the marks of a format',
      () => [
        { $lines: ['a', 'b'] },
        { $file: 'x.txt' },
        { $$lines: [] },
        { $file: '../../etc/passwd', encoding: 'base64' },
        { $parts: true },
        { __blob__: 1 },
      ],
    ],
    ['deep nesting', () => nested(400)],
    ['wide objects', () => Object.fromEntries(range(0, 5000).map((n) => [`key${n}`, n]))],
  ]
  for (const [what, value] of kept) {
    sentence(`${what}: kept`, async ({ store }) => {
      const state = session('s1', {
        metadata: { value: value() },
        messages: [message('m1', 'x', { extra: value() })],
      })
      await store.save(state)
      assert.deepEqual(await store.load('s1'), state)
      await store.append('s1', { messages: [message('m2', 'y', { extra: value() })], set: { mine: value() } })
      const loaded = (await store.load('s1')) as unknown as { mine: unknown; messages: { extra: unknown }[] }
      assert.deepEqual(loaded.mine, value())
      assert.deepEqual(loaded.messages[1]?.extra, value())
    })
  }

  sentence('text of all kinds as the content of messages: kept', async ({ store }) => {
    const texts = ['', ' ', '\n', 'a\n\nb\n', '"quoted"', '{"$lines":[]}', '\u0000', '🎉'.repeat(40_000)]
    const state = session('s1', {}, ...texts)
    await store.save(state)
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('parts of messages: kept', async ({ store }) => {
    const messages = [
      message('m1', 'Hello', { parts: [{ type: 'text', text: 'Hello' }] }),
      message('a2', 'Hello', { parts: [{ type: 'text', text: 'Other' }] }),
      message('a3', '', {
        parts: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'read', input: { z: 1, a: 2 } }],
      }),
      message('t4', '', {
        parts: [{ type: 'file', data: Buffer.alloc(9000, 1).toString('base64'), mediaType: 'image/png' }],
      }),
      message('m5', 'x', { parts: [] }),
    ]
    const state = session('s1', { messages })
    await store.save(state)
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('the order of keys in a tool’s input: kept', async ({ store }) => {
    const input = { zeta: 1, alpha: { y: 1, b: 2 }, mid: [{ q: 1, c: 2 }] }
    await store.save(session('s1', { messages: [message('m1', 'x', { parts: [{ type: 'call', input }] })] }))
    const loaded = await store.load('s1')
    assert.equal(JSON.stringify(loaded?.messages[0]?.parts?.[0]?.input), JSON.stringify(input))
  })

  sentence('properties that are undefined are left out, as in JSON', async ({ store }) => {
    const state = session('s1', { title: undefined, metadata: { a: undefined, b: 1 } })
    await store.save(state)
    const loaded = await store.load('s1')
    assert.deepEqual(loaded, session('s1', { metadata: { b: 1 } }))
    assert.equal(Object.hasOwn(loaded!, 'title'), false)
  })

  const unfit: [string, () => unknown][] = [
    ['NaN', () => Number.NaN],
    ['infinity', () => Number.NEGATIVE_INFINITY],
    ['a bigint', () => 1n],
    ['a symbol', () => Symbol('x')],
    ['a function', () => () => 1],
    ['undefined in an array', () => [1, undefined]],
    ['a Date', () => new Date(0)],
    ['a Map', () => new Map()],
    ['a Buffer', () => Buffer.from('x')],
    ['nesting without end', () => nested(600)],
    ['an object that holds itself', cyclic],
  ]
  for (const [what, value] of unfit) {
    sentence(`${what}: refused with its path`, async ({ any }) => {
      const wrong = session('s1', { metadata: { list: [0, value()] } })
      const { issues } = await refused(() => any.save(wrong), InvalidStateError)
      assert.deepEqual(issues[0]?.path.slice(0, 3), ['metadata', 'list', 1])
      assert.equal(await any.exists('s1'), false)
    })
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'bottom'
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { in: value }
  return value
}

function cyclic(): unknown {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}
