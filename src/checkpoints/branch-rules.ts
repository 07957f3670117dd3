/** What may happen to the branches of a session. */
import { UnsupportedError } from '../errors.ts'
import { type BranchName, MAIN } from '../ids.ts'
import { isSameName } from '../ref-part.ts'

/**
 * The active branch once `branch` is deleted: `main` where the active one goes, else what it was. Throws
 * UnsupportedError for the only branch, because a session without branches is none, and for the active one where there
 * is no `main` to go back to.
 */
export function activeAfterDelete(
  session: string,
  branch: BranchName,
  branches: readonly BranchName[],
  active: BranchName,
): BranchName {
  if (branches.length === 1 && isSameName(branches[0]!, branch)) {
    throw new UnsupportedError(
      'deleting the only branch',
      `'${branch}' is the only branch of session '${session}'. To delete it, delete the session.`,
    )
  }
  if (!isSameName(branch, active)) return active
  if (branch === MAIN || !branches.includes(MAIN)) {
    throw new UnsupportedError(
      'deleting the active branch',
      `'${branch}' is the active branch of session '${session}', and the session has no main to switch to. Switch to another branch first.`,
    )
  }
  return MAIN
}
