// @ts-check
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite'
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { git } from '../contenders/native-git.mjs'
import { diskBytes } from '../disk.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { atMost } from './row.mjs'

const TURNS = 300
const FAST = ['append', 'raw', 'json', 'sqlite']
const SLOW = ['isomorphic', 'git']

/** @type {import('./row.mjs').Row} */
export const disk = {
  name: 'disk',
  about:
    '300 turns of 4 KB on disk, before and after maintenance, and the peak memory of the process that saved them',
  async run({ quick, folder, say }) {
    const keys = quick ? FAST : [...FAST, ...SLOW]
    /** @type {Record<string, string>} */
    const places = {}
    /** @type {Record<string, number>} */
    const saved = {}
    /** @type {Record<string, number>} */
    const peak = {}
    for (const key of keys) {
      say(`${TURNS} turns, ${NAMES[key]}`)
      const place = folder(`disk-${key}`)
      const run = await child('save', { contender: key, folder: place, turns: TURNS, bytes: 2000 })
      places[key] = place
      saved[nameOf(key)] = diskBytes(place)
      peak[nameOf(key)] = run.peak
    }
    say('maintaining')
    const {
      forkpoint = Number.NaN,
      'git gc --aggressive': best = Number.NaN,
      ...others
    } = await maintained(places, folder)
    return {
      measures: [
        { what: `disk, ${TURNS} turns of 4 KB, as saved`, unit: 'bytes', ...split(saved) },
        atMost(
          { what: 'disk, after maintenance (gc, VACUUM)', unit: 'bytes', forkpoint, peers: others },
          { to: 'SqliteSaver', most: 0.01, text: '≤ 1/100 of SqliteSaver' },
        ),
        atMost(
          {
            what: 'disk, after git gc --aggressive on a copy',
            unit: 'bytes',
            forkpoint,
            peers: { 'git gc --aggressive': best },
          },
          { to: 'git gc --aggressive', most: 1.2 },
        ),
        { what: `peak memory, saving ${TURNS} turns of 4 KB`, unit: 'bytes', ...split(peak) },
      ],
      notes: [
        'Bytes allocated on disk, including folders (`du`), with everything closed. git, isomorphic-git: after `git gc`.',
      ],
    }
  },
}

/**
 * @param {Record<string, string>} places
 * @param {import('./row.mjs').Bench['folder']} folder
 * @returns {Promise<Record<string, number>>}
 */
async function maintained(places, folder) {
  const place = (/** @type {string} */ key) => /** @type {string} */ (places[key])
  const aggressive = folder('disk-aggressive')
  cpSync(join(place('append'), 'forkpoint'), aggressive, { recursive: true })
  await git(aggressive, 'gc', '-q', '--aggressive', '--prune=now')
  const store = new GitSessionStore(join(place('append'), 'forkpoint'))
  await store.maintain()
  await store.close()
  for (const key of SLOW.filter((name) => name in places))
    await git(join(place(key), key === 'git' ? 'native-git' : 'isomorphic-git'), 'gc', '-q', '--prune=now')
  const { db } = SqliteSaver.fromConnString(join(place('sqlite'), 'langgraph.sqlite'))
  db.exec('VACUUM')
  db.close()
  return {
    ...Object.fromEntries(
      Object.keys(places).map((key) => [
        nameOf(key),
        diskBytes(key === 'append' ? join(place(key), 'forkpoint') : place(key)),
      ]),
    ),
    'git gc --aggressive': diskBytes(aggressive),
  }
}

/** @param {Record<string, number>} values */
const split = ({ forkpoint = Number.NaN, ...peers }) => ({ forkpoint, peers })

/** @param {string} key */
const nameOf = (key) => /** @type {string} */ (NAMES[key])
