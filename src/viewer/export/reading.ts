/** What is exported to be read: a line of turns with all of its messages, without secrets. */
import { NotFoundError } from '../../errors.ts'
import type { Place } from '../../store/session-store.ts'
import { sessionView } from '../answers/session-view.ts'
import { Source, type Stores } from '../answers/source.ts'
import type { SessionView } from '../wire.ts'

export interface Reading {
  view: SessionView
  /** Of the document at the end of the line, all of them. */
  items: readonly unknown[]
  runs: readonly Readonly<Record<string, unknown>>[]
}

/**
 * A session up to a checkpoint.
 *
 * @param after revision of the last turn that is left out
 * @throws NotFoundError, also when the line of the checkpoint does not lead through `after`
 */
export async function readingOf(stores: Stores, place: Place, after?: string): Promise<Reading> {
  const source = new Source(stores)
  const { session, at } = place
  const view = await sessionView(source, session, { at: at ?? '', exact: true })
  const { items, runs } = await source.load(session, view.tip)
  if (after === undefined) return { view, items, runs }
  const last = await stores.store.resolve(session, after)
  const index = view.turns.findIndex(({ id }) => id === last)
  if (index === -1) throw new NotFoundError({ kind: 'revision', id: after, session })
  const turns = view.turns.slice(index + 1)
  const start = view.turns[index]!.to
  return { view: { ...view, turns, start }, items, runs }
}
