/** Parses the names of checkpoints on the command line: `<session>` and `<session>/main~3`. */
import { AmbiguousSessionError, NotFoundError } from '../errors.ts'
import type { Place } from '../store/session-store.ts'
import { UsageError } from './exit-codes.ts'

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
  const example = REVISION.test(text) ? ` Name a checkpoint with its session: <session>/${text}` : ''
  throw new NotFoundError(
    { kind: 'session', id: text },
    `There is no session '${text}' in the store.${example}`,
  )
}

/**
 * Returns the session with this id, or with a generated id that begins with the text. If there is none, returns the
 * text itself: looking up the session will throw the error.
 *
 * @throws InvalidIdError, AmbiguousSessionError
 */
export const findSession = async (store: Sessions, text: string): Promise<string> =>
  (await store.exists(text)) ? text : ((await sessionFrom(store, text)) ?? text)

/**
 * The same for a command that takes a whole session. A branch or checkpoint is refused, so that nobody believes that
 * the command looks only at that.
 *
 * @param advice what to type instead, for a revision of a session
 * @throws UsageError
 */
export async function findWhole(
  store: Sessions,
  text: string,
  advice: (place: Required<Place>) => string = () => '',
): Promise<string> {
  const found = await findSession(store, text)
  if (found !== text || (await store.exists(text))) return found
  const { session, at } = await findPlace(store, text).catch((error: unknown) => {
    if (error instanceof NotFoundError) return { session: text, at: undefined }
    throw error
  })
  if (at === undefined) return session
  throw new UsageError(
    `'${text}' is not a session, but a revision of session '${session}'. Name the session alone: ${session}${advice({ session, at })}`,
  )
}

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

/** What is probably a revision without its session: the id of a checkpoint, or `main~3`. */
const REVISION = /^[0-9a-f]{4,40}$|^(?:main|HEAD|@)?(?:[~^].*)?$/

const MOST_CANDIDATES = 10
const GENERATED = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** At least four digits, as in git. */
const START = /^[0-9a-f]{4}[0-9a-f-]{0,31}$/
