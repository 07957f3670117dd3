// @ts-check
import { join } from 'node:path'
import { open } from 'lmdb'

/**
 * A record for each message and for each checkpoint, written in one transaction per save, as lmdb-js is used by default: writes
 * that come together are one commit. A save is acknowledged when its commit is flushed.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const lmdb = {
  durable: 'power loss (`db.flushed`)',
  async open(folder, session) {
    const { database, users } = opened(join(folder, 'lmdb'))
    users.add(session)
    let messages = 0
    let checkpoints = 0
    return {
      async save(turn) {
        await database.batch(() => {
          for (const message of turn) database.put([session, 'message', messages++], message)
          database.put([session, 'checkpoint', checkpoints++], { messages, at: turn.at(-1)?.createdAt })
        })
        await database.flushed
      },
      async close() {
        users.delete(session)
        if (users.size === 0) await database.close()
      },
    }
  },
}

/** One database for all sessions of a process. @type {Map<string, { database: import('lmdb').RootDatabase, users: Set<string> }>} */
const databases = new Map()

/** @param {string} path */
function opened(path) {
  const found = databases.get(path) ?? { database: open({ path }), users: new Set() }
  databases.set(path, found)
  return found
}
