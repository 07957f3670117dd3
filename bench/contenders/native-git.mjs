// @ts-check
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeFolders } from '../../dist/folders.js'
import { sessionState } from '../workload.mjs'

const run = promisify(execFile)

/** Git that reads nobody's configuration. @param {string} dir @param {string[]} args */
export const git = (dir, ...args) =>
  run('git', ['-C', dir, ...args], { env: ENVIRONMENT, maxBuffer: 1 << 28 })

/** @type {NodeJS.ProcessEnv} */
const ENVIRONMENT = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@localhost',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@localhost',
}

/**
 * The session as one JSON file of a repository: `git add` and `git commit`, two processes a save, no automatic gc
 * (it would run in the middle of a measurement; the disk rows run it by hand).
 *
 * @type {import('./contender.mjs').Contender}
 */
export const nativeGit = {
  durable: 'process crash (nothing is synced)',
  async open(folder, session) {
    const dir = join(folder, 'native-git')
    makeFolders(dir)
    await git(dir, 'init', '-q', '-b', 'main')
    await git(dir, 'config', 'gc.auto', '0')
    const state = sessionState(session, [])
    let turns = 0
    return {
      async save(turn) {
        state.messages.push(...turn)
        await writeFile(join(dir, `${session}.json`), `${JSON.stringify(state, null, 2)}\n`)
        await git(dir, 'add', `${session}.json`)
        await git(dir, 'commit', '-q', '-m', `turn ${++turns}`)
      },
      async close() {},
    }
  },
}
