// @ts-check
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The floor: a line appended, the file synced, nothing else. No history, no branches, and reading means reading all.
 *
 * @type {import('./contender.mjs').Contender}
 */
export const raw = {
  durable: 'power loss',
  async open(folder, session) {
    const file = openSync(join(folder, `${session}.jsonl`), 'a')
    return {
      async save(turn) {
        writeSync(file, `${JSON.stringify(turn)}\n`)
        fdatasyncSync(file)
      },
      async close() {
        closeSync(file)
      },
    }
  },
}

/** The same without blocking the event loop. @type {import('./contender.mjs').Contender} */
export const rawAsync = {
  durable: 'power loss',
  async open(folder, session) {
    const file = await open(join(folder, `${session}.async.jsonl`), 'a')
    return {
      async save(turn) {
        await file.write(`${JSON.stringify(turn)}\n`)
        await file.datasync()
      },
      close: () => file.close(),
    }
  },
}
