/** Rules for the branches of a session. */
import { UnsupportedError } from '../errors.ts'
import { type BranchName, MAIN } from '../ids.ts'
import { isSameName } from '../ref-part.ts'

/**
 * Returns the active branch after `branch` is deleted: `main` if the active branch is deleted, else the same as before.
 * Throws UnsupportedError for the only branch, because a session needs a branch, and for the active branch if there is
 * no `main` to return to.
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
