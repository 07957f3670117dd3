// @ts-check
import { execFile } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { child } from '../children/child.mjs'
import { git } from '../contenders/native-git.mjs'
import { diskBytes } from '../disk.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { fileOf, makeProject } from '../project.mjs'
import { p50, percentile, time } from '../statistics.mjs'
import { atMost, within } from './row.mjs'

const FILES = 5000

/** @type {import('./row.mjs').Row} */
export const workspace = {
  name: 'workspace',
  about: `the files of a project of ${FILES.toLocaleString('en-US')} files kept with each turn`,
  async run({ quick, folder, say }) {
    const turns = quick ? 10 : 40
    const [ours, theirs, place] = [folder('project'), folder('project-git'), folder('ours')]
    makeProject(ours, FILES)
    makeProject(theirs, FILES)
    say(`${turns} turns`)
    const run = await child('workspace', { project: ours, folder: place, turns })
    say('the same with the git binary')
    const shadow = folder('shadow')
    const peer = await shadowTurns(shadow, theirs, turns)
    say('maintaining')
    const store = new GitSessionStore(join(place, 'store'))
    await store.maintain()
    await store.close()
    await git(shadow, 'gc', '-q')
    const disk = {
      forkpoint: diskBytes(join(place, 'store')),
      peers: { 'shadow repository': diskBytes(join(shadow, '.git')) },
    }
    const walls = (/** @type {{ wall: number }[]} */ all) => p50(all.map(({ wall }) => wall))
    const all = [...run.first, ...run.unchanged, ...run.changed]
    const stalls = all.map((/** @type {{ stall: number }} */ { stall }) => stall)
    const machine = p50(await nodeStarts())
    const busiest = Math.max(...all.map((/** @type {{ cpu: number }} */ { cpu }) => cpu))
    return {
      measures: [
        within(
          {
            what: 'first snapshot, with its save',
            unit: 'ms',
            forkpoint: walls(run.first),
            peers: { 'shadow repository': peer.first },
          },
          3000,
        ),
        within(
          {
            what: 'a turn that changed no file, p50',
            unit: 'ms',
            forkpoint: walls(run.unchanged),
            peers: { 'shadow repository': p50(peer.unchanged) },
          },
          150,
        ),
        within(
          {
            what: 'a turn that changed three files, p50',
            unit: 'ms',
            forkpoint: walls(run.changed),
            peers: { 'shadow repository': p50(peer.changed) },
          },
          170,
        ),
        { what: 'a turn without a snapshot, p50', unit: 'ms', forkpoint: walls(run.plain) },
        within({ what: 'longest stall of the event loop', unit: 'ms', forkpoint: Math.max(...stalls) }, 10),
        within(
          { what: 'CPU time of the longest turn of the event loop', unit: 'ms', forkpoint: busiest },
          10,
        ),
        atMost(
          { what: 'disk, after maintenance (git gc)', unit: 'bytes', ...disk },
          { to: 'shadow repository', most: 1.2 },
        ),
      ],
      notes: [
        "The shadow repository is `git add -A` and `git commit` with a git directory of its own, nothing synced; forkpoint's turns are durable, and have two messages of 1.5 KB beside the files.",
        `Stalls of turns after the first: p50 ${p50(stalls.slice(1)).toFixed(1)} ms, p95 ${percentile(stalls.slice(1), 0.95).toFixed(1)} ms; of the first ${stalls[0]?.toFixed(1)} ms, of which ${run.first[0].garbage.toFixed(1)} ms were garbage collection. A stall is the time between two turns of the event loop without the time in which Linux gave the CPU to other processes; on a virtual machine that is kept waiting from outside, only the CPU time is forkpoint's own.`,
        `How fast the machine was: \`node -e 0\` took ${machine.toFixed(0)} ms.`,
      ],
    }
  },
}

/** Milliseconds in which Node starts and ends. */
async function nodeStarts() {
  const starts = []
  for (let n = 0; n < 5; n++)
    starts.push(await time(() => promisify(execFile)(process.execPath, ['-e', '0'])))
  return starts
}

/** @param {string} shadow @param {string} project @param {number} turns */
async function shadowTurns(shadow, project, turns) {
  await git(shadow, 'init', '-q', '.')
  await git(shadow, 'config', 'core.worktree', project)
  await git(shadow, 'config', 'gc.auto', '0')
  const commit = async () => {
    await git(shadow, '--git-dir=.git', 'add', '-A', '--', project)
    await git(shadow, '--git-dir=.git', 'commit', '-q', '--allow-empty', '-m', 'turn')
  }
  const first = await time(commit)
  /** @type {number[]} */
  const unchanged = []
  /** @type {number[]} */
  const changed = []
  for (let n = 0; n < turns; n++) unchanged.push(await time(commit))
  for (let n = 0; n < turns; n++) {
    for (let k = 0; k < 3; k++) appendFileSync(join(project, fileOf(n * 3 + k)), `// edit ${n}\n`)
    changed.push(await time(commit))
  }
  return { first, unchanged, changed }
}
