// @ts-check
/** What a report's numbers were measured on. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { fileSystem } from '../disk.mjs'

/** @param {string} folder where the bench writes @param {boolean} quick */
export function environment(folder, quick) {
  return {
    at: new Date().toISOString(),
    quick,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memory: totalmem(),
      system: `${type()} ${release()}`,
      disk: fileSystem(folder),
      /** Processes that wanted a CPU in the minute before; 0 on Windows. */
      load: loadavg()[0] ?? 0,
    },
    versions: {
      node: process.version,
      git: firstLine('git', ['--version']),
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    },
  }
}

/** @typedef {ReturnType<typeof environment> & { rows: import('../run.mjs').RowResult[] }} Report */

/** @param {string} command @param {string[]} args */
function firstLine(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).split('\n', 1)[0] ?? ''
  } catch {
    return 'none'
  }
}

const PACKAGES = [
  '@langchain/langgraph-checkpoint-sqlite',
  'better-sqlite3',
  'classic-level',
  'isomorphic-git',
  'lmdb',
]

/** @param {string} name */
function versionOf(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return /** @type {{ version: string }} */ (JSON.parse(readFileSync(file, 'utf8'))).version
}
