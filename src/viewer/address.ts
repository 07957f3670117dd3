/** Makes addresses inside the page, which `page/route.ts` reads. */
import type { Place } from '../store/session-store.ts'

/** Returns the address of a session, or of one of its checkpoints: `#/s/demo/c/main~3`. */
export const hashOf = ({ session, at = '' }: Place): string =>
  `#/s/${encodeURIComponent(session)}${at === '' ? '' : `/c/${encodeURIComponent(at)}`}`
