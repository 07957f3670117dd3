/** `ls-refs`: which refs a server has (gitprotocol-v2(5)). */
import { isObjectId, type ObjectId } from '../../ids.ts'
import { BrokenPacketError, DELIM, FLUSH, lineOf, type Packet, packet, TooLargeError } from './pkt-line.ts'
import type { RemoteRefs } from './remote.ts'
import { checkError } from './side-band.ts'
import { plainWords } from './words.ts'

export interface RefsWanted {
  prefixes: readonly string[]
  maxRefs: number
}

/** The request. Where it is not known what the server can do, it is asked for all that git's own can. */
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

/** The answer; refs that were not asked for are left out. Throws BrokenPacketError, TooLargeError, ServerGaveUpError. */
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

/** Whether it is a full name that a ref may have (git-check-ref-format(1)). */
export const isWellFormedRef = (name: string): boolean =>
  name.startsWith('refs/') &&
  !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[/.]$/.test(name) &&
  name.isWellFormed()
