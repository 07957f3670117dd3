// @ts-check
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * One file of lines for all sessions; saves that come together are one write and one sync. No history, no branches, and
 * reading a session means reading all of them.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const sharedLog = {
  durable: 'power loss',
  async open(folder, session) {
    const path = join(folder, 'shared.jsonl')
    const log = logs.get(path) ?? {
      file: await open(path, 'a'),
      users: 0,
      lines: /** @type {string[]} */ ([]),
    }
    logs.set(path, log)
    log.users++
    return {
      async save(turn) {
        log.lines.push(`${JSON.stringify({ session, turn })}\n`)
        await synced(log)
      },
      async close() {
        if (--log.users > 0) return
        logs.delete(path)
        await log.file.close()
      },
    }
  },
}

/**
 * @typedef {object} Log
 * @property {import('node:fs/promises').FileHandle} file
 * @property {number} users
 * @property {string[]} lines
 * @property {Promise<void>} [running]
 * @property {Promise<void>} [next]
 */

/** @type {Map<string, Log>} */
const logs = new Map()

/** Resolves when the lines that are waiting now are on the disk. @param {Log} log @returns {Promise<void>} */
function synced(log) {
  log.next ??= (log.running ?? Promise.resolve()).then(async () => {
    log.running = log.next
    delete log.next
    await log.file.write(log.lines.splice(0).join(''))
    await log.file.datasync()
  })
  return log.next
}
