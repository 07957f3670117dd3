import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SEGMENT_BYTES, SEGMENT_EVENTS } from '../../src/codec/events.ts'
import {
  appendEvents,
  besideSegment,
  decodeEvents,
  decodeItem,
  encodeItem,
  genericLayout,
  type LogTail,
  sessionLayout,
} from '../../src/codec/index.ts'
import { CorruptError } from '../../src/errors.ts'
import { json, objectOf } from './json-values.ts'

const folder = 'runs/0000/000003/events'
const event = (sequence: number, fields: object = {}) => ({ sequence, at: 't', type: 'x', ...fields })
const events = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, index) => event(index, fields))

/** All files of the log, written whole. */
function whole(log: readonly unknown[]): Map<string, Uint8Array> {
  const files = encodeItem(sessionLayout, 'runs', 3, { id: 'r', events: log })
  files.delete('runs/0000/000003/run.json')
  return files
}

const plain = (files: ReadonlyMap<string, Uint8Array>) =>
  [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')]).sort()

const linesOf = (files: ReadonlyMap<string, Uint8Array>, segment: number): string[] =>
  Buffer.from(files.get(`${folder}/00000${segment}.jsonl`) ?? [])
    .toString()
    .split('\n')
    .slice(0, -1)

describe('a log that grew event by event', () => {
  const sized = fc.oneof(
    { weight: 8, arbitrary: objectOf(json, 3) },
    {
      weight: 2,
      arbitrary: fc.integer({ min: 0, max: 60_000 }).map((size) => ({ pad: 'é'.repeat(size / 4) })),
    },
    { weight: 1, arbitrary: fc.constant({ long: 'line\n'.repeat(20_000) }) },
    { weight: 1, arbitrary: fc.constant({ binary: Buffer.alloc(6000, 1).toString('base64') }) },
  )

  test('is the same bytes as one written whole, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.array(sized, { maxLength: 6 }), { maxLength: 8 }), (chunks) => {
        const files = new Map<string, Uint8Array>()
        let tail: LogTail | undefined
        for (const chunk of chunks) {
          const added = appendEvents(sessionLayout, 'runs', 3, tail, chunk)
          for (const [path, bytes] of added.files) files.set(path, bytes)
          tail = added.tail
        }
        expect(plain(files)).toEqual(plain(whole(chunks.flat())))
      }),
      { numRuns: 150 },
    )
  })

  test('goes on from the bytes on disk alone', () => {
    const log = events(300, { long: 'line\n'.repeat(14_000) })
    const files = whole(log.slice(0, 260))
    const names = [...files.keys()].map((path) => path.slice(folder.length + 1))
    const tail = { segment: 1, bytes: files.get(`${folder}/000001.jsonl`)!, beside: besideSegment(1, names) }
    expect(tail.beside).toBe(4)
    const added = appendEvents(sessionLayout, 'runs', 3, tail, log.slice(260))
    expect([...added.files.keys()].every((path) => path.startsWith(`${folder}/000001.`))).toBe(true)
    expect(plain(new Map([...files, ...added.files]))).toEqual(plain(whole(log)))
  })

  test('changes only its last segment, or none of the old ones when that is full', () => {
    const half = appendEvents(sessionLayout, 'runs', 3, undefined, events(100))
    const full = appendEvents(sessionLayout, 'runs', 3, half.tail, events(156))
    expect([...full.files.keys()]).toEqual([`${folder}/000000.jsonl`])
    const next = appendEvents(sessionLayout, 'runs', 3, full.tail, events(1))
    expect([...next.files.keys()]).toEqual([`${folder}/000001.jsonl`])
    expect(next.tail).toMatchObject({ segment: 1, beside: 0 })
  })

  test('with nothing to add changes nothing', () => {
    const { tail } = appendEvents(sessionLayout, 'runs', 3, undefined, events(2))
    expect(appendEvents(sessionLayout, 'runs', 3, tail, [])).toEqual({ files: new Map(), tail })
    expect(appendEvents(sessionLayout, 'runs', 3, undefined, [])).toEqual({
      files: new Map(),
      tail: undefined,
    })
  })

  test('names the event by its place in the whole log when it is not fit', () => {
    const bad = [event(10), event(11, { when: new Date(0) })]
    expect(() => appendEvents(sessionLayout, 'runs', 3, undefined, bad, 10)).toThrow(
      expect.objectContaining({
        code: 'INVALID_STATE',
        issues: [expect.objectContaining({ path: ['runs', 3, 'events', 11, 'when'] })],
      }),
    )
  })

  test('is only there where items have logs', () => {
    expect(() => appendEvents(sessionLayout, 'messages', 0, undefined, [])).toThrow(TypeError)
    const layout = genericLayout('x', [{ name: 'jobs', log: 'steps' }])
    const { files } = appendEvents(layout, 'jobs', 0, undefined, ['a'])
    expect(plain(files)).toEqual([['jobs/0000/000000/steps/000000.jsonl', '"a"\n']])
  })
})

describe('a segment', () => {
  test('is full with 256 events', () => {
    const files = whole(events(2 * SEGMENT_EVENTS + 1))
    expect([0, 1, 2, 3].map((segment) => linesOf(files, segment).length)).toEqual([256, 256, 1, 0])
  })

  test('is full with the event that takes it to 64 KiB', () => {
    // No one text is so long that it goes beside.
    const pad = (length: number): string[] =>
      Array.from({ length: 16 }, (_, n) => '-'.repeat(Math.floor((length + n) / 16)))
    const line = Buffer.byteLength(`${JSON.stringify(event(0, { pad: pad(0) }))}\n`)
    const exact = event(0, { pad: pad(SEGMENT_BYTES / 2 - line) })
    const files = whole([exact, exact, exact])
    expect([0, 1, 2].map((segment) => linesOf(files, segment).length)).toEqual([2, 1, 0])
    const shorter = event(0, { pad: pad(SEGMENT_BYTES / 2 - line - 1) })
    expect(linesOf(whole([exact, shorter, shorter]), 0).length).toBe(3)
  })

  test('has one compact line an event, line feeds escaped, known keys first', () => {
    const files = whole([
      { text: 'a\nb', type: 'x', $lines: -0, at: 't', nested: { type: 1, at: 2 }, sequence: 0 },
    ])
    expect(linesOf(files, 0)).toEqual([
      '{"sequence":0,"at":"t","type":"x","text":"a\\nb","$$lines":-0,"nested":{"type":1,"at":2}}',
    ])
  })

  test('numbers what stands beside it through all its events, and anew in the next', () => {
    const long = 'line\n'.repeat(20_000)
    const binary = Buffer.alloc(6000, 1)
    const log = events(257, {}).map((one, index) =>
      index === 1
        ? { ...one, long }
        : index === 5 || index === 256
          ? { ...one, data: binary.toString('base64') }
          : one,
    )
    const files = whole(log)
    expect([...files.keys()].sort()).toEqual([
      `${folder}/000000.1.txt`,
      `${folder}/000000.2.bin`,
      `${folder}/000000.jsonl`,
      `${folder}/000001.1.bin`,
      `${folder}/000001.jsonl`,
    ])
    expect(Buffer.from(files.get(`${folder}/000000.1.txt`)!).toString()).toBe(long)
    expect(Buffer.from(files.get(`${folder}/000000.2.bin`)!)).toEqual(binary)
    assert.deepStrictEqual(decodeEvents(`${folder}/000000.jsonl`, files), log.slice(0, 256))
    assert.deepStrictEqual(decodeEvents(`${folder}/000001.jsonl`, files), log.slice(256))
  })

  test('reads alone', () => {
    const files = new Map([['000007.jsonl', Buffer.from('{"sequence":9}\n')]])
    expect(decodeEvents('000007.jsonl', files)).toEqual([{ sequence: 9 }])
  })

  test.each([
    ['cut off', '{"sequence":0}\n{"sequence"', /ends in the middle of a line/],
    ['empty', '', /ends in the middle of a line/],
    ['not JSON', '{"sequence":0}\n{"sequence"}\n', /Line 2 of .*is not JSON/],
    ['with an empty line', '{"sequence":0}\n\n', /Line 2/],
    ['with two values on a line', '1 2\n', /Line 1/],
    ['with a value over two lines', '[1,\n2]\n', /Line 1/],
  ])('that is %s is corrupt', (_, text, message) => {
    const files = new Map([[`${folder}/000000.jsonl`, Buffer.from(text)]])
    expect(() => decodeEvents(`${folder}/000000.jsonl`, files)).toThrow(CorruptError)
    expect(() => decodeEvents(`${folder}/000000.jsonl`, files)).toThrow(message)
  })

  test('that is missing before another is corrupt', () => {
    const files = encodeItem(sessionLayout, 'runs', 3, { id: 'r', events: events(600) })
    files.delete(`${folder}/000001.jsonl`)
    expect(() => decodeItem(files)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', file: `${folder}/000001.jsonl` }),
    )
  })
})
