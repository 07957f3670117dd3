// @ts-check
import { contendersOf, FRAMEWORKS } from '../adapters/contender.mjs'
import { child } from '../children/child.mjs'
import { p50 } from '../statistics.mjs'
import { atMost, within } from './row.mjs'

/** @typedef {{ samples: number[], written: [number, number][], behind: number | null, load: number, items: number, disk: number }} Run */
/** @typedef {{ name: string, ours: boolean, run: Run }} Entry */

const BYTES = 4096
const SHORT = 300
const LONG = 3000
/** Whose turn, of 6,000 messages, has to end within so many milliseconds. */
const TEN_MS = ['langgraph', 'ai-sdk']
/** What a contender may take for its saves, where it is not ours: some write the whole session each turn. */
const BUDGET = 30_000

/** @type {import('./row.mjs').Row} */
export const adapters = {
  name: 'adapters',
  about: 'sessions of other frameworks, 4 KB per turn, compared with their usual stores',
  async run({ quick, folder, say }) {
    /** @type {import('./row.mjs').Measure[]} */
    const measures = []
    /** @type {string[]} */
    const stopped = []
    for (const framework of FRAMEWORKS) {
      const contenders = await contendersOf(framework)
      if (contenders.length === 0) throw new Error(`bench/adapters/${framework}.mjs is missing`)
      for (const turns of quick ? [SHORT] : [SHORT, LONG]) {
        /** @type {Entry[]} */
        const entries = []
        for (const [index, { name, ours }] of contenders.entries()) {
          say(`${framework}, ${turns} turns, ${name}`)
          const place = folder(`${framework}-${turns}-${index}`)
          const budget = ours || turns === SHORT ? undefined : BUDGET
          const run = await child('adapter', { framework, name, folder: place, turns, bytes: BYTES, budget })
          if (run.samples.length < turns) stopped.push(`${name} (${count(run.samples.length)} turns)`)
          entries.push({ name, ours, run })
        }
        measures.push(...measured(framework, turns, entries))
      }
    }
    return {
      measures,
      notes: [
        'Each contender runs in its own process. Bytes written: the bytes that the process passes to write(2) during a save (`wchar` of proc(5)), the median of a tenth. Each save begins when the process is idle. The mean includes the background work of a store, which settles and merges; it grows with the logarithm of the session.',
        'Bytes on disk: allocated, including folders, with everything closed, after `maintain` if the contender has it. A contender that writes nothing to disk has the size of an empty folder, and loses everything when its process ends.',
        'A load uses a new object. The table shows the median of three.',
        ...(stopped.length === 0
          ? []
          : [
              `Stopped after ${BUDGET / 1000} s of saving: ${stopped.join(', ')}. Their last tenth is the last tenth of the turns they reached. Their load and disk are not shown.`,
            ]),
      ],
    }
  },
}

/** @param {string} framework @param {number} turns @param {readonly Entry[]} entries */
function measured(framework, turns, entries) {
  const group = `${framework}, ${count(turns)} turns`
  /** @param {string} what @param {string} unit @param {(run: Run) => number} of */
  const measure = (what, unit, of) => {
    const ours = entries.find((entry) => entry.ours)
    const peers = entries.filter((entry) => !entry.ours).map(({ name, run }) => [name, of(run)])
    const forkpoint = ours === undefined ? Number.NaN : of(ours.run)
    return { group, what, unit, forkpoint, peers: Object.fromEntries(peers) }
  }
  const first = (/** @type {number[]} */ values) => values.slice(0, turns / 10)
  const last = (/** @type {number[]} */ values) => values.slice(-turns / 10)
  const whole = (/** @type {(run: Run) => number} */ of) => (/** @type {Run} */ run) =>
    run.samples.length < turns ? Number.NaN : of(run)
  const wroteFirst = (/** @type {Run} */ { written }) => median(written, (index) => index < turns / 10)
  const wroteLast = (/** @type {Run} */ { written, samples }) =>
    median(written, (index) => index >= samples.length * 0.9)
  const lastSaves = measure('save p50, last tenth', 'ms', ({ samples }) => p50(last(samples)))
  const grown = measure('… last tenth by first', '×', (run) =>
    wroteFirst(run) === 0 ? Number.NaN : wroteLast(run) / wroteFirst(run),
  )
  const disk = measure(
    'bytes on disk',
    'bytes',
    whole((run) => run.disk),
  )
  return [
    measure('save p50, first tenth', 'ms', ({ samples }) => p50(first(samples))),
    turns === LONG && TEN_MS.includes(framework) ? within(lastSaves, 10) : lastSaves,
    measure(
      'load',
      'ms',
      whole((run) => run.load),
    ),
    measure('bytes written per save, first tenth', 'bytes', wroteFirst),
    measure('bytes written per save, last tenth', 'bytes', wroteLast),
    { ...grown, reach: '≤ 1.3', reached: grown.forkpoint <= 1.3 },
    measure('… including background work, mean', 'bytes', ({ behind }) => behind ?? Number.NaN),
    framework === 'langgraph' && turns === SHORT
      ? atMost(disk, { to: sqliteOf(entries), most: 0.01, text: '≤ 1/100 of SqliteSaver' })
      : disk,
  ]
}

/** @param {readonly Entry[]} entries */
const sqliteOf = (entries) => entries.find(({ name }) => name.includes('SqliteSaver'))?.name ?? 'SqliteSaver'

/** @param {readonly [number, number][]} written @param {(index: number) => boolean} where */
const median = (written, where) => p50(written.filter(([index]) => where(index)).map(([, bytes]) => bytes))

/** @param {number} turns */
const count = (turns) => turns.toLocaleString('en-US')
