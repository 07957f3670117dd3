import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ofBytes } from '../../src/importers/byte-source.ts'
import { parseLine, type RawLine, rawBytes, readLines, unsaid } from '../../src/importers/jsonl.ts'
import { hashesAt } from '../../src/importers/start-hash.ts'

async function linesOf(bytes: Buffer, chunkSize = 7): Promise<RawLine[]> {
  const lines: RawLine[] = []
  for await (const line of readLines(chunked(bytes, chunkSize))) lines.push(line)
  return lines
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const outline = ({ line, start, end, bytes, terminator }: RawLine) => [
  line,
  start,
  end,
  bytes?.toString(),
  terminator,
]

describe('reading lines', () => {
  test('gives each line with its number and offsets', async () => {
    expect((await linesOf(Buffer.from('{"a":1}\n\n{"b":2}\n'))).map(outline)).toEqual([
      [1, 0, 7, '{"a":1}', '\n'],
      [2, 8, 8, '', '\n'],
      [3, 9, 16, '{"b":2}', '\n'],
    ])
  })

  test('gives a last line without a line end', async () => {
    expect((await linesOf(Buffer.from('1\n22'))).map(outline)).toEqual([
      [1, 0, 1, '1', '\n'],
      [2, 2, 4, '22', ''],
    ])
  })

  test('leaves the carriage return of a CRLF and a byte order mark out of the line', async () => {
    const [first, second] = await linesOf(Buffer.from('\ufeff{}\r\n{}\r\n'))
    expect(first).toMatchObject({ start: 3, end: 5, terminator: '\r\n', bom: true })
    expect(second).toMatchObject({ start: 7, end: 9, terminator: '\r\n', bom: false })
  })

  test('gives the same lines however the bytes are cut into chunks', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', 'é', '\ufeff') })
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (content, size) => {
        const bytes = Buffer.from(content)
        expect(await linesOf(bytes, size)).toEqual(await linesOf(bytes, bytes.length || 1))
      }),
    )
  })

  test('loses no byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ max: 40 }), async (array) => {
        const lines = await linesOf(Buffer.from(array))
        const parts = lines.flatMap(({ bom, bytes, terminator }) => [
          Buffer.from(bom ? '\ufeff' : ''),
          bytes as Buffer,
          Buffer.from(terminator),
        ])
        expect(Buffer.concat(parts)).toEqual(Buffer.from(array))
      }),
    )
  })
})

test('a line that is too long has no bytes, and the lines after it are where they are', async () => {
  async function* chunks() {
    yield Buffer.from('1\n')
    for (let n = 0; n < 130; n++) yield Buffer.alloc(1 << 20)
    yield Buffer.from('\n22\n')
  }
  const lines = []
  for await (const { line, start, end, bytes } of readLines(chunks()))
    lines.push([line, start, end, bytes?.toString()])
  const long = 130 << 20
  expect(lines).toEqual([
    [1, 0, 1, '1'],
    [2, 2, 2 + long, undefined],
    [3, 3 + long, 5 + long, '22'],
  ])
})

describe('parsing a line', () => {
  const parse = (text: string) => parseLine(Buffer.from(text))

  test('tells values, blank lines and broken lines apart', () => {
    expect(parse('{"a":[1]}')).toEqual({ kind: 'value', value: { a: [1] }, text: '{"a":[1]}' })
    expect(parse(' \t')).toEqual({ kind: 'blank' })
    expect(parse('{"a":')).toMatchObject({ kind: 'broken', raw: { text: '{"a":' } })
  })

  test('keeps what no store could hold as raw text', () => {
    expect(parse('{"a":1e999}')).toMatchObject({ kind: 'broken', raw: { text: '{"a":1e999}' } })
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    expect(parse(deep)).toMatchObject({ kind: 'broken', raw: { text: deep } })
  })

  const kept = (text: string) => {
    const parsed = parse(text)
    if (parsed.kind !== 'value') throw new Error(parsed.kind)
    return { value: parsed.value, text: unsaid(parsed) }
  }

  test('keeps the text where numbers or keys would change, and only there', () => {
    const changed = [
      '{"a":-0}',
      '{"id":9007199254740993}',
      '{"a":1,"a":2}',
      '{"n":1.0}',
      '{"n":1E2}',
      '{"2":1,"1":2}',
    ]
    for (const text of changed) expect(kept(text).text).toBe(text)
    const same = [
      '{ "a" : [ 1, "b c" ] }',
      String.raw`{"a":"\u00e9\/\\\" \""}`,
      ' {"a":"\\\\"}\t',
      '{"n":-1.5e-7}',
    ]
    for (const text of same) expect(kept(text).text).toBe(undefined)
  })

  test('whatever was kept gives the text back, but for white space and escapes', () => {
    const number = fc.oneof(
      fc.bigInt().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    )
    const key = fc.constantFrom('a', 'b', '1', '2', '__proto__', '\\"')
    const object = fc
      .array(fc.tuple(key, number), { maxLength: 5 })
      .map((all) => `{${all.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`)
    fc.assert(
      fc.property(object, (text) => {
        const { value, text: own } = kept(text)
        expect(own ?? JSON.stringify(value)).toBe(text)
      }),
    )
  })

  test('keeps a line with a string that no store takes in pieces', () => {
    const line = Buffer.from(`{"a":"${'🙂'.repeat(14 << 20)}"}`)
    const parsed = parseLine(line)
    if (parsed.kind !== 'broken' || !('text' in parsed.raw)) throw new Error(parsed.kind)
    expect(parsed.reason).toBe('has a string of more than 50 MiB')
    expect(parsed.raw.text.length).toBeGreaterThan(2)
    expect(rawBytes(parsed.raw).equals(line)).toBe(true)
  })

  test('keeps bytes that are no UTF-8', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x7d])
    const parsed = parseLine(bytes)
    expect(parsed).toMatchObject({ kind: 'broken' })
    if (parsed.kind === 'broken') expect(rawBytes(parsed.raw)).toEqual(bytes)
  })
})

test('the hashes of how a file begins are those of its bytes, wherever they are asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ max: 40 }), fc.array(fc.nat(40)), fc.integer({ min: 1, max: 9 }), check),
  )
  async function check(array: Uint8Array, at: number[], size: number) {
    const bytes = Buffer.from(array)
    const offsets = at.map((one) => Math.min(one, bytes.length))
    const source = { ...ofBytes('a', bytes), chunks: () => chunked(bytes, size) }
    const expected = offsets.map((end) => [
      end,
      createHash('sha256').update(bytes.subarray(0, end)).digest('hex'),
    ])
    expect(await hashesAt(source, offsets)).toEqual(new Map(expected as [number, string][]))
  }
})
