// Imports a session file, and prints a line for each turn that is stored: node import-child.mjs <dist> <file> <store> [tool]
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist, file, place, tool = 'claude-code'] = process.argv.slice(2)
const { GitSessionStore } = await import(pathToFileURL(join(dist, 'index.js')))
const { IMPORTERS, importSession } = await import(pathToFileURL(join(dist, 'importers/index.js')))
const store = new GitSessionStore(place)
const importer = IMPORTERS.find(({ name }) => name === tool)
await importSession(importer, file, store, {
  redact: false,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
})
await store.close()
