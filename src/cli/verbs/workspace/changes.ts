/** What a turn did to the files, for people. */
import { NotFoundError } from '../../../errors.ts'
import type { SessionStore } from '../../../store/session-store.ts'
import { dim, green, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import type { FileChanges } from '../../../workspace/stored-files.ts'

/** `undefined` for a checkpoint without files, or whose files are not in this store. */
export async function changesAt(
  store: Pick<SessionStore, 'files'>,
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

const MOST = 20

/** A line a file, as in `git status`. */
export function changeLines({ added, changed, deleted }: Omit<FileChanges, 'from' | 'to'>): Line[] {
  const all = [
    ...added.map((path) => line`${green('A')} ${path}`),
    ...changed.map((path) => line`${yellow('M')} ${path}`),
    ...deleted.map((path) => line`${red('D')} ${path}`),
  ]
  const shown = all.slice(0, MOST)
  return all.length > MOST ? [...shown, line`${dim(`and ${all.length - MOST} more files`)}`] : shown
}
