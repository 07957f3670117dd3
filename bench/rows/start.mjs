// @ts-check
/** How long a program waits before its first line of work: imports of the package, and the command line. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../../scripts/build.mjs'
import { p50 } from '../statistics.mjs'
import { within } from './row.mjs'

const DIST = join(ROOT, 'dist')

/** @type {import('./row.mjs').Row} */
export const start = {
  name: 'start',
  about: 'a fresh process: what an import takes inside it, and the command line as a whole',
  async run({ quick, say }) {
    const rounds = quick ? 11 : 41
    /** @type {Record<'root' | 'agent' | 'zod' | 'version' | 'empty', number[]>} */
    const took = { root: [], agent: [], zod: [], version: [], empty: [] }
    // In turns, so that a busy moment meets all of them.
    for (let round = 0; round < rounds; round++) {
      say(`process ${round + 1} of ${rounds}`)
      took.root.push(importing(join(DIST, 'index.js')))
      took.agent.push(importing(join(DIST, 'agent', 'index.js')))
      took.zod.push(importing('zod'))
      took.version.push(running([join(DIST, 'cli', 'main.js'), '--version']))
      took.empty.push(running(['--eval', '0']))
    }
    return {
      measures: [
        within(
          {
            what: "import 'forkpoint', p50",
            unit: 'ms',
            forkpoint: p50(took.root),
            peers: { zod: p50(took.zod) },
          },
          45,
        ),
        { what: "import 'forkpoint/agent', p50", unit: 'ms', forkpoint: p50(took.agent) },
        within(
          {
            what: 'forkpoint --version, p50',
            unit: 'ms',
            forkpoint: p50(took.version),
            peers: { 'node alone': p50(took.empty) },
          },
          100,
        ),
      ],
      notes: [
        `Fastest of ${rounds}: import ${Math.min(...took.root).toFixed(0)} ms, --version ${Math.min(...took.version).toFixed(0)} ms, node alone ${Math.min(...took.empty).toFixed(0)} ms.`,
        "zod: `import 'zod'`, a library that such a package is likely to import as it is.",
      ],
    }
  },
}

/** Milliseconds of one import in a fresh process. @param {string} specifier */
function importing(specifier) {
  const code = `const start = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - start)`
  const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return Number(stdout)
}

/** Milliseconds of a whole process. @param {string[]} args */
function running(args) {
  const before = performance.now()
  const { status } = spawnSync(process.execPath, args)
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
  return performance.now() - before
}
