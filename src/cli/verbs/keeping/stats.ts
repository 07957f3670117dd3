import type { SessionStats } from '../../../store/retention/stats.ts'
import { bold, cyan, dim, type Line, line, yellow } from '../../../view/terminal/line.ts'
import { UsageError } from '../../exit-codes.ts'
import { pricesOf } from '../../prices.ts'
import { type AddVerb, examples, PRICES, wholeNumber } from '../../verb.ts'
import { size } from './size.ts'

interface Options {
  by: keyof typeof KEYS
  sort: keyof typeof SORTS
  limit?: number
  prices?: string
}

/** Sums of a group of sessions; `key` is what they have in common. */
interface Row {
  key: string
  sessions: number
  own: number
  shared: number
  checkpoints: number
  messages: number
  tokens: number
  /** In the currency of the prices. */
  cost?: number
  lastUse: string
}

/** `forkpoint stats`: JSON lines of Row. */
export const addStats: AddVerb = (program, run) => {
  program
    .command('stats')
    .description('show what sessions take on the disk, and their checkpoints, messages and tokens')
    .option('--by <what>', `one line for each ${Object.keys(KEYS).join(', ')}`, oneOf(KEYS), 'session')
    .option(
      '--sort <column>',
      `sort by ${Object.keys(SORTS).join(', ')}; largest first`,
      oneOf(SORTS),
      'bytes',
    )
    .option('-n, --limit <number>', 'at most this many lines', wholeNumber)
    .option(...PRICES)
    .addHelpText(
      'after',
      `\n'own' is what deleting the sessions frees; 'shared' is what other sessions need as well.\n${examples('stats -n 10', 'stats --by month --sort tokens --json')}`,
    )
    .action(
      run(async ({ out, stores, env }, { by, sort, limit, prices }: Options) => {
        const rows = new Map<string, Row>()
        const sessions = stores.existing.retention.stats({
          prices: pricesOf(prices, env),
          onProgress: ({ done, total }) => out.progress(`stats: ${done} of ${total} sessions`),
        })
        const projects = new Map<string, string>()
        for await (const one of sessions) add(rows, keyOf(one, by, projects), one)
        const sorted = [...rows.values()].sort((a, b) => SORTS[sort](b, a) || (a.key < b.key ? -1 : 1))
        const shown = sorted.slice(0, limit)
        const most = shown.reduce((largest, { own }) => Math.max(largest, own), 0)
        const found = await out.list(shown, (row) => cells(row, most), { head: HEAD, spare: SPARE })
        if (found === 0) await out.note(line`No sessions.`)
      }),
    )
}

const KEYS = {
  session: ({ id }: SessionStats) => id,
  type: ({ type }: SessionStats) => type,
  project: ({ project }: SessionStats) => project ?? '(none)',
  month: ({ updatedAt }: SessionStats) => updatedAt.slice(0, 7),
} as const

/**
 * Returns the group of a session. A project is shown as its remote, else as the folder of its newest session.
 *
 * @param projects shown names of projects, by root or remote
 */
function keyOf(one: SessionStats, by: keyof typeof KEYS, projects: Map<string, string>): string {
  const { root, remote } = one.repository
  const marks = by === 'project' ? [root, remote].filter((mark) => mark !== undefined) : []
  const known = marks.flatMap((mark) => projects.get(mark) ?? [])
  const key = known[0] ?? (by === 'project' ? (remote ?? KEYS.project(one)) : KEYS[by](one))
  for (const mark of marks) projects.set(mark, key)
  return key
}

const SORTS = {
  bytes: (a: Row, b: Row) => a.own - b.own || a.shared - b.shared,
  tokens: (a: Row, b: Row) => a.tokens - b.tokens,
  messages: (a: Row, b: Row) => a.messages - b.messages,
  checkpoints: (a: Row, b: Row) => a.checkpoints - b.checkpoints,
  time: (a: Row, b: Row) => (a.lastUse < b.lastUse ? -1 : a.lastUse > b.lastUse ? 1 : 0),
} as const

const oneOf =
  (choices: object) =>
  (text: string): string => {
    if (Object.hasOwn(choices, text)) return text
    throw new UsageError(`'${text}' is none of ${Object.keys(choices).join(', ')}.`)
  }

function add(rows: Map<string, Row>, key: string, one: SessionStats): void {
  const { bytes, checkpoints, messages, tokens, cost, updatedAt } = one
  const row = rows.get(key) ?? EMPTY
  const sum = row.cost === undefined && cost === undefined ? {} : { cost: (row.cost ?? 0) + (cost ?? 0) }
  rows.set(key, {
    key,
    sessions: row.sessions + 1,
    own: row.own + bytes.own,
    shared: row.shared + bytes.shared,
    checkpoints: row.checkpoints + checkpoints,
    messages: row.messages + messages,
    tokens: row.tokens + tokens.total,
    ...sum,
    lastUse: [updatedAt, row.lastUse].sort()[1]!,
  })
}

const EMPTY: Row = {
  key: '',
  sessions: 0,
  own: 0,
  shared: 0,
  checkpoints: 0,
  messages: 0,
  tokens: 0,
  lastUse: '',
}

const HEAD: Line[] = ['', 'own', '', 'shared', 'checkpoints', 'messages', 'tokens', 'cost', 'last use'].map(
  (text) => dim(text),
)

/** The bar, then `shared`, `checkpoints`, `tokens`, `cost` and `last use`. */
const SPARE = [2, 3, 4, 7, 6, 8]

const BAR = 12

function cells(
  { key, sessions, own, shared, checkpoints, messages, tokens, cost, lastUse }: Row,
  most: number,
) {
  const many = sessions === 1 ? '' : dim(` (${sessions})`)
  const filled = most === 0 ? 0 : Math.round((own / most) * BAR)
  return [
    line`${yellow(key)}${many}`,
    bold(size(own)),
    line`${cyan('█'.repeat(filled))}${dim('·'.repeat(BAR - filled))}`,
    line`${size(shared)}`,
    line`${checkpoints.toLocaleString('en-US')}`,
    line`${messages.toLocaleString('en-US')}`,
    line`${tokens === 0 ? '' : tokens.toLocaleString('en-US')}`,
    line`${cost === undefined ? '' : cost.toFixed(2)}`,
    dim(lastUse.slice(0, 10)),
  ]
}
