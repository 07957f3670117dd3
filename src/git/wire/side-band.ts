/** Several streams in one: data, what the server tells people, and why it gave up (gitprotocol-pack(5)). */
import type { Buffer } from 'node:buffer'
import { BrokenPacketError, type Packet, TooLargeError } from './pkt-line.ts'

/** The server's git gave up, and said why. */
export class ServerGaveUpError extends Error {}

export interface SideBand {
  /** Told what the server says of its progress, as it comes. */
  onText?: ((text: string) => void) | undefined
}

/** The data of band 1, up to the flush that ends it. Throws ServerGaveUpError, BrokenPacketError, TooLargeError. */
export async function* bandData(
  packets: AsyncIterator<Packet>,
  { onText }: SideBand,
): AsyncGenerator<Buffer> {
  let others = 0
  let words = 0
  for (;;) {
    const { value: packet, done } = await packets.next()
    if (done) throw new BrokenPacketError('its answer was cut short')
    if (packet === 'flush') return
    if (typeof packet === 'string')
      throw new BrokenPacketError('its answer has sections where data should be')
    if (packet[0] !== 1) {
      words += packet.length
      if (others++ > MOST_OTHERS || words > MOST_WORDS)
        throw new TooLargeError('says too much beside its data')
    }
    // Sent to keep a slow answer alive.
    if (packet.length === 0) continue
    const data = packet.subarray(1)
    if (packet[0] === 1) {
      if (data.length > 0) yield data
    } else if (packet[0] === 2) onText?.(data.toString('utf8'))
    else if (packet[0] === 3) throw new ServerGaveUpError(data.toString('utf8'))
    else throw new BrokenPacketError('its answer has an unknown band')
  }
}

/** Throws ServerGaveUpError when the line says that the server gave up (`ERR`). */
export function checkError(packet: Packet): void {
  if (typeof packet !== 'string' && packet.toString('latin1', 0, 4) === 'ERR ')
    throw new ServerGaveUpError(packet.toString('utf8', 4))
}

/** Packets without data, one every five seconds from git itself, and bytes in them. */
const MOST_OTHERS = 1_000_000
const MOST_WORDS = 16 << 20
