// @ts-check
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withCache } from '../cache.mjs'
import { child } from '../children/child.mjs'
import { contender, NAMES } from '../contenders/index.mjs'
import { git } from '../contenders/native-git.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { p50 } from '../statistics.mjs'
import { someTurns } from '../workload.mjs'
import { atMost } from './row.mjs'

const TURNS = 500
const BYTES = 1500
const PEERS = ['sqlite', 'isomorphic', 'git']
const BASE = 'read + JSON.parse'
/** By number of turns: how many times the base. */
const REACH = { [TURNS]: 2.5, [TURNS * 10]: 2 }

/** @type {import('./row.mjs').Row} */
export const resume = {
  name: 'resume',
  about:
    'load a state of 1,000 messages in a new process: newest, middle and old checkpoint, packed in three ways; and of 10,000',
  run: ({ folder, ...bench }) => withCache(folder('resume-cache'), () => resumed({ folder, ...bench })),
}

/** @param {import('./row.mjs').Bench} bench @returns {Promise<import('./row.mjs').Answer>} */
async function resumed({ quick, folder, say }) {
  const samples = quick ? 2 : 9
  const sessions = [
    { id: 'newest', turns: TURNS, at: TURNS },
    ...(quick ? [] : [{ id: 'middle', turns: TURNS * 2, at: TURNS }]),
    { id: 'old', turns: quick ? TURNS * 2 : TURNS * 6, at: TURNS },
    ...(quick ? [] : [{ id: 'long', turns: TURNS * 10, at: TURNS * 10 }]),
  ]
  say('building sessions')
  const saved = folder('resume-saved')
  const ids = await child('build-sessions', { folder: saved, sessions, bytes: BYTES })
  // What is read here must not be what is read for the first time below.
  const other = folder('resume-other')
  cpSync(saved, other, { recursive: true })
  const packings = {
    'as saved': saved,
    'after maintain': folder('resume-maintained'),
    'after git gc': folder('resume-gc'),
  }
  cpSync(saved, packings['after maintain'], { recursive: true })
  cpSync(saved, packings['after git gc'], { recursive: true })
  await withStore(packings['after maintain'], (store) => store.maintain())
  await git(packings['after git gc'], 'gc', '-q')

  const measures = []
  let loading = 0
  for (const { id, turns, at } of sessions) {
    const state = await withStore(other, (store) => store.load(id, { at: ids[id].at }))
    const file = join(folder(`resume-json-${id}`), `${id}.json`)
    writeFileSync(file, JSON.stringify(state))
    for (const [packing, place] of Object.entries(packings)) {
      say(`${id}, ${packing}`)
      const [mine, plain] = [[], []].map((list) => /** @type {number[]} */ (list))
      const read = async () => {
        const { messages, alone, loading } = await child('resume', {
          how: 'forkpoint',
          place,
          session: id,
          at: ids[id].at,
        })
        if (messages !== at * 2) throw new Error(`Resume read ${messages} messages`)
        return { alone, loading }
      }
      const first = await read()
      for (let i = 0; i < samples; i++) {
        const { alone, loading: took } = await read()
        mine?.push(alone)
        loading = took
        plain?.push((await child('resume', { how: 'json', place: file })).alone)
      }
      const peers = {
        [BASE]: p50(plain ?? []),
        ...(id === 'newest' && packing === 'as saved' && (await resumePeers(folder, say, samples))),
      }
      const many = turns.toLocaleString('en-US')
      const which =
        at < turns ? `${id} (turn ${at} of ${many})` : at > TURNS ? 'newest of 10,000 messages' : 'newest'
      const what = `resume, ${which}, ${packing}`
      const most = REACH[/** @type {keyof typeof REACH} */ (at)] ?? Number.NaN
      measures.push(atMost({ what, unit: 'ms', forkpoint: p50(mine ?? []), peers }, { to: BASE, most }), {
        what: `${what}, the first time`,
        unit: 'ms',
        forkpoint: first.alone,
      })
    }
  }
  return {
    measures,
    notes: [
      `From opening the store to the state, one process per sample, the median of ${samples}. Loading forkpoint's code takes another ${loading.toFixed(0)} ms, once per process. The first time, nothing of what is read has a copy yet; what an earlier line has read of the same session may have one.`,
      'All sessions live in one store. git and isomorphic-git read the newest commit of one JSON file, SqliteSaver its newest checkpoint.',
    ],
  }
}

/** @param {import('./row.mjs').Bench['folder']} folder @param {import('./row.mjs').Bench['say']} say @param {number} samples */
async function resumePeers(folder, say, samples) {
  /** @type {Record<string, number>} */
  const peers = {}
  const places = { sqlite: 'langgraph.sqlite', isomorphic: 'isomorphic-git', git: 'native-git' }
  for (const key of /** @type {(keyof typeof places)[]} */ (PEERS)) {
    say(`newest, ${NAMES[key]}`)
    const place = folder(`resume-${key}`)
    const saver = await (await contender(key)).open(place, 'demo')
    await saver.save(someTurns(TURNS, { bytes: BYTES }).flat())
    await saver.close()
    const reads = []
    for (let i = 0; i < samples; i++)
      reads.push((await child('resume', { how: key, place: join(place, places[key]) })).alone)
    peers[/** @type {string} */ (NAMES[key])] = p50(reads)
  }
  return peers
}

/** @template T @param {string} place @param {(store: GitSessionStore) => Promise<T>} work */
async function withStore(place, work) {
  const store = new GitSessionStore(place)
  const result = await work(store)
  await store.close()
  return result
}
