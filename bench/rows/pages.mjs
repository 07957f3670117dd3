// @ts-check
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { contendersOf } from '../adapters/contender.mjs'
import { child } from '../children/child.mjs'
import { appender } from '../contenders/forkpoint.mjs'
import { fileBytes } from '../disk.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { p50, sample } from '../statistics.mjs'
import { writeToolFile } from '../tool-files.mjs'
import { turns } from '../workload.mjs'
import { within } from './row.mjs'

const BYTES = 1500
/** What a page may add to a save, in milliseconds. */
const MOST = 0.08
/** How long `node -e 0` takes on the machine for which that was set, in milliseconds. */
const BARE_NODE = 50
/** Saves of a turn of `append in steps`; all but the last are steps. */
const SAVES = 4

/**
 * Sessions side by side, one store makes pages and the other does not: turn and turn about, so that both meet the same disk.
 *
 * @type {import('./row.mjs').Row}
 */
export const pages = {
  name: 'pages',
  about: 'what the page of a turn adds to a save, to an import, to a resume and on disk',
  async run({ quick, folder, say }) {
    const count = quick ? 400 : 2000
    const bare = bareNode()
    /** @type {import('./row.mjs').Measure[]} */
    const measures = []
    for (const { name, saves, open } of WAYS) {
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
      measures.push(...measured(name, saves, plain, paged))
      if (name === 'append') measures.push(...(await kept(places.without, places.with_, say)))
    }
    measures.push(...(await imported(folder, quick ? 2e6 : 16e6, say)))
    return {
      measures,
      notes: [
        `${count} turns each of ${BYTES} bytes a message. What a page adds is the median of the differences of turns that were saved one after the other.`,
        `A turn of \`append in steps\` is ${SAVES - 1} steps and the save that ends it; a turn of LangGraph is three checkpoints, of which two add messages and so have pages, and two writes.`,
        `A bare \`node -e 0\` takes ${bare.toFixed(0)} ms here, and ${BARE_NODE} ms where the limit of ${MOST} ms per save was set: all takes ${(bare / BARE_NODE).toFixed(2)} times as long here, or more while others use the machine.`,
      ],
    }
  },
}

/** How long a process takes that does nothing, in milliseconds: the least of nine. */
function bareNode() {
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    return performance.now() - start
  })
  return Math.min(...times)
}

/** @typedef {{ prepare(index: number): any, turn(index: number, ready: any): Promise<void>, close(): Promise<void> }} Saver */
/** @typedef {(folder: string, shape: { pages: boolean, turns: number, bytes: number }) => Promise<Saver>} Opener */

/** `saves`: commits that a turn makes. @type {{ name: string, saves: number, open: Opener }[]} */
const WAYS = [
  { name: 'append', saves: 1, open: openNative },
  { name: 'append in steps', saves: SAVES, open: openSteps },
  { name: 'ai-sdk', saves: 1, open: openAdapter('ai-sdk') },
  { name: 'langgraph', saves: 5, open: openAdapter('langgraph') },
]

/** @type {Opener} */
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

/** A message a save. @type {Opener} */
async function openSteps(folder, shape) {
  const store = new GitSessionStore(folder, { pages: shape.pages })
  const { handle } = await appender(store, 'demo')
  const source = turns({ bytes: BYTES })
  return {
    prepare: () => Array.from({ length: SAVES / 2 }, () => source.next().value).flat(),
    async turn(_, ready) {
      for (const [n, message] of ready.entries())
        await handle.append({ messages: [message] }, { kind: n < SAVES - 1 ? 'step' : 'save' })
    },
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
  return [
    beside('append: resume, CPU time', 'ms', loads),
    beside('append: bytes in files, as saved', 'bytes', saved),
    beside('append: bytes in files, after maintain', 'bytes', folders.map(fileBytes)),
  ]
}

/**
 * What pages cost an import: a session of another tool into new stores, in processes of their own, the least of three.
 *
 * @param {(name: string) => string} folder @param {number} bytes @param {(text: string) => void} say
 * @returns {Promise<import('./row.mjs').Measure[]>}
 */
async function imported(folder, bytes, say) {
  const file = join(folder('pages-import'), 'session.jsonl')
  writeToolFile('claude-code', file, { bytes })
  const size = statSync(file).size / 1e6
  const ways = [false, true]
  const least = ways.map(() => ({ seconds: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY }))
  const places = new Map()
  for (let round = 0; round < 3; round++) {
    say(`import: ${Math.round(size)} MB, round ${round + 1} of 3`)
    for (const [n, made] of ways.entries()) {
      const place = folder(`pages-import-${made}-${round}`)
      places.set(made, place)
      const task = { tool: 'claude-code', file, folder: place, redact: false, pages: made }
      const { seconds, cpu } = await child('import', task)
      const one = least[n] ?? { seconds, cpu }
      least[n] = { seconds: Math.min(one.seconds, seconds), cpu: Math.min(one.cpu, cpu) }
    }
  }
  return [
    beside(
      'import',
      'ms/MB',
      least.map(({ seconds }) => (seconds * 1000) / size),
    ),
    beside(
      'import, CPU time',
      'ms/MB',
      least.map(({ cpu }) => (cpu * 1000) / size),
    ),
    beside(
      'import: bytes in files',
      'bytes',
      ways.map((made) => fileBytes(places.get(made))),
    ),
  ]
}

/** @param {string} what @param {string} unit @param {number[]} values */
const beside = (what, unit, [plain = Number.NaN, paged = Number.NaN]) => ({
  ...{ what, unit, forkpoint: paged },
  peers: { 'without pages': plain },
})

/** @param {Saver} saver @param {number} index */
async function turn(saver, index) {
  const ready = saver.prepare(index)
  return sample(() => saver.turn(index, ready))
}

/** @typedef {import('../statistics.mjs').Sample} Sample */

/**
 * @param {string} name @param {number} saves how many a turn is @param {Sample[]} plain @param {Sample[]} paged
 * @returns {import('./row.mjs').Measure[]}
 */
function measured(name, saves, plain, paged) {
  // The first ones meet code that is not compiled yet.
  const from = Math.floor(plain.length / 5)
  const [a, b] = [plain.slice(from), paged.slice(from)]
  /** @param {keyof Sample} what @param {(samples: number[]) => number} of */
  const both = (what, of) => [a, b].map((samples) => of(samples.map((one) => one[what])))
  /** @param {keyof Sample} what */
  const added = (what) => p50(b.map((one, n) => one[what] - (a[n]?.[what] ?? 0)))
  const least = (/** @type {number[]} */ values) => Math.min(...values)
  return [
    beside(`${name}, a turn, p50`, 'ms', both('wall', p50)),
    beside(`${name}, a turn, least`, 'ms', both('wall', least)),
    beside(`${name}, a turn, CPU time, p50`, 'ms', both('cpu', p50)),
    { what: `${name}: a page adds to a turn`, unit: 'ms', forkpoint: added('wall') },
    { what: `${name}: a page adds to a turn, CPU time`, unit: 'ms', forkpoint: added('cpu') },
    within({ what: `${name}: a page adds per save`, unit: 'ms', forkpoint: added('wall') / saves }, MOST),
    within(
      { what: `${name}: a page adds per save, CPU time`, unit: 'ms', forkpoint: added('cpu') / saves },
      MOST,
    ),
  ]
}
