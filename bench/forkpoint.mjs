// @ts-check
/** forkpoint as it is built: `npm run build` first. */

export { importClaudeCode } from '../dist/importers/index.js'
export { GitSessionStore, newMessage, newSession } from '../dist/index.js'
export { redactSecrets } from '../dist/redaction/index.js'
export { RemoteSessionStore } from '../dist/store/remote/index.js'
