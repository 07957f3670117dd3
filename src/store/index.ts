/** What a store of one's own is made of: `forkpoint/store`. */
export { BlobSessionStore } from './blob/blob-session-store.ts'
export type { Blobs, Now } from './blob/blobs.ts'
export type { StoreFront } from './front.ts'
