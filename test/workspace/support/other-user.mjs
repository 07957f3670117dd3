/** Keeps or restores files as the user that runs it, and prints what came of it. */
import { GitSessionStore } from '../../../dist/index.js'

const [folder, workspace, what, id] = process.argv.slice(2)
const store = new GitSessionStore(folder)
const files = store.files(workspace)
const outcome = what === 'keep' ? await files.keep('demo') : await files.restore('demo', id).catch(problemOf)
process.stdout.write(JSON.stringify(outcome))
await store.close()

function problemOf({ code, failed }) {
  return { code, failed }
}
