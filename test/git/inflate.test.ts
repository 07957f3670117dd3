import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrokenStreamError, inflateAt } from '../../src/git/objects/inflate.ts'
import { inflateStream, storedLength, writeStored } from '../../src/git/objects/zlib-stream.ts'

const content = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 300 }))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)))
const options = fc.record({
  level: fc.constantFrom(0, 1, 6, 9),
  windowBits: fc.constantFrom(9, 12, 15),
  memLevel: fc.constantFrom(1, 5, 9),
  strategy: fc.constantFrom(
    zlib.constants.Z_DEFAULT_STRATEGY,
    zlib.constants.Z_FIXED,
    zlib.constants.Z_HUFFMAN_ONLY,
  ),
})

async function* inPieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

describe('inflating', () => {
  it('gives back what zlib deflated, wherever it stands and whatever follows', async () => {
    await fc.assert(
      fc.asyncProperty(content, options, fc.nat(9), async (data, how, shift) => {
        const stream = zlib.deflateSync(data, how)
        const inside = Buffer.concat([Buffer.alloc(shift, 7), stream, Buffer.from('what follows')])
        expect(inflateAt(inside, shift, data.length).equals(data)).toBe(true)
        expect((await inflateStream(inPieces(inside.subarray(shift), 1000), data.length)).equals(data)).toBe(
          true,
        )
      }),
      { numRuns: 200, seed: 5 },
    )
  })

  it('gives back what was stored by hand, as zlib does', () => {
    for (const size of [0, 1, 255, 65534, 65535, 65536, 200_000]) {
      const data = Buffer.alloc(size, 'stored ')
      const stream = Buffer.alloc(storedLength(size))
      expect(writeStored(stream, 0, data)).toBe(stream.length)
      expect(zlib.inflateSync(stream).equals(data)).toBe(true)
      expect(inflateAt(stream, 0, size).equals(data)).toBe(true)
    }
  })

  it('refuses a stream that is damaged, cut short, or of another size', async () => {
    await fc.assert(
      fc.asyncProperty(content, options, fc.nat(), fc.nat(7), async (data, how, place, bit) => {
        const stream = zlib.deflateSync(data, how)
        const damaged = Buffer.from(stream)
        damaged[place % damaged.length]! ^= 1 << bit
        const cases: [Buffer, number][] = [
          [damaged, data.length],
          [stream.subarray(0, place % stream.length), data.length],
          [stream, data.length + 1],
          [stream, Math.max(0, data.length - 1)],
        ]
        for (const [bytes, size] of cases) {
          for (const inflated of [
            async () => inflateAt(bytes, 0, size),
            () => inflateStream(inPieces(bytes, 100), size),
          ]) {
            try {
              // A flipped bit may mean nothing: one of the window's size, or of a stored block's padding.
              expect((await inflated()).equals(data)).toBe(true)
            } catch (error) {
              expect(error).toBeInstanceOf(BrokenStreamError)
            }
          }
        }
      }),
      { numRuns: 300, seed: 6 },
    )
  })

  it('takes no memory for a claim that cannot be true', () => {
    const stream = zlib.deflateSync(Buffer.from('small'))
    const before = process.memoryUsage().arrayBuffers
    expect(() => inflateAt(stream, 0, 2 ** 31)).toThrow(BrokenStreamError)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  })
})
