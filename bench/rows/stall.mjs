// @ts-check
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { p50, percentile } from '../statistics.mjs'
import { within } from './row.mjs'

/** @type {import('./row.mjs').Row} */
export const stall = {
  name: 'stall',
  about: 'the longest stall of the event loop during a save',
  async run({ quick, folder, say }) {
    const saves = quick ? 20 : 200
    const cases = [
      { what: 'append to a session of 1,000 messages', key: 'append', before: 1000, saves },
      { what: 'save(state) of 1,000 messages', key: 'save', before: 1000, saves: quick ? 10 : 50 },
      { what: 'save(state) of 3,000 messages', key: 'save', before: 3000, saves: quick ? 5 : 30 },
      { what: 'append of one message of 20 MB', key: 'append', before: 10, saves: quick ? 1 : 5, long: 20e6 },
    ]
    const measures = []
    const delays = []
    for (const [index, { what, key, ...shape }] of cases.entries()) {
      /** @param {string} contender */
      const measured = (contender) => {
        say(`${what}, ${NAMES[contender]}`)
        return child('stall', {
          contender,
          folder: folder(`stall-${contender}-${index}`),
          bytes: 1500,
          ...shape,
        })
      }
      const mine = await measured(key)
      /** @type {Record<string, number>} */
      const peers = {}
      for (const peer of quick ? ['rawAsync', 'json'] : ['rawAsync', 'json', 'sqlite'])
        peers[/** @type {string} */ (NAMES[peer])] = Math.max(...(await measured(peer)).stalls)
      const [middle, high] = [p50(mine.stalls), percentile(mine.stalls, 0.95)].map((ms) => ms.toFixed(1))
      delays.push(`${what}: ${middle}, ${high} and ${mine.delay.toFixed(1)} ms`)
      measures.push(
        within(
          { what: `longest stall, ${what}`, unit: 'ms', forkpoint: Math.max(...mine.stalls), peers },
          10,
        ),
      )
    }
    return {
      measures,
      notes: [
        'Measured with setImmediate: the longest stall of all saves, without the time in which Linux gave the CPU to other processes. raw (promises) stalls only for its own JSON.',
        `forkpoint, p50 and p95 of the saves, and the maximum of monitorEventLoopDelay at 1 ms, which includes the time of other processes: ${delays.join('; ')}.`,
      ],
    }
  },
}
