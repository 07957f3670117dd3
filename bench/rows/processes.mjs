// @ts-check
import { child } from '../children/child.mjs'
import { p50 } from '../statistics.mjs'

/** @type {import('./row.mjs').Row} */
export const processes = {
  name: 'processes',
  about: 'saves per second of 1, 2, 4 and 8 processes together, each with sessions of its own',
  async run({ quick, folder, say }) {
    const saves = quick ? 150 : 600
    /** @type {Record<'append' | 'table' | 'lmdb', number[]>} */
    const totals = { append: [], table: [], lmdb: [] }
    const measures = []
    for (const count of [1, 2, 4, 8]) {
      for (const key of /** @type {const} */ (['append', 'table', 'lmdb'])) {
        const rounds = []
        for (let round = 0; round < (quick ? 1 : 3); round++) {
          say(`${count} processes, ${key}, round ${round + 1}`)
          const place = folder(`processes-${key}-${count}-${round}`)
          const task = { contender: key, folder: place, sessions: 1, saves, bytes: 1500 }
          // The store is there already: who makes it is not measured.
          await child('throughput', { ...task, saves: 5, prefix: 'first-' })
          const runs = await Promise.all(
            Array.from({ length: count }, (_, n) => child('throughput', { ...task, prefix: `p${n}-` })),
          )
          rounds.push(runs.reduce((sum, { rate }) => sum + rate, 0))
        }
        totals[key].push(p50(rounds))
      }
      const [first = Number.NaN, now = Number.NaN] = [totals.append[0], totals.append.at(-1)]
      const line = {
        what: `saves per second, ${count} process${count === 1 ? '' : 'es'}`,
        unit: '/s',
        forkpoint: now,
        peers: { SQLite: totals.table.at(-1) ?? Number.NaN, LMDB: totals.lmdb.at(-1) ?? Number.NaN },
      }
      const least = count === 2 ? 1.5 : 1
      measures.push(
        count === 1 ? line : { ...line, reach: `≥ ${least}× one process`, reached: now >= first * least },
      )
    }
    return {
      measures,
      notes: [
        'The sum of the rates of processes that run at the same time, on one store. classic-level has none: one process alone can open its database.',
      ],
    }
  },
}
