// @ts-check
/** Puts a report into `docs/benchmarks.md`, between its two marks, and the curves beside it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeFolders } from '../../dist/folders.js'
import { drawChart } from './chart.mjs'
import { markdownTable, missedTable, reachedCount } from './table.mjs'

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
  makeFolders(`${DOCS}benchmarks`)
  for (const chart of charts) writeFileSync(`${DOCS}benchmarks/${chart.file}.svg`, drawChart(chart))
  writeFileSync(file, `${head}${BEGIN}\n\n${text(report)}\n${END}${tail}`)
}

/** @param {import('./environment.mjs').Report} report */
function text({ at, quick, machine, versions, rows }) {
  const { node, git, ...others } = versions
  const software = [
    `Node ${node.slice(1)}`,
    git.replace(' version', ''),
    ...Object.entries(others).map((one) => one.join(' ')),
  ]
  const missed = missedTable(rows)
  const memory = `${Math.round(machine.memory / 2 ** 30)} GiB`
  return [
    `Measured on ${at.slice(0, 10)} with \`npm run bench -- ${quick ? '--quick ' : ''}--write-docs\` on ${machine.cores} cores of ${machine.cpu}, ${memory}, ${machine.system}, ${machine.disk}; ${software.join(', ')}.`,
    ...(machine.load > machine.cores / 2 ? [busy(machine)] : []),
    reachedCount(rows),
    ...(missed === undefined ? [] : ['### Missed', missed]),
    ...rows.map(section),
    '',
  ].join('\n\n')
}

/** @param {import('./environment.mjs').Report['machine']} machine */
const busy = ({ load, cores }) =>
  `The machine was busy with other work (load ${load.toFixed(1)} on ${cores} cores when the run began): times are too long, tails most of all. Ratios suffer less, and are not to be trusted to the last tenth.`

/** @param {import('../run.mjs').RowResult} row */
const section = ({ row, about, measures, notes = [], charts = [] }) =>
  [
    `### ${row}: ${about}`,
    ...(measures.length === 0 ? [] : [markdownTable(measures)]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
    ...charts.map(({ file, title }) => `![${title}](benchmarks/${file}.svg)`),
  ].join('\n\n')
