// @ts-check
import { withCache } from '../cache.mjs'
import { child } from '../children/child.mjs'
import { git } from '../contenders/native-git.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { p50 } from '../statistics.mjs'
import { within } from './row.mjs'

/** By number of sessions: milliseconds of the first 20, of all, of `close`, and megabytes. */
const REACH = [
  { sessions: 10_000, page: 100 },
  { sessions: 100_000, page: 400, all: 1500, peak: 250, close: 2000, disk: 300 },
]

/** @type {import('./row.mjs').Row} */
export const list = {
  name: 'list',
  about: 'many sessions: `list` in a new process, `close` after all of them were saved, and their disk',
  async run({ quick, folder, say }) {
    const samples = quick ? 2 : 5
    return withCache(folder('list-cache'), async () => {
      const measures = []
      for (const { sessions, ...reach } of quick ? REACH.slice(0, 1) : REACH)
        measures.push(...(await measure(sessions, reach, { samples, folder, say })))
      return {
        measures,
        notes: [
          `From opening the store to the last summary, one process per sample, the median of ${samples}; peak memory is that of the whole process. The first listing reads a commit of each session, the later ones what it left in the user's cache.`,
          'As each session is saved, its ref is a file, until maintenance packs the refs; the other listings are after that. git lists the refs alone: `git for-each-ref`. Disk: what `du` says after `close`, before maintenance; the sessions have one message each.',
        ],
      }
    })
  },
}

/**
 * @param {number} sessions
 * @param {{ page: number, all?: number, peak?: number, close?: number, disk?: number }} reach
 * @param {{ samples: number } & Pick<import('./row.mjs').Bench, 'folder' | 'say'>} bench
 */
async function measure(sessions, reach, { samples, folder, say }) {
  const many = sessions.toLocaleString('en-US')
  const place = folder(`list-${sessions}`)
  say(`saving ${many} sessions`)
  const { closing, bytes } = await child('build-many', { folder: place, sessions })
  /** @param {object} options @param {number} times */
  const listing = async (options, times) => {
    const found = []
    for (let i = 0; i < times; i++) found.push(await child('list', { place, ...options }))
    return { alone: p50(found.map(({ alone }) => alone)), peak: p50(found.map(({ peak }) => peak)) }
  }
  say(`listing ${many} sessions`)
  const first = await listing({ limit: 20 }, 1)
  const loose = await listing({ limit: 20 }, samples)
  const store = new GitSessionStore(place)
  await store.maintain()
  await store.close()
  const page = await listing({ limit: 20 }, samples)
  const firstAll = await listing({}, 1)
  const all = await listing({}, samples)
  const start = performance.now()
  await git(place, 'for-each-ref', '--format=%(refname)')
  const peers = { git: performance.now() - start }
  /** @param {string} what @param {string} unit @param {number} forkpoint @param {number | undefined} most */
  const row = (what, unit, forkpoint, most) => {
    const line = { what: `${what}, ${many} sessions`, unit, forkpoint }
    return most === undefined ? line : within(line, most)
  }
  return [
    { ...row('list, the first 20', 'ms', page.alone, reach.page), peers },
    row('list, the first 20, each ref in a file', 'ms', loose.alone, reach.page),
    row('list, the first 20, nothing known', 'ms', first.alone, undefined),
    row('list, all', 'ms', all.alone, reach.all),
    row('list, all, nothing known', 'ms', firstAll.alone, undefined),
    row('list, all: peak memory', 'MB', all.peak / 1e6, reach.peak),
    row('close after new sessions', 'ms', closing, reach.close),
    row('disk before maintenance', 'MB', bytes / 1e6, reach.disk),
  ]
}
