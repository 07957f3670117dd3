// @ts-check
/** Installs what forkpoint is compared with, once: `npm ci` in this folder, unless what is there fits the lock file. */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const changed = (/** @type {string} */ file) =>
  statSync(`${folder}${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0

// npm writes its own lock file last, so an install that was stopped halfway is done again.
if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  console.error("Installing the bench's own dependencies (better-sqlite3 may have to compile) …")
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  process.exit(npm.status ?? 1)
}
