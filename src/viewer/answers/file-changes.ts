/** Reads the changes of a turn to the files of its workspace. */
import { NotFoundError, UnsupportedError } from '../../errors.ts'
import { beginning } from '../../excerpt.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { FileChanges } from '../../workspace/stored-files.ts'
import type { ChangedFiles } from '../wire.ts'

type Store = Pick<SessionStore, 'files'>

/** Returns the changes at a checkpoint; `undefined` if it has no files, or they are not in this store. */
export async function changesAt(
  store: Store,
  session: string,
  checkpoint: string,
): Promise<FileChanges | undefined> {
  try {
    return await store.files?.('.').changes(session, checkpoint)
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === 'snapshot') return undefined
    throw error
  }
}

/** The same for the page, with a patch if `patch` is set and a git binary is available. */
export async function changedFiles(
  store: Store,
  session: string,
  checkpoint: string,
  { patch }: { patch: boolean },
): Promise<ChangedFiles> {
  const changes = await changesAt(store, session, checkpoint)
  if (changes === undefined) return { added: [], changed: [], deleted: [] }
  const { added, changed, deleted } = changes
  const lists = {
    added: added.slice(0, MOST),
    changed: changed.slice(0, MOST),
    deleted: deleted.slice(0, MOST),
  }
  if (!patch || added.length + changed.length + deleted.length === 0) return lists
  try {
    const whole = (await store.files?.('.').patch(session, checkpoint)) ?? ''
    return { ...lists, patch: beginning(whole, LONGEST), ...(whole.length > LONGEST && { cut: true }) }
  } catch (error) {
    if (error instanceof UnsupportedError) return lists
    throw error
  }
}

/** Most paths of one kind. */
const MOST = 1000
/** Most characters of a patch. */
const LONGEST = 1024 * 1024
