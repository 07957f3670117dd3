/**
 * Packet lines: how git frames what it says on a connection (gitprotocol-common(5)). Four hex digits of length, then
 * the data; three small lengths have a meaning of their own.
 */
import { Buffer } from 'node:buffer'

/** `flush` ends a message, `delim` a section of it, `end` the answer. */
export type Packet = Buffer | 'flush' | 'delim' | 'end'

/** What is wrong with the lines; callers name the server. */
export class BrokenPacketError extends Error {}

/** An answer that is larger than the limits allow. */
export class TooLargeError extends Error {}

export const FLUSH = Buffer.from('0000')
export const DELIM = Buffer.from('0001')

/** One line with the text and a line feed. */
export function packet(text: string): Buffer {
  const data = Buffer.from(`${text}\n`)
  if (data.length > MAX_DATA) throw new TypeError(`a packet of ${data.length} bytes`)
  return Buffer.concat([Buffer.from((data.length + 4).toString(16).padStart(4, '0')), data])
}

/**
 * The packets in a stream of bytes, one at a time; a packet is only valid until the next one is asked for. Holds one
 * packet and one piece at most. Throws BrokenPacketError for what is no packet, and when the stream ends inside one.
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

/** The text of a line, without the line feed that may end it. */
export const lineOf = (packet: Buffer): string => packet.toString('utf8').replace(/\n$/, '')

const SPECIAL: readonly Packet[] = ['flush', 'delim', 'end']
/** 65,520 with the length itself (`LARGE_PACKET_MAX` of git). */
const MAX_DATA = 65_516

function lengthAt(bytes: Buffer, at: number): number {
  const digits = bytes.toString('latin1', at, at + 4)
  const length = /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : 3
  if (length === 3 || length > MAX_DATA + 4)
    throw new BrokenPacketError('its answer is not in the lines of the git protocol')
  return length
}
