/**
 * Makes deltas (gitformat-pack(5), "Deltified representation") of small objects before they are sent. Fast rather than
 * short.
 */
import { Buffer } from 'node:buffer'
import { asBuffer } from './object.ts'

/** A delta from `base` to `target`; `undefined` when they have too little in common, or are large. */
export function makeDelta(base: Uint8Array, target: Uint8Array): Buffer | undefined {
  if (Math.max(base.length, target.length) > LARGEST || target.length < BLOCK) return undefined
  const [from, to] = [asBuffer(base).toString('latin1'), asBuffer(target).toString('latin1')]
  const blocks = new Map<string, number>()
  for (let at = 0; at + BLOCK <= from.length; at += BLOCK) blocks.set(from.slice(at, at + BLOCK), at)
  const pieces: Uint8Array[] = [Uint8Array.from([...sizeOf(base.length), ...sizeOf(target.length)])]
  let done = 0
  let copied = 0
  for (let at = 0; at + BLOCK <= to.length; ) {
    const found = blocks.get(to.slice(at, at + BLOCK))
    if (found === undefined) {
      at++
      continue
    }
    let before = 0
    while (at - before > done && found > before && from[found - before - 1] === to[at - before - 1]) before++
    let after = BLOCK
    while (at + after < to.length && from[found + after] === to[at + after]) after++
    pieces.push(...inserts(target.subarray(done, at - before)), ...copies(found - before, before + after))
    copied += before + after
    at += after
    done = at
  }
  if (copied < WORTH) return undefined
  return Buffer.concat([...pieces, ...inserts(target.subarray(done))])
}

const BLOCK = 16
const LARGEST = 1 << 20
/** Bytes in common; below it, a base costs more than it saves. */
const WORTH = 64
const MOST_INSERTED = 127
const MOST_COPIED = 0xffff

function sizeOf(size: number): number[] {
  const bytes: number[] = []
  let rest = size
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}

function* inserts(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += MOST_INSERTED) {
    const piece = data.subarray(at, at + MOST_INSERTED)
    yield Uint8Array.of(piece.length)
    yield piece
  }
}

function* copies(offset: number, length: number): Generator<Uint8Array> {
  for (let at = offset; at < offset + length; at += MOST_COPIED) {
    const size = Math.min(MOST_COPIED, offset + length - at)
    const bytes = [at & 0xff, (at >>> 8) & 0xff, (at >>> 16) & 0xff, 0, size & 0xff, size >>> 8]
    const instruction = bytes.reduce((bits, byte, n) => (byte === 0 ? bits : bits | (1 << n)), 0x80)
    yield Uint8Array.from([instruction, ...bytes.filter((byte) => byte !== 0)])
  }
}
