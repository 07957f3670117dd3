// @ts-check
/** Puts a report into `docs/benchmarks.md`, between its two marks, and the curves beside it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { drawChart } from './chart.mjs'
import { markdownTable, reachedLine } from './table.mjs'

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url))
const BEGIN = '<!-- written by npm run bench -- --write-docs -->'
const END = '<!-- end -->'

/**
 * @param {import('./environment.mjs').Report} report
 * @param {readonly import('../rows/row.mjs').Chart[]} charts
 */
export function writeDocs(report, charts) {
  const file = `${DOCS}benchmarks.md`
  const before = readFileSync(file, 'utf8')
  const [head, rest] = before.split(BEGIN)
  const tail = rest?.split(END)[1]
  if (head === undefined || tail === undefined)
    throw new Error(`'${file}' has no place for the report: put back '${BEGIN}' and '${END}'`)
  mkdirSync(`${DOCS}benchmarks`, { recursive: true })
  for (const chart of charts) writeFileSync(`${DOCS}benchmarks/${chart.file}.svg`, drawChart(chart))
  writeFileSync(file, `${head}${BEGIN}\n\n${text(report, charts)}\n${END}${tail}`)
}

/**
 * @param {import('./environment.mjs').Report} report
 * @param {readonly import('../rows/row.mjs').Chart[]} charts
 */
function text({ at, quick, machine, versions, rows }, charts) {
  const memory = `${Math.round(machine.memory / 2 ** 30)} GiB`
  const notes = rows.flatMap(({ row, notes = [] }) => notes.map((note) => `- **${row}**: ${note}`))
  return [
    `Measured on ${at.slice(0, 10)} with \`npm run bench -- ${quick ? '--quick ' : ''}--write-docs\`: ${machine.cores} cores of ${machine.cpu}, ${memory}, ${machine.system}, ${machine.disk}; Node ${versions.node.slice(1)}, ${Object.entries(
      versions,
    )
      .filter(([name]) => name !== 'node')
      .map(([name, version]) =>
        name === 'git' ? version.replace('git version', 'git') : `${name} ${version}`,
      )
      .join(', ')}.`,
    markdownTable(rows),
    reachedLine(rows),
    notes.join('\n'),
    ...charts.map(({ file, title }) => `![${title}](benchmarks/${file}.svg)`),
    '',
  ].join('\n\n')
}
