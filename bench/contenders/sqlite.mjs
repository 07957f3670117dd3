// @ts-check
import { join } from 'node:path'
// @ts-expect-error It comes without types.
import Database from 'better-sqlite3'

/**
 * What somebody who knows SQLite would write: a table of messages and a table of checkpoints, each save one transaction that
 * adds only what is new. WAL, and `synchronous=FULL`, so that a save survives a power loss.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const sqlite = {
  durable: 'power loss (WAL, synchronous=FULL)',
  async open(folder, session) {
    const { save, close } = opened(folder)
    return {
      async save(turn) {
        save([{ session, turn }])
      },
      async close() {
        close()
      },
    }
  },
}

/** The same, and saves that come together are one transaction. @type {import('./contender.mjs').Contender} */
export const sqliteBatches = {
  durable: 'power loss (WAL, synchronous=FULL)',
  async open(folder, session) {
    const { batch, close } = opened(folder)
    return {
      save: (turn) => batch({ session, turn }),
      async close() {
        close()
      },
    }
  },
}

/** @typedef {{ session: string, turn: readonly import('../workload.mjs').Message[] }} Save */

/** One database for all sessions of a process, as an application has it. @type {Map<string, ReturnType<typeof open>>} */
const databases = new Map()

/** @param {string} folder */
function opened(folder) {
  const database = databases.get(folder) ?? open(folder)
  databases.set(folder, database)
  return database
}

/** @param {string} folder */
function open(folder) {
  const database = new Database(join(folder, 'sessions.sqlite'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec(`
    CREATE TABLE IF NOT EXISTS messages (
      session TEXT, seq INTEGER, id TEXT, role TEXT, content TEXT, at TEXT, PRIMARY KEY (session, seq)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS checkpoints (
      session TEXT, seq INTEGER, messages INTEGER, at TEXT, PRIMARY KEY (session, seq)
    ) WITHOUT ROWID;`)
  const message = database.prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)')
  const checkpoint = database.prepare('INSERT INTO checkpoints VALUES (?, ?, ?, ?)')
  /** @type {Map<string, { messages: number, checkpoints: number }>} */
  const counts = new Map()
  const save = database.transaction((/** @type {readonly Save[]} */ saves) => {
    for (const { session, turn } of saves) {
      const count = counts.get(session) ?? { messages: 0, checkpoints: 0 }
      counts.set(session, count)
      for (const { id, role, content, createdAt } of turn)
        message.run(session, count.messages++, id, role, content, createdAt)
      checkpoint.run(session, count.checkpoints++, count.messages, turn.at(-1)?.createdAt)
    }
  })
  /** @type {(Save & { done: () => void })[]} */
  let waiting = []
  const flush = () => {
    const saves = waiting
    waiting = []
    save(saves)
    for (const { done } of saves) done()
  }
  return {
    save,
    /** @param {Save} one @returns {Promise<void>} */
    batch: (one) =>
      new Promise((done) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ ...one, done })
      }),
    close() {
      if (database.open) database.close()
    },
  }
}
