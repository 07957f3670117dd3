import { MemorySessionStore } from '../../src/store/memory-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'

/** The stores that imports are tested on. */
export const STORES: readonly { name: string; open: () => Promise<SessionStore> }[] = [
  { name: 'memory', open: async () => new MemorySessionStore() },
]
