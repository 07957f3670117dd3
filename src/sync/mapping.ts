/** Whether a server's repository also holds code, so that branches of sessions are kept apart from it. */
import { parseRef } from '../ids.ts'

/** Told by its refs: branches of sessions are apart already, or there are branches that are not those of sessions. */
export function hasCode(refs: Iterable<string>): boolean {
  for (const ref of refs) {
    if (ref.startsWith('refs/forkpoint/heads/')) return true
    if (!ref.startsWith('refs/heads/')) continue
    if (parseRef(ref) === undefined && !/^refs\/heads\/_(?:forkpoint$|check-[0-9a-f]{8}\/)/.test(ref))
      return true
  }
  return false
}
