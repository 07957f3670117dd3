/** The request to `git-receive-pack`, and its report (gitprotocol-pack(5), "Pushing data to a server"). */
import type { Buffer } from 'node:buffer'
import type { ObjectId } from '../../ids.ts'
import { BrokenPacketError, FLUSH, lineOf, type Packet, packet, packets } from './pkt-line.ts'
import type { MoveAnswer, RemoteMove } from './remote.ts'
import { bandData, checkError, type SideBand } from './side-band.ts'
import { plainWords } from './words.ts'

export interface PushRequest {
  moves: readonly RemoteMove[]
  /** Whether all moves are made, or none. */
  atomic: boolean
  /** Commits whose parents are missing in the local repository. */
  shallow: readonly ObjectId[]
}

/** Encodes the request up to its pack. `can`: features of the server; by default those of git itself. */
export function commandLines(
  { moves, atomic, shallow }: PushRequest,
  can: ReadonlySet<string> = ALL,
): Uint8Array[] {
  if (moves.length === 0 || moves.some(({ from, to }) => from === undefined && to === undefined))
    throw new TypeError('A push has to move something.')
  const asked = ['report-status', 'report-status-v2', 'side-band-64k', ...(atomic ? ['atomic'] : [])]
  const features = [...asked.filter((one) => can.has(one)), 'agent=forkpoint'].join(' ')
  const commands = moves.map(({ ref, from, to }) => `${from ?? NOTHING} ${to ?? NOTHING} ${ref}`)
  return [
    ...shallow.map((id) => packet(`shallow ${id}`)),
    ...commands.map((command, n) => packet(n === 0 ? `${command}\0 ${features}` : command)),
    FLUSH,
  ]
}

/** Reads the answer to each move. Throws BrokenPacketError if one has no answer, ServerGaveUpError. */
export async function readReport(
  answer: AsyncGenerator<Packet, void>,
  moves: readonly RemoteMove[],
  options: SideBand,
): Promise<MoveAnswer[]> {
  const { value: first, done } = await answer.next()
  if (done || typeof first === 'string') throw new BrokenPacketError('its answer is empty')
  checkError(first)
  const all = withFirst(first, answer)
  // A server without side band sends the report directly.
  const lines = first[0]! > 3 ? all : packets(bandData(all, options))
  const said = new Map<string, string | undefined>()
  let unpacked: string | undefined
  let left = moves.length * MOST_LINES + MOST_LINES
  for await (const line of lines) {
    if (line === 'flush') break
    if (typeof line === 'string') throw new BrokenPacketError('its report has sections')
    const [, kind, rest = ''] = /^(unpack|ok|ng|option) (.*)$/s.exec(lineOf(line)) ?? []
    if (kind === undefined || left-- === 0) throw new BrokenPacketError('its report has an unknown line')
    if (kind === 'unpack') unpacked = rest
    const [, ref = rest, reason = 'no reason was given'] = /^(\S+) (.*)$/s.exec(rest) ?? []
    if (kind === 'ok') said.set(rest, undefined)
    if (kind === 'ng') said.set(ref, plainWords(reason))
  }
  await answer.return()
  if (unpacked === undefined)
    throw new BrokenPacketError('its report does not say whether it took the objects')
  const problem = unpacked === 'ok' ? undefined : plainWords(unpacked)
  return moves.map(({ ref }) => {
    if (problem !== undefined) return { ref, refused: said.get(ref) ?? problem }
    if (!said.has(ref)) throw new BrokenPacketError(`its report does not speak of '${ref}'`)
    return { ref, refused: said.get(ref) }
  })
}

const ALL = new Set(['report-status', 'report-status-v2', 'side-band-64k', 'atomic'])
/** Most lines of a report per ref: its result and its options. */
const MOST_LINES = 16
const NOTHING = '0'.repeat(40)

async function* withFirst(first: Buffer, rest: AsyncGenerator<Packet, void>): AsyncGenerator<Packet, void> {
  yield first
  yield* rest
}
