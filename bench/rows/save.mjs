// @ts-check
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { lastTenth, p50, p99 } from '../statistics.mjs'

/** Of one message. The second is measured for those alone that a reach is about. */
const SIZES = [1500, 4096]
const OFTEN = ['append', 'raw', 'rawAsync', 'table', 'lmdb', 'level']

/**
 * Each contender in a process of its own, turn and turn about, so that what a store does behind a save (settling,
 * checkpoints, garbage collection) counts against that store.
 *
 * @type {import('./row.mjs').Row}
 */
export const save = {
  name: 'save',
  about: 'one durable save: a user and an assistant message of 1.5 KB each, and of 4 KB',
  async run({ quick, folder, say }) {
    const many = quick ? 300 : 1000
    /** @type {Record<string, number>} */
    const others = quick
      ? { save: 100, json: 100, sqlite: 100, isomorphic: 30, git: 30 }
      : { save: 400, json: 400, sqlite: 400, isomorphic: 150, git: 150 }
    const often = Object.fromEntries(OFTEN.map((key) => [key, many]))
    const measures = []
    for (const bytes of SIZES) {
      const plan = bytes === SIZES[0] ? { ...often, ...others } : often
      /** @type {Record<string, number[][]>} */
      const rounds = {}
      for (let round = 0; round < (quick ? 2 : 5); round++) {
        const keys = Object.keys(plan).filter((key) => round === 0 || OFTEN.includes(key))
        if (round % 2 === 1) keys.reverse()
        for (const key of keys) {
          say(`${NAMES[key]}, ${bytes} bytes, round ${round + 1}`)
          const place = folder(`save-${key}-${bytes}-${round}`)
          const { samples } = await child('save', { contender: key, folder: place, turns: plan[key], bytes })
          rounds[key] = [...(rounds[key] ?? []), samples]
        }
      }
      measures.push(...measured(bytes, rounds))
    }
    const fewer = Object.entries(others).map(([key, turns]) => `${NAMES[key]}: ${turns}`)
    return {
      measures,
      notes: [
        `${many} turns (${fewer.join(', ')}); the median of ${quick ? 2 : 5} rounds; contenders with fewer turns ran one round.`,
        'SqliteSaver syncs at WAL checkpoints only, isomorphic-git and git not at all; raw append, SQLite, LMDB, classic-level, JSON file and forkpoint survive a power loss after every save.',
      ],
    }
  },
}

/** @param {number} bytes @param {Record<string, number[][]>} rounds */
function measured(bytes, rounds) {
  const size = bytes === SIZES[0] ? '' : `, ${bytes / 1024} KB`
  /** A number of every contender, the middle one of its rounds. @param {string} what @param {(samples: number[]) => number} of */
  const measure = (what, of) => {
    const all = Object.entries(rounds).map(([key, runs]) => [NAMES[key], p50(runs.map(of))])
    const { forkpoint = Number.NaN, ...peers } = Object.fromEntries(all)
    return { what: `save, ${what}${size}`, unit: 'ms', forkpoint, peers }
  }
  // Each round by the peer measured beside it: a disk that others use changes from second to second.
  /** @param {string} key @param {number} most */
  const against = (key, most) => {
    const value = p50((rounds.append ?? []).map((one, round) => p50(one) / p50(rounds[key]?.[round] ?? [])))
    const to = NAMES[key] ?? key
    return { ratio: { to, value }, reach: `≤ ${most}× ${to}`, reached: value <= most }
  }
  const p50s = measure('p50', p50)
  const slow = measure('p99', p99)
  return [
    { ...p50s, ...against('raw', 1.5) },
    { what: `${p50s.what}, by SQLite`, unit: 'ms', forkpoint: p50s.forkpoint, ...against('table', 2.5) },
    { ...slow, reach: '≤ 3× p50', reached: slow.forkpoint <= 3 * p50s.forkpoint },
    measure('p50 of the last tenth', (samples) => p50(lastTenth(samples))),
  ]
}
