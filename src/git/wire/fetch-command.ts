/** The command `fetch`: objects from a server, in one request (gitprotocol-v2(5)). */
import type { Buffer } from 'node:buffer'
import { isObjectId, type ObjectId } from '../../ids.ts'
import { BrokenPacketError, DELIM, FLUSH, lineOf, type Packet, packet, TooLargeError } from './pkt-line.ts'
import { bandData, checkError } from './side-band.ts'

export interface FetchRequest {
  wants: readonly ObjectId[]
  haves: readonly ObjectId[]
  /** Commits whose parents are missing in the local repository. */
  shallow: readonly ObjectId[]
  /** Number of commits of history to fetch. */
  depth?: number | undefined
}

export interface FetchAnswer {
  /** Commits whose parents the server leaves out; in `unshallow`, commits whose parents it has now sent. */
  shallow: readonly ObjectId[]
  unshallow: readonly ObjectId[]
  /** The pack, in pieces; a piece is valid only until the next one is requested. */
  pack: AsyncGenerator<Buffer, void>
}

/** Encodes the request. There is no negotiation: the server learns only `haves`. */
export const fetchLines = ({
  wants,
  haves,
  shallow,
  depth,
  isQuiet,
}: FetchRequest & { isQuiet: boolean }): Uint8Array[] => [
  packet('command=fetch'),
  packet('agent=forkpoint'),
  DELIM,
  packet('ofs-delta'),
  ...(isQuiet ? [packet('no-progress')] : []),
  ...shallow.map((id) => packet(`shallow ${id}`)),
  ...(depth === undefined ? [] : [packet(`deepen ${depth}`)]),
  ...wants.map((id) => packet(`want ${id}`)),
  ...haves.map((id) => packet(`have ${id}`)),
  packet('done'),
  FLUSH,
]

/**
 * Reads the answer up to its pack. Throws BrokenPacketError, ServerGaveUpError; reading the pack may also throw
 * TooLargeError.
 */
export async function readFetchAnswer(
  answer: AsyncGenerator<Packet, void>,
  { onText, maxPackSize }: { onText: ((text: string) => void) | undefined; maxPackSize: number },
): Promise<FetchAnswer> {
  const cut = { shallow: [] as ObjectId[], unshallow: [] as ObjectId[] }
  for (;;) {
    const title = await next(answer)
    if (typeof title === 'string') throw new BrokenPacketError('its answer has no pack')
    const section = lineOf(title)
    if (section === 'packfile') return { ...cut, pack: limited(bandData(answer, { onText }), maxPackSize) }
    if (section !== 'shallow-info' && section !== 'acknowledgments')
      throw new BrokenPacketError('its answer has an unknown section')
    for (let lines = 0; ; lines++) {
      const line = await next(answer)
      if (line === 'delim') break
      if (typeof line === 'string') throw new BrokenPacketError('its answer has no pack')
      if (lines >= MOST_LINES) throw new TooLargeError('says too much before its pack')
      if (section === 'shallow-info') note(cut, lineOf(line))
    }
  }
}

async function next(answer: AsyncGenerator<Packet, void>): Promise<Packet> {
  const { value, done } = await answer.next()
  if (done) throw new BrokenPacketError('its answer was cut short')
  checkError(value)
  return value
}

function note(cut: Record<'shallow' | 'unshallow', ObjectId[]>, line: string): void {
  const [kind = '', id = ''] = line.split(' ')
  if ((kind !== 'shallow' && kind !== 'unshallow') || !isObjectId(id))
    throw new BrokenPacketError('its answer has an unknown line')
  cut[kind].push(id)
}

async function* limited(pieces: AsyncIterable<Buffer>, maxPackSize: number): AsyncGenerator<Buffer, void> {
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > maxPackSize) throw new TooLargeError(`sends a pack of more than ${maxPackSize} bytes`)
    yield piece
  }
}

const MOST_LINES = 1_000_000
