// @ts-check
/** Answers as a table: for the terminal, and for Markdown. */

/** @typedef {import('../rows/row.mjs').Measure} Measure */
/** @typedef {{ measures: readonly Measure[] }} Measured */

const PEERS = ['raw append', 'raw (promises)', 'JSON file', 'SqliteSaver', 'isomorphic-git', 'git']

/** @param {readonly Measured[]} answers */
export function table(answers) {
  const lines = cells(answers)
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}

/** @param {readonly Measured[]} answers */
export function markdownTable(answers) {
  const [head = [], ...lines] = cells(answers)
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'))
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** @param {readonly Measured[]} answers */
export function reachedLine(answers) {
  const goals = answers.flatMap(({ measures }) => measures).filter(({ reach }) => reach !== undefined)
  const missed = goals.filter(({ reached }) => reached !== true)
  const all = `${goals.length - missed.length} of ${goals.length} reached`
  return missed.length === 0 ? `${all}.` : `${all}. Missed: ${missed.map(({ what }) => what).join('; ')}.`
}

/** @param {readonly Measured[]} answers @returns {string[][]} */
function cells(answers) {
  const measures = answers.flatMap((answer) => answer.measures)
  const named = new Set(measures.flatMap(({ peers = {} }) => Object.keys(peers)))
  const peers = [
    ...PEERS.filter((peer) => named.has(peer)),
    ...[...named].filter((peer) => !PEERS.includes(peer)),
  ]
  return [
    ['', 'forkpoint', ...peers, 'ratio', 'reach', 'reached'],
    ...measures.map((measure) => [
      measure.what,
      number(measure.forkpoint, measure.unit),
      ...peers.map((peer) => number(measure.peers?.[peer], measure.unit)),
      measure.ratio === undefined ? '' : `${round(measure.ratio.value)}× ${measure.ratio.to}`,
      measure.reach ?? '',
      measure.reached === undefined ? '' : measure.reached ? 'yes' : 'no',
    ]),
  ]
}

/** @param {number | undefined} value @param {string} unit */
export function number(value, unit) {
  if (value === undefined || Number.isNaN(value)) return ''
  if (unit === 'bytes') return size(value)
  return `${round(value)}${unit === '' || unit === '×' || unit === '/s' ? unit : ` ${unit}`}`
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3))
  return `${round(bytes / 1000 ** power)} ${['B', 'KB', 'MB', 'GB', 'TB'][power]}`
}

/** Three digits that mean something. @param {number} value */
function round(value) {
  const magnitude = Math.abs(value)
  if (magnitude >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(magnitude >= 10 ? 1 : magnitude >= 0.1 ? 2 : 3)
}
