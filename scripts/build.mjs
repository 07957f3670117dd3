// @ts-check
/**
 * The one builder. `npm run build` makes `dist` anew and fails on the first type error, so that what is packed is whole.
 * What runs the built files calls `buildIfStale` (or passes `--if-stale`), which does nothing while `dist` is newer than
 * what it is made of.
 *
 * The compiler writes the types, a file for each source. The code is one file for each entry and chunks that they share,
 * so that an import reads a dozen files instead of four hundred, and a class is the same one from each subpath.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPage } from './build-page.mjs'
import { licencesOf } from './licences.mjs'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
const STAMP = '.built'
const SOURCES = [
  'src',
  'tsconfig.build.json',
  'tsconfig.json',
  'package.json',
  'scripts/build.mjs',
  'scripts/build-page.mjs',
  'scripts/code.mjs',
]

/**
 * Packages whose code is in ours: only the part that is used, in the files that are read anyway. To import one of the older
 * form of modules alone takes Node as long as a third of all our code.
 */
export const INLINED = ['zod', 'ignore']

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
  try {
    writeTypes(fresh, strict)
    writeCode(fresh)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    throw error
  }
  writeFileSync(join(fresh, STAMP), '')
  utimesSync(join(fresh, STAMP), started, started)
  const old = `${fresh}-old`
  if (statSync(DIST, { throwIfNoEntry: false }) !== undefined) renameSync(DIST, old)
  renameSync(fresh, DIST)
  rmSync(old, { recursive: true, force: true })
}

/** @param {string} folder @param {boolean} strict */
function writeTypes(folder, strict) {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder]
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  if (strict && status !== 0) throw new Error(`The build failed:\n${stdout}`)
}

/** @param {string} folder */
function writeCode(folder) {
  const script = join(ROOT, 'scripts', 'code.mjs')
  const { status } = spawnSync(process.execPath, [script, folder], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) throw new Error('The build failed.')
  nameClassesOnly(folder)
  chmodSync(join(folder, 'cli', 'main.js'), 0o755)
  const page = buildPage(ROOT)
  writeFileSync(join(folder, 'viewer', 'page.html'), page.html)
  writeFileSync(
    join(folder, 'LICENSES.txt'),
    licencesOf([...INLINED, ...page.packages].map((name) => join(ROOT, 'node_modules', name))),
  )
}

/**
 * Lets the bundle give names to classes alone. It would name each arrow function whenever one is made, which takes a
 * twentieth of a save.
 *
 * @param {string} folder
 */
function nameClassesOnly(folder) {
  const helper = 'var __name = (target, value) => '
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  )
  const holders = files
    .map((name) => join(folder, name))
    .filter((path) => readFileSync(path, 'utf8').includes(helper))
  if (holders.length === 0) throw new Error(`The bundle has no '${helper}': see nameClassesOnly.`)
  for (const path of holders) {
    const code = readFileSync(path, 'utf8')
    const named = `${helper}target.name === value || target.prototype === void 0 ? target : `
    writeFileSync(path, code.replace(helper, named))
  }
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
