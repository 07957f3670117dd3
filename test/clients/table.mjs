// @ts-check
/** The table of the docs: which sessions real tools resumed, from the report of the tests. */
import { readFileSync, writeFileSync } from 'node:fs'

const [BEGIN, END] = ['<!-- Written by `npm run test:clients -- --all`. -->', '<!-- End. -->']

/**
 * @typedef {{ from: string, to: string, version: string }} Cell
 * @param {string} report of vitest, as JSON
 * @param {string} page
 */
export function writeTable(report, page) {
  const text = readFileSync(page, 'utf8')
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (start === -1 || end === -1) throw new Error(`${page} has no place for the table.`)
  const before = parsed(text.slice(start + BEGIN.length, end))
  const table = tableOf(JSON.parse(readFileSync(report, 'utf8')), before)
  writeFileSync(page, `${text.slice(0, start + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`)
}

/** @typedef {{ tools: string[], rows: Map<string, Map<string, string>> }} Table */

/**
 * @param {string} text
 * @returns {Table}
 */
function parsed(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const [[, ...tools] = [''], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return {
    tools,
    rows: new Map(
      rows.map(([from = '', ...cells]) => [from, new Map(tools.map((tool, n) => [tool, cells[n] ?? '']))]),
    ),
  }
}

/**
 * Tools that were not run now keep their column.
 *
 * @param {{ testResults: { assertionResults: { status: string, meta?: { cell?: Cell } }[] }[] }} report
 * @param {Table} table
 */
function tableOf({ testResults }, { tools: known, rows }) {
  const results = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ status, meta }) =>
      meta?.cell === undefined || status === 'skipped'
        ? []
        : [{ status, from: meta.cell.from, to: `in ${meta.cell.to} ${meta.cell.version}` }],
    )
  const name = (/** @type {string} */ tool) => tool.replace(/ [\d.]+$/, '')
  const now = [...new Set(results.map(({ to }) => to))]
  const tools = [...known.filter((tool) => !now.some((one) => name(one) === name(tool))), ...now].sort()
  for (const { from, to } of results) {
    const tried = results.filter((one) => one.from === from && one.to === to)
    const passed = tried.filter(({ status }) => status === 'passed')
    const cells = rows.get(from) ?? new Map()
    rows.set(from, cells)
    cells.set(to, passed.length === tried.length ? `${passed.length}` : `${passed.length} of ${tried.length}`)
  }
  const body = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([from, cells]) => [from, ...tools.map((tool) => cells.get(tool) ?? '')])
  const head = ['sessions of', ...tools]
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
