// @ts-check
/** npm run examples [-- name …]: runs every program of examples/, or those named; fails when one fails. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfStale } from './build.mjs'

const folder = fileURLToPath(new URL('../examples/', import.meta.url))
const shared = ['temporary-folder.js']
const named = process.argv.slice(2).map((name) => `${basename(name, '.js')}.js`)
const all = readdirSync(folder).filter((name) => name.endsWith('.js') && !shared.includes(name))
const unknown = named.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`There is no example ${unknown.join(', ')}. There are: ${all.join(', ')}`)
  process.exit(2)
}

buildIfStale()
const failed = []
for (const name of named.length > 0 ? named : all) {
  console.log(`\n── examples/${name}\n`)
  const { status } = spawnSync(process.execPath, [name], { cwd: folder, stdio: 'inherit', timeout: 120_000 })
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}`)
  process.exit(1)
}
