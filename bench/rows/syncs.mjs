// @ts-check
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { child as run } from '../children/child.mjs'
import { within } from './row.mjs'

const CALLS = ['fsync', 'fdatasync', 'sync_file_range', 'syncfs', 'sync', 'msync']

const AT_PACE = 16

/** @type {import('./row.mjs').Row} */
export const syncs = {
  name: 'syncs',
  about: 'syncs per save, counted by strace for the whole process, including opening and closing',
  async run({ quick, folder, say }) {
    if (!hasStrace())
      return { measures: [], notes: ['Skipped: there is no strace here (or it may not trace).'] }
    // Enough of them that opening, closing and settling are a fair share.
    const saves = quick ? 1280 : 6400
    /** Syncs of a whole process. @param {string} name @param {string} child @param {unknown} task */
    const traced = async (name, child, task) => {
      const summary = join(folder(`${name}-trace`), 'summary')
      const options = ['-f', '--seccomp-bpf', '-c', '-o', summary, '-e', `trace=${CALLS.join(',')}`]
      await run(child, task, { under: ['strace', ...options] })
      return total(readFileSync(summary, 'utf8'))
    }
    /** @param {string} key @param {number} sessions */
    const count = async (key, sessions) => {
      say(`${key}, ${sessions} sessions`)
      const place = folder(`syncs-${key}-${sessions}`)
      // Warm-up rounds save too: a fifth more.
      const each = Math.round(
        (key !== 'append' ? saves / 16 : sessions === 1 ? saves / 2 : saves) / sessions / 1.2,
      )
      const task = { contender: key, folder: place, sessions, saves: each, bytes: 1500 }
      const syncs = await traced(`syncs-${key}-${sessions}`, 'throughput', task)
      return syncs / (sessions * (each + Math.ceil(each / 5)))
    }
    /** @param {string} key @param {number} [pause] */
    const atPace = async (key, pause = 0) => {
      say(`${key}, at the pace of an agent`)
      const place = folder(`pace-${key}`)
      const task = { contender: key, folder: place, session: 'first', saves: 1, bytes: 1500, pause: 0 }
      await run('pace', task)
      return traced(`pace-${key}`, 'pace', { ...task, session: 's', saves: AT_PACE, pause })
    }
    const measures = []
    for (const [sessions, most] of /** @type {const} */ ([
      [1, 1.1],
      [64, 0.1],
    ])) {
      const peers = { 'raw append': await count('raw', sessions), 'JSON file': await count('json', sessions) }
      const sqlite = await count('sqlite', sessions)
      measures.push(
        within(
          {
            what: `syncs per save, ${sessions} session${sessions === 1 ? '' : 's'} at once`,
            unit: '',
            forkpoint: await count('append', sessions),
            peers: { ...peers, SqliteSaver: sqlite },
          },
          most,
        ),
      )
    }
    measures.push(
      within(
        {
          what: `syncs for ${AT_PACE} saves, one each 1.3 s, in a store that is there`,
          unit: '',
          // The creation of the session is a save as well.
          forkpoint: await atPace('append', 1300),
          peers: {
            'raw append': await atPace('raw'),
            'JSON file': await atPace('json'),
            SqliteSaver: await atPace('sqlite'),
          },
        },
        2 * AT_PACE,
      ),
    )
    return {
      measures,
      notes: ['SqliteSaver: synchronous=NORMAL, so it syncs when its log is checkpointed, not at each save.'],
    }
  },
}

function hasStrace() {
  try {
    execFileSync('strace', ['-c', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Calls in the summary of `strace -c`. @param {string} summary */
function total(summary) {
  let sum = 0
  for (const line of summary.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (CALLS.includes(fields.at(-1) ?? '')) sum += Number(fields[3])
  }
  return sum
}
