/** Restores the files of a checkpoint, once it is told to. */
import { once } from 'node:events'
import { GitSessionStore } from '../../../dist/index.js'

const [folder, workspace, revision] = process.argv.slice(2)
const store = new GitSessionStore(folder)
const files = store.files(workspace)
await files.snapshot('demo', revision)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
await files.restore('demo', revision)
process.stdout.write('done\n')
await store.close()
process.exit()
