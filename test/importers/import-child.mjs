// Imports a transcript of Claude Code, and prints a line for each turn that is stored: node import-child.mjs <dist> <file> <store>
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist, file, place] = process.argv.slice(2)
const { GitSessionStore } = await import(pathToFileURL(join(dist, 'index.js')))
const { claudeCode, importSession } = await import(pathToFileURL(join(dist, 'importers/index.js')))
const store = new GitSessionStore(place)
await importSession(claudeCode, file, store, {
  redact: false,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
})
await store.close()
