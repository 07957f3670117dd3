/** What a turn did to the files of its workspace. */
import { NotFoundError, UnsupportedError } from '../../errors.ts'
import { beginning } from '../../excerpt.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { FileChanges } from '../../workspace/stored-files.ts'
import type { ChangedFiles } from '../wire.ts'

type Store = Pick<SessionStore, 'files'>

/** `undefined` for a checkpoint without files, or whose files are not in this store. */
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

/** The same for the page, with a patch where it is asked for and a git binary can make it. */
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

/** Paths of one kind. */
const MOST = 1000
/** Characters of a patch. */
const LONGEST = 1024 * 1024
