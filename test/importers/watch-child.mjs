// Watches a folder of Claude Code sessions until it is killed: node watch-child.mjs <dist> <folder> <store>
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist, folder, place] = process.argv.slice(2)
const { GitSessionStore } = await import(pathToFileURL(join(dist, 'index.js')))
const { claudeCode, watchSessions } = await import(pathToFileURL(join(dist, 'importers/index.js')))
const store = new GitSessionStore(place)
for await (const { session, error, checkpoints } of watchSessions([{ tool: claudeCode, folder }], store, {
  quiet: 20,
}))
  process.stdout.write(`${JSON.stringify({ session, checkpoints, error: error?.message })}\n`)
