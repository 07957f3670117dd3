/** Many sessions in one request; one that is refused is found by halving, and the others go on. */

/** What one request holds; a session with more is never split. */
export interface BatchSize {
  refs: number
  bytes: number
}

const MOST: BatchSize = { refs: 200, bytes: 20_000_000 }

/** Puts what belongs together into batches. */
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
 * Sends all in one request. `send` says why it was refused, or `undefined`; what is refused is sent in halves, until the one that is refused
 * stands alone.
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
