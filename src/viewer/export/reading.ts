/** Collects what is exported for reading: a line of turns with all of its messages. */
import { NotFoundError } from '../../errors.ts'
import type { Place } from '../../store/session-store.ts'
import { sessionView } from '../answers/session-view.ts'
import { Source, type Stores } from '../answers/source.ts'
import type { SessionView } from '../wire.ts'

export interface Reading {
  view: SessionView
  /** All items of the document at the tip of the line. */
  items: readonly unknown[]
  runs: readonly Readonly<Record<string, unknown>>[]
}

/**
 * Reads a session up to a checkpoint.
 *
 * @param after revision of the last turn to leave out
 * @throws NotFoundError, also if `after` is not in the line of the checkpoint
 */
export async function readingOf(stores: Stores, place: Place, after?: string): Promise<Reading> {
  const source = new Source(stores)
  const { session, at } = place
  const view = await sessionView(source, session, { at: at ?? '', exact: true })
  const { items, runs } = await source.load(session, view.tip)
  if (after === undefined) return { view, items, runs }
  const last = await stores.store.resolve(session, after)
  const index = view.turns.findIndex(({ id }) => id === last)
  if (index === -1)
    throw new NotFoundError(
      { kind: 'revision', id: after, session },
      `Checkpoint '${after}' is not a turn before '${at ?? '@'}' in session '${session}'.`,
    )
  const turns = view.turns.slice(index + 1)
  const start = view.turns[index]!.to
  return { view: { ...view, turns, start }, items, runs }
}
