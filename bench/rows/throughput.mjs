// @ts-check
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { p50 } from '../statistics.mjs'

const BYTES = 1500

/** @type {import('./row.mjs').Row} */
export const throughput = {
  name: 'throughput',
  about: 'saves per second with 1, 8 and 64 sessions saving at once',
  async run({ quick, folder, say }) {
    const total = quick ? 384 : 2560
    const measures = []
    for (const sessions of [1, 8, 64]) {
      /** @type {Record<string, number[]>} */
      const rates = {}
      for (let round = 0; round < (quick ? 1 : 5); round++) {
        const keys = [
          'append',
          'raw',
          'sharedLog',
          'tableBatches',
          'lmdb',
          'level',
          ...(round === 0 ? ['json', 'sqlite'] : []),
        ]
        for (const key of round % 2 === 1 ? keys.reverse() : keys) {
          say(`${sessions} sessions, ${NAMES[key]}, round ${round + 1}`)
          const { rate } = await child('throughput', {
            contender: key,
            folder: folder(`throughput-${key}-${sessions}-${round}`),
            // The floor is one loop, however many sessions there are.
            sessions: key === 'raw' ? 1 : sessions,
            saves: Math.ceil(
              (key === 'json' || key === 'sqlite' ? total / 8 : total) / (key === 'raw' ? 1 : sessions),
            ),
            bytes: BYTES,
          })
          rates[key] = [...(rates[key] ?? []), rate]
        }
      }
      const { forkpoint = Number.NaN, ...peers } = Object.fromEntries(
        Object.entries(rates).map(([key, runs]) => [NAMES[key], p50(runs)]),
      )
      // Each round by the peer measured beside it: a disk that others use changes from second to second.
      const value = p50(
        (rates.append ?? []).map((rate, round) => rate / (rates.tableBatches?.[round] ?? Number.NaN)),
      )
      const line = {
        what: `saves per second, ${sessions} session${sessions === 1 ? '' : 's'} at once`,
        unit: '/s',
        forkpoint,
        peers,
        ratio: { to: 'SQLite in batches', value },
      }
      measures.push(sessions === 64 ? { ...line, reach: '≥ SQLite in batches', reached: value >= 1 } : line)
    }
    return { measures }
  },
}
