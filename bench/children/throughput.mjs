// @ts-check
/**
 * Many sessions saved at once, each save of a session after the one before.
 *
 * Task: `{ contender, folder, sessions, saves, bytes, prefix? }`; `saves`: a session; `prefix`: of their ids. Answer:
 * `{ rate }`, saves per second.
 */

import { appender } from '../contenders/forkpoint.mjs'
import { contender } from '../contenders/index.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { someTurns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const { contender: key, folder, sessions, saves, bytes, prefix = 's' } = task()
const WARM = Math.ceil(saves / 5)
const turns = someTurns(saves + WARM, { bytes })

const all = key === 'append' ? await oneStore() : await manySavers(await contender(key))
await round(0, WARM)
const start = performance.now()
await round(WARM, WARM + saves)
const seconds = (performance.now() - start) / 1000
await all.close()
answer({ rate: (sessions * saves) / seconds })

/** @param {number} from @param {number} to */
async function round(from, to) {
  await Promise.all(
    all.savers.map(async (save) => {
      for (let turn = from; turn < to; turn++) await save(/** @type {any} */ (turns[turn]))
    }),
  )
}

/** As one process would: all sessions in one store object. */
async function oneStore() {
  const store = new GitSessionStore(`${folder}/forkpoint`)
  const savers = []
  for (let i = 0; i < sessions; i++) savers.push((await appender(store, `${prefix}${i}`)).append)
  return { savers, close: () => store.close() }
}

/** @param {import('../contenders/contender.mjs').Contender} made */
async function manySavers(made) {
  /** @type {import('../contenders/contender.mjs').Saver[]} */
  const opened = []
  for (let i = 0; i < sessions; i++) opened.push(await made.open(folder, `${prefix}${i}`))
  return {
    savers: opened.map(({ save }) => save),
    close: async () => {
      for (const saver of opened) await saver.close()
    },
  }
}
