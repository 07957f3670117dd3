/** The difference of two checkpoints, of whatever sessions. */
import { UnsupportedError } from '../errors.ts'
import { parseSessionId } from '../ids.ts'
import type { Backend } from './backend.ts'
import type { Place, StateDiff } from './session-store.ts'
import { diffStates } from './state-diff.ts'

/** Throws NotFoundError. */
export async function diffPlaces(
  backend: Backend,
  collections: readonly string[],
  [from, to]: readonly [Place, Place],
): Promise<StateDiff> {
  const [before, after] = [await stateAt(backend, from), await stateAt(backend, to)]
  return {
    from: before.name,
    to: after.name,
    ...diffStates(before.document, after.document, collections),
    async patch() {
      if (backend.patch !== undefined) return backend.patch(before.commit, after.commit)
      throw new UnsupportedError('patch', 'There is no git under this store; use the data of the diff.')
    },
  }
}

async function stateAt(backend: Backend, { session, at = '' }: Place) {
  const id = parseSessionId(session)
  const commit = await backend.resolve(id, at)
  const name = { session: id as string, checkpoint: commit.id as string }
  return { name, commit: commit.id, document: await backend.document(commit, id) }
}
