/** Splits an answer into data, messages for people, and a fatal error (gitprotocol-pack(5)). */
import type { Buffer } from 'node:buffer'
import { BrokenPacketError, type Packet, TooLargeError } from './pkt-line.ts'

/** The server's git stopped with this message. */
export class ServerGaveUpError extends Error {}

export interface SideBand {
  /** Called with the server's messages about its progress, as they arrive. */
  onText?: ((text: string) => void) | undefined
}

/** Yields the data of band 1, up to the final flush. Throws ServerGaveUpError, BrokenPacketError, TooLargeError. */
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
    // An empty packet keeps a slow connection alive.
    if (packet.length === 0) continue
    const data = packet.subarray(1)
    if (packet[0] === 1) {
      if (data.length > 0) yield data
    } else if (packet[0] === 2) onText?.(data.toString('utf8'))
    else if (packet[0] === 3) throw new ServerGaveUpError(data.toString('utf8'))
    else throw new BrokenPacketError('its answer has an unknown band')
  }
}

/** Throws ServerGaveUpError for a fatal error of the server (`ERR`). */
export function checkError(packet: Packet): void {
  if (typeof packet !== 'string' && packet.toString('latin1', 0, 4) === 'ERR ')
    throw new ServerGaveUpError(packet.toString('utf8', 4))
}

/** Most packets without data, and most bytes in them. Git sends one every five seconds. */
const MOST_OTHERS = 1_000_000
const MOST_WORDS = 16 << 20
