// @ts-check
/**
 * npm run test:clients [-- --all]: installs the real tools into this folder, and runs the tests of this folder with them.
 * With `--all` every session goes to every tool, and the table in docs/importing.md is written anew. A tool that
 * cannot be had is skipped, and it is said so.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeTable } from './table.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPORT = `${ROOT}client-results.json`
/** Milliseconds that npm may take. */
const PATIENCE = 240_000

const args = process.argv.slice(2)
const isAll = args.includes('--all')

if (!isInstalled()) {
  console.log('Installing the tools…')
  const { status } = spawnSync(
    'npm',
    // Not `npm ci`: that refuses where the registry lacks a package for another platform.
    ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: HERE,
      stdio: 'inherit',
      timeout: PATIENCE,
    },
  )
  if (status !== 0) {
    console.warn('SKIPPED: the tools could not be installed from npm.')
    rmSync(`${HERE}node_modules`, { recursive: true, force: true })
  }
}

rmSync(REPORT, { force: true })
const vitest = [
  `${ROOT}node_modules/vitest/vitest.mjs`,
  'run',
  '--config',
  `${HERE}vitest.config.ts`,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${REPORT}`,
  ...args.filter((arg) => arg !== '--all'),
]
const env = {
  ...process.env,
  VITE_CONFIG_NATIVE_IGNORE_WARNING: 'true',
  ...(isAll ? { FORKPOINT_CLIENTS: 'all' } : {}),
}
const { status } = spawnSync(process.execPath, vitest, { cwd: ROOT, env, stdio: 'inherit' })
if (isAll && existsSync(REPORT)) writeTable(REPORT, `${ROOT}docs/importing.md`)
process.exitCode = status ?? 1

/** npm writes its own list when it is done. */
function isInstalled() {
  const done = `${HERE}node_modules/.package-lock.json`
  return existsSync(done) && statSync(done).mtimeMs >= statSync(`${HERE}package-lock.json`).mtimeMs
}
