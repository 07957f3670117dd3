/** The command `ls-refs`: lists the refs of a server (gitprotocol-v2(5)). */
import { isObjectId, type ObjectId } from '../../ids.ts'
import { BrokenPacketError, DELIM, FLUSH, lineOf, type Packet, packet, TooLargeError } from './pkt-line.ts'
import type { RemoteRefs } from './remote.ts'
import { checkError } from './side-band.ts'
import { plainWords } from './words.ts'

export interface RefsWanted {
  prefixes: readonly string[]
  maxRefs: number
}

/** Encodes the request. If the features of the server are unknown, asks for all that git itself has. */
export const refLines = (prefixes: readonly string[], can?: ReadonlySet<string>): Uint8Array[] => [
  packet('command=ls-refs'),
  packet('agent=forkpoint'),
  DELIM,
  packet('symrefs'),
  ...(can === undefined || can.has('ls-refs=unborn') ? [packet('unborn')] : []),
  packet('ref-prefix HEAD'),
  ...prefixes.map((prefix) => packet(`ref-prefix ${prefix}`)),
  FLUSH,
]

/**
 * Reads the answer; leaves out refs that were not requested. Throws BrokenPacketError, TooLargeError,
 * ServerGaveUpError.
 */
export async function readRefs(
  answer: AsyncGenerator<Packet, void>,
  { prefixes, maxRefs }: RefsWanted,
): Promise<RemoteRefs> {
  const refs = new Map<string, ObjectId>()
  let head: string | undefined
  let lines = 0
  for await (const packet of answer) {
    if (packet === 'flush') return { refs, head }
    checkError(packet)
    if (typeof packet === 'string') throw new BrokenPacketError('its list of refs has sections')
    if (++lines > maxRefs) throw new TooLargeError(`lists more than ${maxRefs} refs`)
    const [value = '', name = '', ...attributes] = lineOf(packet).split(' ')
    if (name === 'HEAD') {
      const target = attributes.find((one) => one.startsWith(SYMREF))?.slice(SYMREF.length)
      if (target !== undefined && isWellFormedRef(target)) head = target
      continue
    }
    if (!isObjectId(value) || !isWellFormedRef(name) || refs.has(name))
      throw new BrokenPacketError(
        `its list of refs has the line '${plainWords(lineOf(packet)).slice(0, 200)}'`,
      )
    if (prefixes.some((prefix) => name.startsWith(prefix))) refs.set(name, value)
  }
  throw new BrokenPacketError('its list of refs was cut short')
}

const SYMREF = 'symref-target:'

/** Returns whether this is a valid full name of a ref (git-check-ref-format(1)). */
export const isWellFormedRef = (name: string): boolean =>
  name.startsWith('refs/') &&
  !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[/.]$/.test(name) &&
  name.isWellFormed()
