/** Collects what each exported turn changed in the files of its workspace. */
import type { SessionStore } from '../../store/session-store.ts'
import { holdsSecrets } from '../../workspace/left-out.ts'
import { changedFiles } from '../answers/file-changes.ts'
import type { ChangedFiles, SessionView } from '../wire.ts'

/** Most characters of all patches together; the turns after that have only paths. */
const LONGEST = 8 * 1024 * 1024

/**
 * Returns the changes by the id of the turn's checkpoint. Files such as `.env` are left out, also if snapshots include
 * them.
 */
export async function codeChanges(
  store: Pick<SessionStore, 'files'>,
  { session, turns, files }: SessionView,
): Promise<Record<string, ChangedFiles>> {
  const found: Record<string, ChangedFiles> = {}
  if (!files) return found
  let left = LONGEST
  for (const { id } of turns) {
    const { added, changed, deleted, patch, cut } = await changedFiles(store, session, id, {
      patch: left > 0,
    })
    const lists = {
      added: added.filter(isPublic),
      changed: changed.filter(isPublic),
      deleted: deleted.filter(isPublic),
    }
    if (lists.added.length + lists.changed.length + lists.deleted.length === 0) continue
    const text = patch === undefined ? undefined : readable(patch)
    left -= text?.length ?? 0
    found[id] = { ...lists, ...(text !== undefined && { patch: text }), ...(cut === true && { cut }) }
  }
  return found
}

const isPublic = (path: string): boolean => !holdsSecrets(path.slice(path.lastIndexOf('/') + 1))

/** Returns a patch without the files that are likely to contain secrets, and without the bytes of binary files. */
function readable(patch: string): string {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((file) => [...headOf(file).matchAll(NAMES)].every(([, name]) => isPublic(name!)))
    .map((file) => file.replace(/^GIT binary patch\n[\s\S]*/m, 'GIT binary patch\n'))
    .join('')
}

const headOf = (file: string): string => file.split(/^@@ /m, 1)[0]!

/** Names in the head of a file's patch; git puts those with unusual characters in quotation marks. */
const NAMES = /^(?:\+\+\+ "?b\/|--- "?a\/|rename (?:from|to) "?|diff --git .* "?b\/)(.*?)"?\t?$/gm
