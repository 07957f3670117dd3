// @ts-check
import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { child } from '../children/child.mjs'
import { git } from '../contenders/native-git.mjs'
import { writeToolFile } from '../tool-files.mjs'

const TITLES = /** @type {const} */ ({ codex: 'Codex', 'claude-code': 'Claude Code' })
const GOAL = 25

/** @type {import('./row.mjs').Row} */
export const importing = {
  name: 'importing',
  about: 'a large session file of another tool, of made-up turns, imported into a new store',
  async run({ quick, folder, say }) {
    const bytes = quick ? 4e6 : 64e6
    const measures = []
    for (const [tool, title] of Object.entries(TITLES)) {
      const file = join(folder(`importing-${tool}`), 'session.jsonl')
      writeToolFile(/** @type {keyof typeof TITLES} */ (tool), file, { bytes })
      const size = statSync(file).size / 1e6
      say(`committing ${title} with git`)
      const committed = size / (await gitSeconds(file, folder(`importing-${tool}-git`)))
      for (const redact of [false, true]) {
        const what = `${title}, ${Math.round(size)} MB${redact ? ', secrets looked for' : ''}`
        say(`importing ${what}`)
        const { seconds, cpu, peak } = await child('import', {
          tool,
          file,
          folder: folder(`importing-${tool}-${redact}`),
          redact,
        })
        const reach = { reach: `≥ ${GOAL} MB/s`, reached: size / seconds >= GOAL }
        measures.push(
          { what, unit: 'MB/s', forkpoint: size / seconds, peers: { 'git commit': committed }, ...reach },
          { what: `${what}, CPU`, unit: 'ms/MB', forkpoint: (cpu * 1000) / size },
          { what: `${what}, most memory`, unit: 'bytes', forkpoint: peak },
        )
      }
    }
    return {
      measures,
      notes: ['`git commit` copies the file into a work tree, and adds and commits it, as it is.'],
    }
  },
}

/**
 * The time that git takes to make one durable commit of the whole file: what anybody has to do with its bytes who only
 * stores them.
 *
 * @param {string} file @param {string} folder
 */
async function gitSeconds(file, folder) {
  await git(folder, 'init', '-q')
  await git(folder, 'config', 'core.fsync', 'all')
  const start = performance.now()
  copyFileSync(file, join(folder, 'session.jsonl'))
  await git(folder, 'add', 'session.jsonl')
  await git(folder, 'commit', '-q', '-m', 'session')
  return (performance.now() - start) / 1000
}
