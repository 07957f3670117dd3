// @ts-check
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { lastTenth, p50, p99 } from '../statistics.mjs'

const BYTES = 1500

/**
 * Each contender in a process of its own, turn and turn about, so that what a store does behind a save (settling,
 * checkpoints, garbage collection) counts against that store.
 *
 * @type {import('./row.mjs').Row}
 */
export const save = {
  name: 'save',
  about: 'one durable save: a user and an assistant message of 1.5 KB each',
  async run({ quick, folder, say }) {
    /** @type {Record<string, number>} */
    const plan = quick
      ? { append: 300, raw: 300, rawAsync: 300, save: 100, json: 100, sqlite: 100, isomorphic: 30, git: 30 }
      : {
          append: 1000,
          raw: 1000,
          rawAsync: 1000,
          save: 400,
          json: 400,
          sqlite: 400,
          isomorphic: 150,
          git: 150,
        }
    const often = ['append', 'raw', 'rawAsync']
    /** @type {Record<string, number[][]>} */
    const rounds = {}
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      const keys = Object.keys(plan).filter((key) => round === 0 || often.includes(key))
      if (round % 2 === 1) keys.reverse()
      for (const key of keys) {
        say(`${NAMES[key]}, round ${round + 1}`)
        const { samples } = await child('save', {
          contender: key,
          folder: folder(`save-${key}-${round}`),
          turns: plan[key],
          bytes: BYTES,
        })
        rounds[key] = [...(rounds[key] ?? []), samples]
      }
    }
    /** A number of every contender, the middle one of its rounds. @param {(samples: number[]) => number} of */
    const all = (of) =>
      Object.fromEntries(Object.entries(rounds).map(([key, runs]) => [NAMES[key], p50(runs.map(of))]))
    // Each round by the floor measured beside it: a disk that others use changes from second to second.
    const value = p50(
      (rounds.append ?? []).map((samples, round) => p50(samples) / p50(rounds.raw?.[round] ?? [])),
    )
    return {
      measures: [
        {
          ...measure('p50', all(p50)),
          ratio: { to: 'raw append', value },
          reach: '≤ 3× raw append',
          reached: value <= 3,
        },
        measure('p99', all(p99)),
        measure(
          'p50 of the last tenth',
          all((samples) => p50(lastTenth(samples))),
        ),
      ],
      notes: [
        `${plan.append} turns (${Object.entries(plan)
          .filter(([, turns]) => turns < (plan.append ?? 0))
          .map(([key, turns]) => `${NAMES[key]}: ${turns}`)
          .join(
            ', ',
          )}); the median of ${rounds.append?.length} rounds; contenders with fewer turns ran one round.`,
        'SqliteSaver syncs at WAL checkpoints only, isomorphic-git and git not at all; raw append, JSON file and forkpoint survive a power loss after every save.',
      ],
    }
  },
}

/** @param {string} what @param {Record<string, number>} values */
function measure(what, { forkpoint = Number.NaN, ...peers }) {
  return { what: `save, ${what}`, unit: 'ms', forkpoint, peers }
}
