/** Sends many sessions in one request. A refused session is found by halving the request, and the others are sent. */
import { RemoteError } from '../errors.ts'
import type { RemoteMove } from '../git/wire/remote.ts'
import type { ObjectId } from '../ids.ts'
import type { Sharing } from './sharing.ts'

/** The limits of one request; a larger session is never split. */
export interface BatchSize {
  refs: number
  bytes: number
}

const MOST: BatchSize = { refs: 200, bytes: 20_000_000 }

/** Divides things into batches, in order. */
export function batchesOf<T>(things: readonly T[], size: (thing: T) => BatchSize, most = MOST): T[][] {
  const batches: T[][] = []
  let room: BatchSize = { refs: 0, bytes: 0 }
  for (const thing of things) {
    const { refs, bytes } = size(thing)
    if (batches.length === 0 || refs > room.refs || bytes > room.bytes) {
      batches.push([])
      room = most
    }
    batches.at(-1)!.push(thing)
    room = { refs: room.refs - refs, bytes: room.bytes - bytes }
  }
  return batches
}

/**
 * Sends everything in one request. `send` returns why it was refused, or `undefined`. A refused request is sent again
 * in halves, until only the refused thing is left.
 */
export async function sendInHalves<T>(
  things: readonly T[],
  send: (things: readonly T[]) => Promise<string | undefined>,
  refused: (thing: T, why: string) => Promise<void> | void,
): Promise<void> {
  if (things.length === 0) return
  const why = await send(things)
  if (why === undefined) return
  if (things.length === 1) return refused(things[0]!, why)
  const middle = things.length >> 1
  await sendInHalves(things.slice(0, middle), send, refused)
  await sendInHalves(things.slice(middle), send, refused)
}

/**
 * Sends one request, all of it or nothing. Returns why it was refused. If the answer was lost, looks whether the moves were
 * made. Throws RemoteError.
 */
export async function sendAtomic(
  { remote, options }: Pick<Sharing, 'remote' | 'options'>,
  moves: readonly RemoteMove[],
  has: readonly ObjectId[],
): Promise<string | undefined> {
  try {
    const answers = await remote.push({ moves, has, atomic: moves.length > 1 }, options)
    return answers.find(({ refused }) => refused !== undefined)?.refused
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    const asked = moves.map(({ ref }) => ref)
    const { refs } = await remote.refs(asked, options)
    if (moves.every(({ ref, to }) => refs.get(ref) === to)) return undefined
    throw error
  }
}
