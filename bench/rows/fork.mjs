// @ts-check
import { readdirSync } from 'node:fs'
import { appender } from '../contenders/forkpoint.mjs'
import { contender } from '../contenders/index.mjs'
import { git } from '../contenders/native-git.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { p50, time } from '../statistics.mjs'
import { someTurns } from '../workload.mjs'
import { within } from './row.mjs'

/** @type {import('./row.mjs').Row} */
export const fork = {
  name: 'fork',
  about: 'a branch at an earlier checkpoint: time, and files written',
  async run({ quick, folder, say }) {
    const turns = someTurns(quick ? 100 : 500, { bytes: 1500 })
    const forks = quick ? 50 : 200
    say('building a session')
    const place = folder('fork')
    const store = new GitSessionStore(place)
    const { append } = await appender(store, 'demo')
    for (const turn of turns) await append(turn)
    await store.maintain()
    const before = listing(place)
    /** @type {number[]} */
    const took = []
    for (let i = 0; i < forks; i++) {
      const options = { at: `main~${1 + (i % (turns.length - 1))}`, branch: `try-${i}` }
      took.push(await time(() => store.fork('demo', options)))
    }
    await store.close()
    const written = listing(place).filter((file) => !before.includes(file))
    const refs = written.filter((file) => file.startsWith('refs/heads/demo/try-'))
    return {
      measures: [
        within(
          {
            what: 'fork, p50',
            unit: 'ms',
            forkpoint: p50(took),
            peers: { git: await branchWithGit(folder, forks) },
          },
          2,
        ),
        within(
          { what: 'files a fork leaves', unit: '', forkpoint: written.length / forks, peers: { git: 1 } },
          1,
        ),
      ],
      notes: [
        `${refs.length} refs for ${forks} forks, ${written.length - refs.length} other files. git: \`git branch\`, one process per branch.`,
      ],
    }
  },
}

/** @param {import('./row.mjs').Bench['folder']} folder @param {number} forks */
async function branchWithGit(folder, forks) {
  const place = folder('fork-git')
  const saver = await (await contender('git')).open(place, 'demo')
  for (const turn of someTurns(3, { bytes: 1500 })) await saver.save(turn)
  const took = []
  for (let i = 0; i < forks; i++)
    took.push(await time(() => git(`${place}/native-git`, 'branch', `try-${i}`, 'HEAD~1')))
  return p50(took)
}

/** Files below a folder, without journals. @param {string} place */
const listing = (place) =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath.slice(place.length + 1)}/${entry.name}`)
    .filter((file) => !file.startsWith('forkpoint/'))
