/** Parses the names of checkpoints on the command line: `<session>` and `<session>/main~3`. */
import { AmbiguousSessionError, NotFoundError } from '../errors.ts'
import type { Place } from '../store/session-store.ts'

/** What finding them needs of a store. */
export interface Sessions {
  exists(session: string): Promise<boolean>
  list(options: { prefix: string; order: 'id'; archived: boolean }): AsyncIterable<{ id: string }>
}

/**
 * Returns the session and the revision that the text names. Ids may contain a `/`: the text means the longest existing
 * session that is followed by nothing, `/`, `~` or `^`, so `demo~3` is three turns before the tip of `demo`. The
 * beginning of a generated id is enough, also of an archived session.
 *
 * @throws NotFoundError if the text names no session of the store; InvalidIdError if it cannot be a name;
 *   AmbiguousSessionError if several ids begin with it
 */
export async function findPlace(store: Sessions, text: string): Promise<Place> {
  for (const session of sessionsIn(text))
    if (await store.exists(session)) return placeIn(text, session, session)
  for (const start of sessionsIn(text)) {
    const session = await sessionFrom(store, start)
    if (session !== undefined) return placeIn(text, start, session)
  }
  throw new NotFoundError({ kind: 'session', id: text }, `There is no session '${text}' in the store.`)
}

/**
 * Returns the session with this id, or with a generated id that begins with the text. If there is none, returns the
 * text itself: looking up the session will throw the error.
 *
 * @throws InvalidIdError, AmbiguousSessionError
 */
export const findSession = async (store: Sessions, text: string): Promise<string> =>
  (await store.exists(text)) ? text : ((await sessionFrom(store, text)) ?? text)

function placeIn(text: string, named: string, session: string): Place {
  const revision = text.slice(named.length).replace(/^\//, '')
  return revision === '' ? { session } : { session, at: revision }
}

/** Returns the possible session ids, longest first. */
function sessionsIn(text: string): string[] {
  const ends = [...text.matchAll(/[/~^]/g)].map(({ index }) => index)
  const starts = [...ends, text.length].map((end) => text.slice(0, end)).filter((id) => id !== '')
  return starts.length === 0 ? [text] : starts.reverse()
}

/** Returns the session whose generated id of 36 characters begins with `start`. */
async function sessionFrom(store: Sessions, start: string): Promise<string | undefined> {
  if (!START.test(start)) return undefined
  const ids = new Set<string>()
  for (const archived of [false, true]) {
    for await (const { id } of store.list({ prefix: start, order: 'id', archived })) {
      if (GENERATED.test(id)) ids.add(id)
      if (ids.size > MOST_CANDIDATES) break
    }
  }
  const found = [...ids]
  if (found.length > 1) throw new AmbiguousSessionError(start, found)
  return found[0]
}

const MOST_CANDIDATES = 10
const GENERATED = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** At least four digits, as in git. */
const START = /^[0-9a-f]{4}[0-9a-f-]{0,31}$/
