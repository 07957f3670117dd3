// @ts-check
import fs from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import git from 'isomorphic-git'
import { sessionState } from '../workload.mjs'

/**
 * The session as one JSON file of a repository: `add` and `commit` of isomorphic-git.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const isomorphicGit = {
  durable: 'process crash (nothing is synced)',
  async open(folder, session) {
    const dir = join(folder, 'isomorphic-git')
    await git.init({ fs, dir, defaultBranch: 'main' })
    const state = sessionState(session, [])
    const author = { name: 'bench', email: 'bench@localhost' }
    let turns = 0
    return {
      async save(turn) {
        state.messages.push(...turn)
        await writeFile(join(dir, `${session}.json`), `${JSON.stringify(state, null, 2)}\n`)
        await git.add({ fs, dir, filepath: `${session}.json` })
        await git.commit({ fs, dir, message: `turn ${++turns}`, author })
      },
      async close() {},
    }
  },
}
