// @ts-check
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { sessionState } from '../workload.mjs'

/**
 * One JSON file per session, replaced whole: temporary file, fsync, rename, fsync of the folder.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const jsonFile = {
  durable: 'power loss',
  async open(folder, session) {
    const state = sessionState(session, [])
    const path = join(folder, `${session}.json`)
    return {
      async save(turn) {
        state.messages.push(...turn)
        await replace(folder, path, JSON.stringify(state))
      },
      async close() {},
    }
  },
}

/** @param {string} folder @param {string} path @param {string} text */
async function replace(folder, path, text) {
  const temporary = await open(`${path}.tmp`, 'w')
  await temporary.writeFile(text)
  await temporary.sync()
  await temporary.close()
  await rename(`${path}.tmp`, path)
  const directory = await open(folder, 'r')
  await directory.sync()
  await directory.close()
}
