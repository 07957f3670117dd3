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
  const table = tableOf(JSON.parse(readFileSync(report, 'utf8')))
  writeFileSync(page, `${text.slice(0, start + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`)
}

/** @param {{ testResults: { assertionResults: { status: string, meta?: { cell?: Cell } }[] }[] }} report */
function tableOf({ testResults }) {
  const results = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ status, meta }) =>
      meta?.cell === undefined || status === 'skipped' ? [] : [{ status, ...meta.cell }],
    )
  const tools = [...new Map(results.map(({ to, version }) => [to, version]))]
  const rows = [...new Set(results.map(({ from }) => from))].map((from) => {
    const cells = tools.map(([tool]) => {
      const tried = results.filter((one) => one.from === from && one.to === tool)
      const passed = tried.filter(({ status }) => status === 'passed')
      return passed.length === tried.length ? `${passed.length}` : `${passed.length} of ${tried.length}`
    })
    return [from, ...cells]
  })
  const head = ['sessions of', ...tools.map(([tool, version]) => `in ${tool} ${version}`)]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
