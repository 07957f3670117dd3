import { expect, test } from 'vitest'
import { TABLE } from '../../src/redaction/rules/table.ts'
import { Scanner } from '../../src/redaction/scanner.ts'
import { sample, seeded } from './sample.ts'

const MEGABYTE = 1024 * 1024
/** Pieces are compared on this share of a megabyte. */
const SHARE = 64
/** How many of the slowest pieces are kept, and how many times each is changed a little. */
const KEPT = 3
const GENERATIONS = 20
/**
 * How many times as long as all rules take for a megabyte of prose one rule may take for its worst input. Both are measured at the
 * same moment, so a busy machine slows both down. An expression that goes back again and again takes hundreds of times as long.
 */
const MOST = 50
/** Rounds before an input counts as slow. */
const ROUNDS = 6

const PROSE =
  'The agent reads `src/index.ts`, changes line 42, and runs the tests of "parser" again: 3 of 97 failed.\n'

/** Microseconds of processor time that this process takes for it. */
function cpu(run: () => void): number {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return user + system
}

/** How many times as long as `usual` it takes: the fewest of some rounds, since collecting garbage may fall into one. */
function slower(run: () => void, usual: () => void): number {
  let fewest = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS && fewest > MOST; round++) {
    const before = cpu(usual)
    const took = cpu(run)
    fewest = Math.min(fewest, took / Math.max(before, cpu(usual)))
  }
  return fewest
}

const fill = (piece: string, size: number) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size)

/** What may follow a beginning: what tokens consist of, what ends them, cuts, escapes, colours, and near misses. */
const TAILS = [
  ...['', 'a', '1', 'a1', 'aaaaaaaaaaaaaaaaaaaa1', 'xxxxx', 'exampl', 'A', 'é', '\u{1f600}'],
  ...[
    '-',
    '_',
    '.',
    '=',
    '\\',
    ' ',
    ':',
    '/',
    '"',
    "'",
    '\\\\"',
    ';',
    'a1;',
    '@',
    ',',
    '~',
    '$',
    '%3D',
    '{',
    '>',
    '|',
    '\t',
  ],
  ...[
    '\n',
    '\r\n',
    '\\n',
    '\n 12 | ',
    '\\/',
    '\\u002d',
    '\\u0041',
    '\x1b[0m',
    '\\x1b[31m',
    '[redacted:text:00000000]',
  ],
  ...[
    '://',
    'eyJ',
    '-----',
    'bearer ',
    '; password=',
    'pwd =',
    '--pass=',
    'sk-proj-',
    ';base64,',
    '.atlasv1.',
    ':AA',
    '-us',
  ],
]
/** Runs that a rule may read from each of many beginnings. */
const RUNS = ['a', 'a1-', '\n', ' ', '\\', '\\u002d', 'a;', 'A1/']

type Parts = readonly string[]

/** Makes pieces of which a text may consist: beginnings, near misses, cut secrets, runs, and mixtures of them. */
class Pieces {
  readonly #random = seeded(3)
  readonly #starts: readonly string[]
  readonly #whole: readonly string[]

  constructor(rule: (typeof TABLE)[number]) {
    this.#starts = rule.keywords.flatMap((word) => [
      ...[word, `-${word}`, ` ${word}`, `${word}=`, `${word}="`, `${word}: `],
    ])
    this.#whole = (rule.match ?? []).map((template) => sample(template, this.#random))
  }

  first(): Parts[] {
    const cut = this.#whole.flatMap((whole) => [0.3, 0.6, 0.9, 1].map((part) => cutAt(whole, part)))
    return [
      ...this.#starts.slice(0, 6).flatMap((start) => TAILS.map((tail) => [start, tail])),
      ...cut.flatMap((part) => TAILS.map((tail) => [part, tail])),
      ...this.#starts.slice(0, 6).flatMap((start) => RUNS.map((run) => [start, run.repeat(1500)])),
      ...Array.from({ length: 30 }, () => Array.from({ length: 4 }, () => this.#part())),
    ]
  }

  /** Another piece like this one. */
  like(parts: Parts): Parts {
    const at = Math.floor(this.#random() * (parts.length + 1))
    const kind = this.#random()
    if (kind < 0.4) return parts.toSpliced(at, 0, this.#part())
    return kind < 0.6 ? parts.toSpliced(at, 1) : parts.toSpliced(at, 1, this.#part())
  }

  #part(): string {
    const kind = this.#random()
    if (kind < 0.35) return this.#pick(this.#starts)
    if (kind < 0.8) return this.#pick(TAILS)
    if (kind < 0.9) return cutAt(this.#pick(this.#whole), this.#random())
    return this.#pick(RUNS).repeat(Math.ceil(this.#random() * 200))
  }

  #pick(from: readonly string[]): string {
    return from[Math.floor(this.#random() * from.length)] ?? ''
  }
}

const cutAt = (text: string, part: number) => text.slice(0, Math.ceil(text.length * part))

/** The pieces whose repetition takes the rule longest: those that are slow at first, and what is like them. */
function slowest(rule: (typeof TABLE)[number], scanner: Scanner): string[] {
  const pieces = new Pieces(rule)
  const tried = new Set<string>()
  let slow: { parts: Parts; took: number }[] = []
  const look = (parts: Parts) => {
    const piece = parts.join('')
    if (piece === '' || piece.length > MEGABYTE / SHARE || tried.has(piece)) return
    tried.add(piece)
    const text = fill(piece, MEGABYTE / SHARE)
    slow.push({
      parts,
      took: Math.min(
        cpu(() => scanner.scan(text)),
        cpu(() => scanner.scan(text)),
      ),
    })
    slow = slow.sort((a, b) => b.took - a.took).slice(0, KEPT)
  }
  for (const parts of pieces.first()) look(parts)
  for (let round = 0; round < GENERATIONS; round++) for (const { parts } of slow) look(pieces.like(parts))
  return slow.map(({ parts }) => parts.join(''))
}

const all = new Scanner(TABLE)
const prose = fill(PROSE, MEGABYTE)
const usual = () => all.scan(prose)

test.each(TABLE.map((rule) => [rule.id, rule] as const))(
  'no input holds rule %s up',
  (_, rule) => {
    const scanner = new Scanner([rule])
    const slow: string[] = []
    for (const piece of slowest(rule, scanner)) {
      const text = fill(piece, MEGABYTE)
      const times = slower(() => scanner.scan(text), usual)
      if (process.env.SHOW === '1')
        console.log(rule.id, times.toFixed(1), JSON.stringify(piece.slice(0, 100)))
      if (times > MOST) slow.push(`${times.toFixed(0)} times as long: ${JSON.stringify(piece.slice(0, 60))}`)
    }
    expect(slow).toEqual([])
  },
  120_000,
)

test('an expression that goes back again and again is seen', () => {
  const rule = { ...TABLE.find(({ id }) => id === 'assigned')!, expression: /password(?:[^;]{0,4000};){2}x/ }
  const text = fill('password=a1 ', MEGABYTE)
  expect(slower(() => new Scanner([rule]).scan(text), usual)).toBeGreaterThan(MOST)
})
