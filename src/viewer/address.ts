/** Addresses inside the page, as `page/route.ts` reads them. */
import type { Place } from '../store/session-store.ts'

/** Of a session, or of one of its checkpoints: `#/s/demo/c/main~3`. */
export const hashOf = ({ session, at = '' }: Place): string =>
  `#/s/${encodeURIComponent(session)}${at === '' ? '' : `/c/${encodeURIComponent(at)}`}`
