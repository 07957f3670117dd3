/** `forkpoint/store`: the parts for making a store of your own. */
export { BlobSessionStore } from './blob/blob-session-store.ts'
export type { Blobs, Now } from './blob/blobs.ts'
export type { StoreFront } from './front.ts'
