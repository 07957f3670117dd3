// @ts-check
/**
 * The one builder. `npm run build` makes `dist` anew and fails on the first type error, so that what is packed is whole.
 * What runs the built files calls `buildIfStale` (or passes `--if-stale`), which does nothing while `dist` is newer than
 * what it is made of.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
const STAMP = '.built'
const SOURCES = ['src', 'tsconfig.build.json', 'tsconfig.json', 'scripts/build.mjs']

/** Builds unless `dist` is up to date. Types are judged elsewhere: what can be run is run. */
export function buildIfStale() {
  const newest = Math.max(...SOURCES.map((path) => newestBelow(join(ROOT, path))))
  const built = statSync(join(DIST, STAMP), { throwIfNoEntry: false })
  if (built === undefined || built.mtimeMs <= newest) build({ strict: false })
}

/**
 * Builds beside the old `dist`, then puts the new one in its place: somebody may be running it. Throws an Error with what
 * the compiler said.
 *
 * @param {{ strict: boolean }} options `strict`: a type error is a failure
 */
export function build({ strict }) {
  const fresh = join(ROOT, 'node_modules', `.dist-${process.pid}`)
  const started = new Date()
  rmSync(fresh, { recursive: true, force: true })
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh]
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  const entry = join(fresh, 'cli', 'main.js')
  if ((strict && status !== 0) || statSync(entry, { throwIfNoEntry: false }) === undefined) {
    rmSync(fresh, { recursive: true, force: true })
    throw new Error(`The build failed:\n${stdout}`)
  }
  chmodSync(entry, 0o755)
  writeFileSync(join(fresh, STAMP), '')
  utimesSync(join(fresh, STAMP), started, started)
  const old = `${fresh}-old`
  if (statSync(DIST, { throwIfNoEntry: false }) !== undefined) renameSync(DIST, old)
  renameSync(fresh, DIST)
  rmSync(old, { recursive: true, force: true })
}

/** @param {string} path @returns {number} when the path, or anything below it, was last changed */
function newestBelow(path) {
  const found = statSync(path)
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newestBelow(join(path, name))))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv.includes('--if-stale')) buildIfStale()
    else build({ strict: true })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
