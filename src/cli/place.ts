/** `<session>/main~3` and `<session>`: how the command line names a checkpoint. */
import { AmbiguousSessionError, NotFoundError } from '../errors.ts'
import type { Place } from '../store/session-store.ts'

/** What is asked of a store to find them. */
export interface Sessions {
  exists(session: string): Promise<boolean>
  list(options: { prefix: string; order: 'id' }): AsyncIterable<{ id: string }>
}

/**
 * The session and the revision that the text names. Ids may have a `/` themselves: the longest session that exists
 * and is followed by nothing, `/`, `~` or `^` is meant, so `demo~3` is three turns before the tip of `demo`. The
 * beginning of a generated id names its session.
 *
 * @throws NotFoundError when no session of the store is named; InvalidIdError when the text cannot name one;
 * AmbiguousSessionError when it is the beginning of several
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
 * The session that the text names by its id, or by the beginning of a generated one. Where it names none, the text
 * itself: who looks the session up says that it is not there.
 *
 * @throws InvalidIdError, AmbiguousSessionError
 */
export const findSession = async (store: Sessions, text: string): Promise<string> =>
  (await store.exists(text)) ? text : ((await sessionFrom(store, text)) ?? text)

function placeIn(text: string, named: string, session: string): Place {
  const revision = text.slice(named.length).replace(/^\//, '')
  return revision === '' ? { session } : { session, at: revision }
}

/** What the session can be, longest first. */
function sessionsIn(text: string): string[] {
  const ends = [...text.matchAll(/[/~^]/g)].map(({ index }) => index)
  const starts = [...ends, text.length].map((end) => text.slice(0, end)).filter((id) => id !== '')
  return starts.length === 0 ? [text] : starts.reverse()
}

/** The session whose generated id of 36 characters begins so. */
async function sessionFrom(store: Sessions, start: string): Promise<string | undefined> {
  if (!START.test(start)) return undefined
  const found: string[] = []
  for await (const { id } of store.list({ prefix: start, order: 'id' })) {
    if (GENERATED.test(id)) found.push(id)
    if (found.length > MOST_CANDIDATES) break
  }
  if (found.length > 1) throw new AmbiguousSessionError(start, found)
  return found[0]
}

const MOST_CANDIDATES = 10
const GENERATED = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** As few digits as git takes. */
const START = /^[0-9a-f]{4}[0-9a-f-]{0,31}$/
