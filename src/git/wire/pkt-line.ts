/**
 * Packet lines: the frames of git's protocols (gitprotocol-common(5)). Four hex digits of length, then the data; three
 * small lengths have a special meaning.
 */
import { Buffer } from 'node:buffer'

/** `flush` ends a message, `delim` a section of it, `end` the answer. */
export type Packet = Buffer | 'flush' | 'delim' | 'end'

/** The lines break the protocol. The message does not name the server; callers add it. */
export class BrokenPacketError extends Error {}

/** An answer is larger than the limits allow. */
export class TooLargeError extends Error {}

export const FLUSH = Buffer.from('0000')
export const DELIM = Buffer.from('0001')

/** Encodes a line with the text and a line feed. */
export function packet(text: string): Buffer {
  const data = Buffer.from(`${text}\n`)
  if (data.length > MAX_DATA) throw new TypeError(`a packet of ${data.length} bytes`)
  return Buffer.concat([Buffer.from((data.length + 4).toString(16).padStart(4, '0')), data])
}

/**
 * Yields the packets in a stream of bytes; a packet is valid only until the next one is requested. Keeps at most one
 * packet and one piece in memory. Throws BrokenPacketError for bytes that are not a packet, and if the stream ends
 * inside a packet.
 */
export async function* packets(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Packet, void> {
  let parts: Buffer[] = []
  let length = 0
  let need = 4
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    parts.push(Buffer.from(buffer, byteOffset, byteLength))
    length += byteLength
    if (length < need) continue
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    let at = 0
    for (need = 4; bytes.length - at >= need; need = 4) {
      need = lengthAt(bytes, at)
      if (need <= 2) {
        at += 4
        yield SPECIAL[need]!
        continue
      }
      if (bytes.length - at < need) break
      yield bytes.subarray(at + 4, at + need)
      at += need
    }
    parts = at === bytes.length ? [] : [bytes.subarray(at)]
    length = bytes.length - at
  }
  if (length > 0) throw new BrokenPacketError('its answer was cut short')
}

/** Returns the text of a line, without a line feed at its end. */
export const lineOf = (packet: Buffer): string => packet.toString('utf8').replace(/\n$/, '')

const SPECIAL: readonly Packet[] = ['flush', 'delim', 'end']
/** Most bytes of data; 65,520 with the length itself (`LARGE_PACKET_MAX` of git). */
const MAX_DATA = 65_516

function lengthAt(bytes: Buffer, at: number): number {
  const digits = bytes.toString('latin1', at, at + 4)
  const length = /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : 3
  if (length === 3 || length > MAX_DATA + 4)
    throw new BrokenPacketError('its answer is not in the lines of the git protocol')
  return length
}
