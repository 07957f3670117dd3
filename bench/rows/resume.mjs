// @ts-check
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** @type {import('./row.mjs').Row} */
export const resume = {
  name: 'resume',
  about:
    'load a state of 1,000 messages in a new process: newest, middle and old checkpoint, packed in three ways',
  async run({ quick, folder, say }) {
    const samples = quick ? 2 : 9
    const sessions = [
      { id: 'newest', turns: TURNS, at: TURNS },
      ...(quick ? [] : [{ id: 'middle', turns: TURNS * 2, at: TURNS }]),
      { id: 'old', turns: quick ? TURNS * 2 : TURNS * 6, at: TURNS },
    ]
    say('building three sessions')
    const saved = folder('resume-saved')
    const ids = await child('build-sessions', { folder: saved, sessions, bytes: BYTES })
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
    for (const { id, turns } of sessions) {
      const state = await withStore(saved, (store) => store.load(id, { at: ids[id].at }))
      const file = join(folder(`resume-json-${id}`), `${id}.json`)
      writeFileSync(file, JSON.stringify(state))
      for (const [packing, place] of Object.entries(packings)) {
        say(`${id}, ${packing}`)
        const [mine, plain] = [[], []].map((list) => /** @type {number[]} */ (list))
        for (let i = 0; i < samples; i++) {
          const read = await child('resume', { how: 'forkpoint', place, session: id, at: ids[id].at })
          if (read.messages !== TURNS * 2) throw new Error(`Resume read ${read.messages} messages`)
          mine?.push(read.alone)
          loading = read.loading
          plain?.push((await child('resume', { how: 'json', place: file })).alone)
        }
        const peers = {
          [BASE]: p50(plain ?? []),
          ...(id === 'newest' && packing === 'as saved' && (await resumePeers(folder, say, samples))),
        }
        const what = `resume, ${id === 'newest' ? 'newest' : `${id} (turn ${TURNS} of ${turns.toLocaleString('en-US')})`}, ${packing}`
        measures.push(atMost({ what, unit: 'ms', forkpoint: p50(mine ?? []), peers }, { to: BASE, most: 4 }))
      }
    }
    return {
      measures,
      notes: [
        `From opening the store to the state, one process per sample, the median of ${samples}. Loading forkpoint's code takes another ${loading.toFixed(0)} ms, once per process.`,
        'All sessions live in one store. git and isomorphic-git read the newest commit of one JSON file, SqliteSaver its newest checkpoint.',
      ],
    }
  },
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
