/** `<session>/main~3` and `<session>`: how the command line names a checkpoint. */
import { NotFoundError } from '../errors.ts'
import type { Place, SessionStore, StoredDocument } from '../store/session-store.ts'

/**
 * The session and the revision that the text names. Ids may have a `/` themselves: the longest session that exists
 * and is followed by nothing, `/`, `~` or `^` is meant, so `demo~3` is three turns before the tip of `demo`.
 *
 * @throws NotFoundError when no session of the store is named; InvalidIdError when the text cannot name one
 */
export async function findPlace<S extends StoredDocument>(
  store: SessionStore<S>,
  text: string,
): Promise<Place> {
  for (const session of sessionsIn(text)) {
    if (!(await store.exists(session))) continue
    const revision = text.slice(session.length).replace(/^\//, '')
    return revision === '' ? { session } : { session, at: revision }
  }
  throw new NotFoundError({ kind: 'session', id: text }, `There is no session '${text}' in the store.`)
}

/** What the session can be, longest first. */
function sessionsIn(text: string): string[] {
  const ends = [...text.matchAll(/[/~^]/g)].map(({ index }) => index)
  const starts = [...ends, text.length].map((end) => text.slice(0, end)).filter((id) => id !== '')
  return starts.length === 0 ? [text] : starts.reverse()
}
