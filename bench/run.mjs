// @ts-check
/**
 * `npm run bench [-- <row> …] [--quick] [--write-docs]`: every number forkpoint holds itself to, side by side with what
 * one would use instead. Prints a table; writes `bench/results/latest.json` and the curves beside it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeFolders } from '../dist/folders.js'
import { drawChart } from './report/chart.mjs'
import { writeDocs } from './report/docs.mjs'
import { environment } from './report/environment.mjs'
import { reachedLine, table } from './report/table.mjs'
import { ROWS } from './rows/index.mjs'

/** @typedef {import('./rows/row.mjs').Answer & { row: string, about: string, seconds: number }} RowResult */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, 'write-docs': { type: 'boolean' }, help: { type: 'boolean' } },
})
const unknown = positionals.filter((name) => !ROWS.some((row) => row.name === name))
if (values.help || unknown.length > 0) {
  for (const name of unknown) console.error(`There is no row '${name}'.`)
  console.error('npm run bench -- [row …] [--quick] [--write-docs]\n')
  for (const { name, about } of ROWS) console.error(`  ${name.padEnd(12)} ${about}`)
  process.exit(unknown.length > 0 ? 2 : 0)
}

if (values['write-docs'] && positionals.length > 0) {
  console.error('The documentation shows all rows of one run: leave out the names of rows, or --write-docs.')
  process.exit(2)
}
if (spawnSync('git', ['--version']).status !== 0) {
  console.error('The bench compares with git, and there is none here: install it first.')
  process.exit(1)
}

const results = fileURLToPath(new URL('results/', import.meta.url))
makeFolders(results)
// Not in the system's folder for temporary files: where others delete thousands of files, creating one is slow.
const work = mkdtempSync(join(results, 'work-'))
const rows = positionals.length === 0 ? ROWS : ROWS.filter(({ name }) => positionals.includes(name))
try {
  const measuredOn = environment(work, values.quick === true)
  const answers = await runAll()
  const report = { ...measuredOn, rows: answers }
  writeFileSync(join(results, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`)
  const charts = answers.flatMap((answer) => answer.charts ?? [])
  for (const chart of charts) writeFileSync(join(results, `${chart.file}.svg`), drawChart(chart))
  for (const answer of answers) print(answer)
  console.log(`${reachedLine(answers)}\nWritten: ${join(results, 'latest.json')}`)
  if (values['write-docs']) writeDocs(report, charts)
} finally {
  // Last of all: deleting thousands of files slows what is measured right after.
  rmSync(work, { recursive: true, force: true })
}

/** @param {RowResult} answer */
function print({ row, about, measures, notes = [], seconds }) {
  console.log(`${row}: ${about} (${seconds.toFixed(0)} s)\n`)
  if (measures.length > 0) console.log(table(measures))
  for (const note of notes) console.log(`- ${note}`)
  console.log('')
}

async function runAll() {
  /** @type {RowResult[]} */
  const answers = []
  for (const row of rows) {
    const start = performance.now()
    /** @type {import('./rows/row.mjs').Bench} */
    const bench = {
      quick: values.quick === true,
      folder(name) {
        const path = join(work, `${row.name}-${name}`)
        mkdirSync(path)
        return path
      },
      say: (text) => progress(`${row.name}: ${text}`),
    }
    const answer = await row.run(bench)
    progress('')
    answers.push({ row: row.name, about: row.about, seconds: (performance.now() - start) / 1000, ...answer })
  }
  return answers
}

/** @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
