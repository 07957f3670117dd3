/**
 * Deltas: how packs store an object as its difference to another one (gitformat-pack(5), "Deltified
 * representation"). Two sizes, then instructions to copy from the base or to insert what follows.
 */

/** What is wrong with a delta; callers name the file. */
export class BrokenDeltaError extends Error {}

/**
 * Applies `delta` to `base`. Throws BrokenDeltaError when it belongs to another base, would be larger than `maxSize`
 * bytes, copies from outside the base, or makes more or less than it claims.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, maxSize: number): Buffer {
  const [baseSize, afterBase] = readSize(delta, 0)
  const [size, start] = readSize(delta, afterBase)
  if (baseSize !== base.length) {
    throw new BrokenDeltaError(`a delta for a base of ${baseSize} bytes, and its base has ${base.length}`)
  }
  if (size > maxSize) throw new BrokenDeltaError(`a delta that claims to make ${size} bytes`)
  // An instruction has at least one byte and copies at most the whole base: a larger claim gets no memory.
  if (size > (delta.length - start) * Math.max(127, Math.min(base.length, 0xffffff))) {
    throw new BrokenDeltaError('a delta too short for what it claims to make')
  }

  const out = Buffer.allocUnsafe(size)
  let to = 0
  for (let at = start; at < delta.length; ) {
    const instruction = delta[at++]!
    if (instruction === 0) throw new BrokenDeltaError('a delta with an unknown instruction')
    let source = delta
    let from = at
    let length = instruction
    if (instruction & 0x80) {
      from = 0
      length = 0
      for (let n = 0; n < 4; n++) if (instruction & (1 << n)) from += byteAt(delta, at++) * 2 ** (8 * n)
      for (let n = 0; n < 3; n++) if (instruction & (0x10 << n)) length |= byteAt(delta, at++) << (8 * n)
      if (length === 0) length = 0x10000
      source = base
    } else at += length
    if (from + length > source.length) throw new BrokenDeltaError('a delta that reads past the end')
    if (to + length > size) throw new BrokenDeltaError('a delta that makes more than it claims')
    if (length < 32) for (let n = 0; n < length; n++) out[to + n] = source[from + n]!
    else out.set(source.subarray(from, from + length), to)
    to += length
  }
  if (to !== size) throw new BrokenDeltaError('a delta that makes less than it claims')
  return out
}

function readSize(delta: Uint8Array, start: number): [size: number, end: number] {
  let size = 0
  for (let at = start, scale = 1; at < start + 7; scale *= 128) {
    const byte = byteAt(delta, at++)
    size += (byte & 0x7f) * scale
    if (byte < 0x80) return [size, at]
  }
  throw new BrokenDeltaError('a delta with an impossible size')
}

function byteAt(delta: Uint8Array, at: number): number {
  const byte = delta[at]
  if (byte === undefined) throw new BrokenDeltaError('a delta that is cut short')
  return byte
}
