/** What a store of one's own is made of: `forkpoint/store`. */
export { BlobSessionStore } from './blob/blob-session-store.ts'
export type { Blobs } from './blob/blobs.ts'
