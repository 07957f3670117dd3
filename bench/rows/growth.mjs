// @ts-check
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { firstTenth, lastTenth, p50 } from '../statistics.mjs'

const BYTES = 1500

/** @type {import('./row.mjs').Row} */
export const growth = {
  name: 'growth',
  about: 'the cost of a save as its session grows, and the size on disk',
  async run({ quick, folder, say }) {
    const saves = quick ? 1000 : 10_000
    const budget = quick ? 1000 : 15_000
    const sizes = sizesUpTo(saves)
    /** @type {Record<string, { samples: number[], fresh: number[], sizes: [number, number][] }>} */
    const runs = {}
    for (const key of Object.keys(NAMES).filter((name) => name !== 'rawAsync' && name !== 'sharedLog')) {
      say(`${NAMES[key]}, up to ${saves} saves`)
      const limit = key === 'append' || key === 'raw' ? undefined : budget
      runs[key] = await child('save', {
        contender: key,
        folder: folder(`growth-${key}`),
        turns: saves,
        bytes: BYTES,
        sizes,
        ...(limit === undefined ? { fresh: folder(`growth-${key}-fresh`) } : { budget: limit }),
      })
    }
    /** Last tenth by first tenth; by that of a new session beside it, where there was one. @param {string} key */
    const grew = (key) => {
      const { samples = [], fresh = [] } = runs[key] ?? {}
      return p50(lastTenth(samples)) / p50(fresh.length > 0 ? fresh : firstTenth(samples))
    }
    const forkpoint = grew('append')
    const peers = Object.fromEntries(
      Object.keys(runs)
        .filter((key) => key !== 'append')
        .map((key) => [/** @type {string} */ (NAMES[key]), grew(key)]),
    )
    const stopped = Object.entries(runs).filter(([, { samples }]) => samples.length < saves)
    return {
      measures: [
        {
          what: `growth: p50 of the last tenth of ${saves.toLocaleString('en-US')} saves divided by that of the first`,
          unit: '×',
          forkpoint,
          peers,
          reach: '≤ 1.3',
          reached: forkpoint <= 1.3,
        },
        ...[300, 1000, 10_000].filter((turn) => turn <= saves).flatMap((turn) => around(turn, runs)),
      ],
      charts: [
        {
          file: 'save-time',
          title: 'Time of a save as the session grows',
          x: 'saves of the session',
          y: 'ms',
          curves: Object.entries(runs).map(([key, { samples }]) => ({
            name: NAMES[key] ?? key,
            points: smooth(samples),
          })),
        },
        {
          file: 'disk',
          title: 'Bytes on disk as the session grows, before any maintenance',
          x: 'saves of the session',
          y: 'bytes',
          curves: Object.entries(runs).map(([key, run]) => ({ name: NAMES[key] ?? key, points: run.sizes })),
        },
      ],
      notes: [
        'forkpoint and raw append: the last tenth alternates with the first saves of a new session, so that both run under the same conditions.',
        ...(stopped.length === 0
          ? []
          : [
              `Stopped after ${budget / 1000} s of saving: ${stopped.map(([key, { samples }]) => `${NAMES[key]} (${samples.length.toLocaleString('en-US')} saves)`).join(', ')}. Their growth is that of the saves they reached.`,
            ]),
      ],
    }
  },
}

/**
 * A session of so many turns: what its last saves took, and what it takes on disk. Only of those who got there.
 *
 * @param {number} turn
 * @param {Record<string, { samples: number[], sizes: [number, number][] }>} runs
 */
function around(turn, runs) {
  const there = Object.entries(runs).filter(([, { samples }]) => samples.length >= turn)
  /** @param {(run: { samples: number[], sizes: [number, number][] }) => number} of */
  const all = (of) => {
    const { forkpoint = Number.NaN, ...peers } = Object.fromEntries(
      there.map(([key, run]) => [/** @type {string} */ (NAMES[key]), of(run)]),
    )
    return { forkpoint, peers }
  }
  const count = turn.toLocaleString('en-US')
  return [
    {
      what: `save p50, turns up to ${count}`,
      unit: 'ms',
      ...all(({ samples }) => p50(samples.slice(turn * 0.9, turn))),
    },
    {
      what: `disk after ${count} turns, no maintenance`,
      unit: 'bytes',
      ...all(({ sizes }) => sizes.find(([at]) => at === turn)?.[1] ?? Number.NaN),
    },
  ]
}

/** 10, 20, 50, 100 … @param {number} last */
function sizesUpTo(last) {
  const sizes = []
  for (let power = 10; power <= last; power *= 10)
    for (const step of [1, 1.5, 2, 3, 5, 7]) if (power * step <= last) sizes.push(power * step)
  return sizes
}

/** Medians over stretches that widen by a fifth. @param {readonly number[]} samples @returns {[number, number][]} */
function smooth(samples) {
  /** @type {[number, number][]} */
  const points = []
  for (let from = 0; from < samples.length; ) {
    const to = Math.min(samples.length, Math.max(from + 10, Math.ceil(from * 1.2)))
    points.push([(from + to) / 2, p50(samples.slice(from, to))])
    from = to
  }
  return points
}
