// @ts-check
/**
 * npm run test:large-files [-- --tool codex --bytes 200000000 --lines 2000000 --no-redact --folder <path>]
 *
 * Session files of 200 MB, and of two million lines: imported, imported again, given back and compared, each in a process
 * of its own. Then git looks at the store. Prints what each of them took.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { child } from '../bench/children/child.mjs'
import { writeToolFile } from '../bench/tool-files.mjs'
import { buildIfStale, ROOT } from './build.mjs'

const { values } = parseArgs({
  options: {
    tool: { type: 'string', multiple: true, default: ['codex', 'claude-code'] },
    bytes: { type: 'string', default: '200000000' },
    lines: { type: 'string', default: '2000000' },
    folder: { type: 'string' },
    'no-redact': { type: 'boolean', default: false },
  },
})

buildIfStale()
const folder = values.folder ?? mkdtempSync(join(ROOT, '.large-'))
try {
  for (const tool of /** @type {('codex' | 'claude-code')[]} */ (values.tool)) {
    await check(tool, 'bytes', { bytes: Number(values.bytes) })
    await check(tool, 'lines', { lines: Number(values.lines), output: 100, notes: 100 })
  }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}

/**
 * @param {'codex' | 'claude-code'} tool
 * @param {string} what
 * @param {Parameters<typeof writeToolFile>[2]} limits
 */
async function check(tool, what, limits) {
  const place = mkdtempSync(join(folder, `${tool}-${what}-`))
  const file = join(place, 'session.jsonl')
  writeToolFile(tool, file, limits)
  const size = statSync(file).size
  const store = join(place, 'store')
  const task = { tool, file, folder: store, redact: !values['no-redact'] }
  const first = await child('import', task)
  print(`${tool}, ${first.entries} lines, ${Math.round(size / 1e6)} MB`, first, size)
  const again = await child('import', task)
  print('  again', again, size)
  if (again.entries !== 0) throw new Error(`The second import added ${again.entries} lines.`)
  const back = await child('import', { ...task, gives: true })
  print('  given back', back, size)
  if (!back.same) throw new Error(`${tool}: the file that comes back is another one.`)
  execFileSync('git', [`--git-dir=${store}`, 'fsck', '--strict', '--no-dangling'], { stdio: 'inherit' })
  rmSync(place, { recursive: true })
}

/**
 * @param {string} name
 * @param {{ seconds: number, cpu: number, peak: number }} took
 * @param {number} size
 */
function print(name, { seconds, cpu, peak }, size) {
  const figures = [
    `${seconds.toFixed(1)} s`,
    `${(size / 1e6 / seconds).toFixed(1)} MB/s`,
    `${((cpu * 1e9) / size).toFixed(0)} ms of CPU a MB`,
    `peak ${Math.round(peak / 1e6)} MB`,
  ]
  console.log(`${name.padEnd(44)} ${figures.join(', ')}`)
}
