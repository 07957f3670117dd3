// @ts-check
import { child } from '../children/child.mjs'
import { p50 } from '../statistics.mjs'
import { within } from './row.mjs'

const MESSAGES = 3000

/** @type {import('./row.mjs').Row} */
export const diff = {
  name: 'diff',
  about: 'two checkpoints of a session of 3,000 messages, half of them changed, compared in a new process',
  async run({ quick, folder, say }) {
    const place = folder('store')
    await child('diff', { folder: place, what: 'build', messages: MESSAGES })
    /** @type {Record<string, { ms: number[], cpu: number[], peak: number[] }>} */
    const taken = {}
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      say(`round ${round + 1}`)
      for (const what of ['start', 'data', 'patch']) {
        const { ms, cpu, peak } = await child('diff', { folder: place, what })
        const all = taken[what] ?? { ms: [], cpu: [], peak: [] }
        taken[what] = all
        all.ms.push(ms)
        all.cpu.push(cpu)
        all.peak.push(peak)
      }
    }
    /** @param {string} what @param {'ms' | 'cpu' | 'peak'} of */
    const middle = (what, of) => p50(taken[what]?.[of] ?? [])
    /** @param {string} what */
    const least = (what) => Math.min(...(taken[what]?.ms ?? [])).toFixed(0)
    return {
      measures: [
        within({ what: 'diff, as data', unit: 'ms', forkpoint: middle('data', 'ms') }, 300),
        within({ what: 'diff, with the patch', unit: 'ms', forkpoint: middle('patch', 'ms') }, 300),
        peak('diff, as data, peak memory', middle('data', 'peak')),
        peak('diff, with the patch, peak memory', middle('patch', 'peak')),
      ],
      notes: [
        `Messages of 1.5 KB. From opening the store to the answer; the median of ${taken.data?.ms.length} processes, which ran by turns. The fastest: ${least('data')} ms as data, ${least('patch')} ms with the patch, which git makes. User CPU of the process: ${middle('data', 'cpu').toFixed(0)} and ${middle('patch', 'cpu').toFixed(0)} ms.`,
        `A process that only opens the store: ${middle('start', 'ms').toFixed(0)} ms, ${(middle('start', 'peak') / 1e6).toFixed(0)} MB.`,
      ],
    }
  },
}

/** @param {string} what @param {number} bytes */
const peak = (what, bytes) => ({
  what,
  unit: 'bytes',
  forkpoint: bytes,
  reach: '≤ 300 MB',
  reached: bytes <= 300e6,
})
