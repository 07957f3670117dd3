// @ts-check
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../../scripts/build.mjs'
import { within } from './row.mjs'

const WARM_UP = 200
const TEXT = 'x'.repeat(1500)

const TYPESCRIPT = `
import { GitSessionStore, newMessage, newSession } from '${new URL('../../dist/index.js', import.meta.url)}'
const [folder, count] = [process.argv[1], Number(process.argv[2])]
const store = new GitSessionStore(folder)
await store.save(newSession('s'))
const times = []
for (let number = 0; number < ${WARM_UP} + count; number++) {
  const begun = performance.now()
  await store.append('s', { messages: [newMessage('user', '${TEXT}')] })
  times.push(performance.now() - begun)
}
await store.close()
console.log(JSON.stringify(times.slice(${WARM_UP})))
`

const PYTHON = `
import json, sys, time
from forkpoint import GitSessionStore, new_message, new_session
folder, count = sys.argv[1], int(sys.argv[2])
times = []
with GitSessionStore(folder) as store:
    store.save(new_session("s"))
    for number in range(${WARM_UP} + count):
        begun = time.perf_counter()
        store.append("s", {"messages": [new_message("user", "${TEXT}")]})
        times.append((time.perf_counter() - begun) * 1000)
print(json.dumps(times[${WARM_UP}:]))
`

/** @type {import('./row.mjs').Row} */
export const python = {
  name: 'python',
  about: 'appends of 1.5 KB from Python, beside the same from TypeScript',
  async run({ quick, folder, say }) {
    const count = quick ? 300 : 1000
    if (spawnSync('python3', ['--version']).status !== 0) {
      return { measures: [], notes: ['Skipped: there is no python3 here.'] }
    }
    say(`${count} appends from TypeScript`)
    const typescript = mean(process.execPath, [
      '--input-type=module',
      '-e',
      TYPESCRIPT,
      folder('python-typescript'),
      String(count),
    ])
    say(`${count} appends from Python`)
    const own = mean('python3', ['-c', PYTHON, folder('python-python'), String(count)])
    return {
      measures: [
        { what: 'mean of an append', unit: 'ms', forkpoint: own, peers: { TypeScript: typescript } },
        within({ what: '… above TypeScript', unit: 'ms', forkpoint: own - typescript }, 1),
      ],
      notes: [
        `${count} appends, one after another, each in a process of its own after ${WARM_UP} that do not count.`,
      ],
    }
  },
}

/** @param {string} command @param {string[]} args @returns {number} milliseconds */
function mean(command, args) {
  const env = {
    ...process.env,
    PYTHONPATH: join(ROOT, 'python'),
    FORKPOINT_SERVE: join(ROOT, 'dist', 'cli', 'main.js'),
  }
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} failed:\n${stderr}`)
  /** @type {number[]} */
  const times = JSON.parse(stdout)
  return times.reduce((sum, time) => sum + time, 0) / times.length
}
