// @ts-check
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'

/**
 * An entry for each message and for each checkpoint, written as one synced batch per save. LevelDB puts batches that wait for
 * the disk at the same time into one sync. One process alone can have the database open.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const level = {
  durable: 'power loss (`sync: true`)',
  async open(folder, session) {
    const { database, users } = opened(join(folder, 'level'))
    users.add(session)
    let messages = 0
    let checkpoints = 0
    return {
      async save(turn) {
        const entries = turn.map((message) => put(`${session}/message/${numbered(messages++)}`, message))
        const checkpoint = { messages, at: turn.at(-1)?.createdAt }
        entries.push(put(`${session}/checkpoint/${numbered(checkpoints++)}`, checkpoint))
        await database.batch(entries, SYNCED)
      },
      async close() {
        users.delete(session)
        if (users.size === 0) await database.close()
      },
    }
  },
}

/** An option of LevelDB's that the types of all batches together do not have. @type {object} */
const SYNCED = { sync: true }

/** @param {string} key @param {unknown} value */
const put = (key, value) => ({ type: /** @type {const} */ ('put'), key, value })

/** In the order of keys. @param {number} index */
const numbered = (index) => String(index).padStart(9, '0')

/** One database for all sessions of a process. @type {Map<string, { database: ClassicLevel<string, unknown>, users: Set<string> }>} */
const databases = new Map()

/** @param {string} path */
function opened(path) {
  const found = databases.get(path)
  if (found !== undefined) return found
  /** @type {ClassicLevel<string, unknown>} */
  const database = new ClassicLevel(path, { valueEncoding: 'json' })
  const made = { database, users: new Set() }
  databases.set(path, made)
  return made
}
