/** Reads the capabilities of a server (gitprotocol-v2(5), gitprotocol-http(5)). */
import { BrokenPacketError, lineOf, type Packet } from './pkt-line.ts'
import { checkError } from './side-band.ts'

/** The header that asks a server for version 2 of the protocol. */
export const VERSION_2 = { 'git-protocol': 'version=2' }

/**
 * Returns features of reading, such as `ls-refs` and `ls-refs=unborn`. Throws BrokenPacketError if the server does not
 * use version 2.
 */
export async function capabilitiesOfReading(
  answer: AsyncGenerator<Packet, void>,
): Promise<ReadonlySet<string>> {
  const can = new Set<string>()
  let version: string | undefined
  for await (const packet of withoutService(answer)) {
    if (typeof packet === 'string') break
    const line = lineOf(packet)
    if (version === undefined) {
      version = line
      if (version !== 'version 2') break
      continue
    }
    if (can.size >= MOST) throw new BrokenPacketError('it says too much of itself')
    const [name = '', features = ''] = line.split('=', 2)
    can.add(name)
    for (const feature of features.split(' ')) can.add(`${name}=${feature}`)
  }
  if (version !== 'version 2') {
    throw new BrokenPacketError(
      "it does not speak version 2 of git's protocol; a web server in front of git has to pass on the header Git-Protocol",
    )
  }
  if (!can.has('ls-refs') || !can.has('fetch')) throw new BrokenPacketError('it does not say what it can do')
  return can
}

/** Returns features of writing, such as `atomic`, which follow the first ref. Throws BrokenPacketError. */
export async function capabilitiesOfWriting(
  answer: AsyncGenerator<Packet, void>,
): Promise<ReadonlySet<string>> {
  for await (const packet of withoutService(answer)) {
    const features = typeof packet === 'string' ? undefined : lineOf(packet).split('\0')[1]
    if (features === undefined) break
    return new Set(features.split(' '))
  }
  throw new BrokenPacketError('it does not say what it can do')
}

/** Skips the name of the service, with which some servers begin. */
async function* withoutService(answer: AsyncGenerator<Packet, void>): AsyncGenerator<Packet, void> {
  let isFirst = true
  let isService = false
  for await (const packet of answer) {
    checkError(packet)
    if (isFirst && typeof packet !== 'string' && packet.toString('latin1', 0, 10) === '# service=')
      isService = true
    else if (isService && packet === 'flush') isService = false
    else yield packet
    isFirst = false
  }
}

const MOST = 1000
