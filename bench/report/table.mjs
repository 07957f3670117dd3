// @ts-check
/** Answers as a table: for the terminal, and for Markdown. */

/** @typedef {import('../rows/row.mjs').Measure} Measure */
/** @typedef {{ measures: readonly Measure[] }} Measured */

const PEERS = [
  'raw append',
  'raw (promises)',
  'SQLite',
  'SQLite in batches',
  'LMDB',
  'classic-level',
  'JSON file',
  'SqliteSaver',
  'isomorphic-git',
  'git',
]

/** @param {readonly Measure[]} measures */
export const table = (measures) =>
  grouped(measures)
    .map(([name, some]) => `${name === '' ? '' : `${name}\n`}${plainTable(some)}`)
    .join('\n\n')

/** @param {readonly Measure[]} measures */
export const markdownTable = (measures) =>
  grouped(measures)
    .map(([name, some]) => `${name === '' ? '' : `**${name}**\n\n`}${oneMarkdownTable(some)}`)
    .join('\n\n')

/** @param {readonly Measure[]} measures @returns {[string, Measure[]][]} */
function grouped(measures) {
  /** @type {Map<string, Measure[]>} */
  const groups = new Map()
  for (const measure of measures) {
    const { group = '' } = measure
    groups.set(group, [...(groups.get(group) ?? []), measure])
  }
  return [...groups]
}

/** @param {readonly Measure[]} measures */
function plainTable(measures) {
  const lines = cells(measures)
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return column === 0 ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** @param {readonly Measure[]} measures */
function oneMarkdownTable(measures) {
  const [head = [], ...lines] = cells(measures)
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'))
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** How many reaches were reached. @param {readonly Measured[]} answers */
export function reachedCount(answers) {
  const goals = goalsOf(answers)
  return `${goals.length - missedOf(goals).length} of ${goals.length} reached.`
}

/** `reachedCount`, and what was missed. @param {readonly Measured[]} answers */
export function reachedLine(answers) {
  const missed = missedOf(goalsOf(answers)).map(nameOf)
  return missed.length === 0
    ? reachedCount(answers)
    : `${reachedCount(answers)} Missed: ${missed.join('; ')}.`
}

/** What was missed, each beside its reach; `undefined` when all was reached. @param {readonly Measured[]} answers */
export function missedTable(answers) {
  const missed = missedOf(goalsOf(answers)).map(({ peers: _, ...one }) => ({ ...one, what: nameOf(one) }))
  return missed.length === 0 ? undefined : oneMarkdownTable(missed)
}

/** @param {readonly Measured[]} answers */
const goalsOf = (answers) =>
  answers.flatMap(({ measures }) => measures).filter(({ reach }) => reach !== undefined)

/** @param {readonly Measure[]} goals */
const missedOf = (goals) => goals.filter(({ reached }) => reached !== true)

/** @param {Pick<Measure, 'group' | 'what'>} measure */
const nameOf = ({ group, what }) => (group === undefined ? what : `${group}: ${what}`)

/** Contenders that none of the measures has get no column; neither does a reach that none has. @param {readonly Measure[]} measures @returns {string[][]} */
function cells(measures) {
  const named = new Set(measures.flatMap(({ peers = {} }) => Object.keys(peers)))
  const peers = [
    ...PEERS.filter((peer) => named.has(peer)),
    ...[...named].filter((peer) => !PEERS.includes(peer)),
  ]
  const ratios = measures.some(({ ratio }) => ratio !== undefined)
  const reaches = measures.some(({ reach }) => reach !== undefined)
  return [
    ['', 'forkpoint', ...peers, ...(ratios ? ['ratio'] : []), ...(reaches ? ['reach', 'reached'] : [])],
    ...measures.map(({ what, unit, forkpoint, peers: theirs, ratio, reach, reached }) => [
      what,
      number(forkpoint, unit),
      ...peers.map((peer) => number(theirs?.[peer], unit)),
      ...(ratios ? [ratio === undefined ? '' : `${round(ratio.value)}× ${ratio.to}`] : []),
      ...(reaches ? [reach ?? '', reached === undefined ? '' : reached ? 'yes' : 'no'] : []),
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
