// @ts-check
import { contendersOf } from '../adapters/contender.mjs'
import { appender } from '../contenders/forkpoint.mjs'
import { fileBytes } from '../disk.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { p50, sample } from '../statistics.mjs'
import { turns } from '../workload.mjs'
import { within } from './row.mjs'

const BYTES = 1500
/** What a page may add to a save, in milliseconds. */
const MOST = 0.08

/**
 * Sessions side by side, one store makes pages and the other does not: turn and turn about, so that both meet the same disk.
 *
 * @type {import('./row.mjs').Row}
 */
export const pages = {
  name: 'pages',
  about: 'what the page of a turn adds to a save, to a resume and on disk',
  async run({ quick, folder, say }) {
    const count = quick ? 400 : 2000
    /** @type {import('./row.mjs').Measure[]} */
    const measures = []
    for (const [name, open] of WAYS) {
      say(`${name}: saving ${count} turns twice`)
      const places = { without: folder(`${name}-without`), with_: folder(`${name}-with`) }
      const [without, with_] = [
        await open(places.without, { pages: false, turns: count, bytes: BYTES }),
        await open(places.with_, { pages: true, turns: count, bytes: BYTES }),
      ]
      /** @type {Sample[]} */
      const plain = []
      /** @type {Sample[]} */
      const paged = []
      for (let n = 0; n < count; n++) {
        const both = [
          async () => void plain.push(await turn(without, n)),
          async () => void paged.push(await turn(with_, n)),
        ]
        for (const one of n % 2 === 0 ? both : both.reverse()) await one()
      }
      await without.close()
      await with_.close()
      measures.push(...measured(name, plain, paged))
      if (name === 'append') measures.push(...(await kept(places.without, places.with_, say)))
    }
    return {
      measures,
      notes: [
        `${count} turns each of ${BYTES} bytes a message. What a page adds is the median of the differences of turns that were saved one after the other.`,
      ],
    }
  },
}

/** @typedef {{ prepare(index: number): any, turn(index: number, ready: any): Promise<void>, close(): Promise<void> }} Saver */

/** @type {[string, (folder: string, shape: { pages: boolean, turns: number, bytes: number }) => Promise<Saver>][]} */
const WAYS = [
  ['append', openNative],
  ['ai-sdk', openAdapter('ai-sdk')],
  ['langgraph', openAdapter('langgraph')],
]

/** @param {string} folder @param {{ pages: boolean }} shape @returns {Promise<Saver>} */
async function openNative(folder, shape) {
  const store = new GitSessionStore(folder, { pages: shape.pages })
  const { append } = await appender(store, 'demo')
  const source = turns({ bytes: BYTES })
  return {
    prepare: () => source.next().value,
    turn: (_, ready) => append(ready),
    close: () => store.close(),
  }
}

/** @param {'ai-sdk' | 'langgraph'} framework */
function openAdapter(framework) {
  /** @param {string} folder @param {{ pages: boolean, turns: number, bytes: number }} shape */
  return async (folder, shape) => {
    const ours = (await contendersOf(framework)).find((contender) => contender.ours)
    if (ours === undefined) throw new Error(`bench/adapters/${framework}.mjs has none of ours`)
    return /** @type {Saver} */ (await ours.open(folder, { ...shape, bytes: shape.bytes * 2 }))
  }
}

/**
 * What pages take on disk, and what they cost when a session is resumed: the two stores in turn, the least of five.
 *
 * @param {string} without @param {string} with_ @param {(text: string) => void} say
 * @returns {Promise<import('./row.mjs').Measure[]>}
 */
async function kept(without, with_, say) {
  const folders = [without, with_]
  say('append: resuming and maintaining both')
  const saved = folders.map(fileBytes)
  const loads = folders.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < 5; round++) {
    for (const [n, folder] of folders.entries()) {
      const store = new GitSessionStore(folder)
      const { cpu } = await sample(() => store.load('demo'))
      loads[n] = Math.min(loads[n] ?? cpu, cpu)
      await store.close()
    }
  }
  for (const folder of folders) {
    const store = new GitSessionStore(folder)
    await store.maintain()
    await store.close()
  }
  /** @param {string} what @param {string} unit @param {number[]} values */
  const beside = (what, unit, [plain = Number.NaN, paged = Number.NaN]) => ({
    ...{ what, unit, forkpoint: paged },
    peers: { 'without pages': plain },
  })
  return [
    beside('append: resume, CPU time', 'ms', loads),
    beside('append: bytes in files, as saved', 'bytes', saved),
    beside('append: bytes in files, after maintain', 'bytes', folders.map(fileBytes)),
  ]
}

/** @param {Saver} saver @param {number} index */
async function turn(saver, index) {
  const ready = saver.prepare(index)
  return sample(() => saver.turn(index, ready))
}

/** @typedef {import('../statistics.mjs').Sample} Sample */

/** @param {string} name @param {Sample[]} plain @param {Sample[]} paged @returns {import('./row.mjs').Measure[]} */
function measured(name, plain, paged) {
  // The first ones meet code that is not compiled yet.
  const from = Math.floor(plain.length / 5)
  const [a, b] = [plain.slice(from), paged.slice(from)]
  const walls = (/** @type {Sample[]} */ samples) => samples.map(({ wall }) => wall)
  /** @param {keyof Sample} what */
  const added = (what) => p50(b.map((one, n) => one[what] - (a[n]?.[what] ?? 0)))
  return [
    { what: `${name}, p50`, unit: 'ms', forkpoint: p50(walls(b)), peers: { 'without pages': p50(walls(a)) } },
    {
      what: `${name}, least`,
      unit: 'ms',
      forkpoint: Math.min(...walls(b)),
      peers: { 'without pages': Math.min(...walls(a)) },
    },
    within({ what: `${name}: a page adds`, unit: 'ms', forkpoint: added('wall') }, MOST),
    { what: `${name}: a page adds, CPU time`, unit: 'ms', forkpoint: added('cpu') },
  ]
}
