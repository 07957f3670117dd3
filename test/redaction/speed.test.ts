/**
 * Looks for the texts that take each rule longest, and compares what they cost with what else costs at the same moment: nothing here
 * is measured by a clock. `npm run bench -- redaction` has the milliseconds. `HUNT=20 SHOW=1` searches twenty times as long, and prints.
 */
import { expect, test } from 'vitest'
import type { TableRule } from '../../src/redaction/rule.ts'
import { TABLE } from '../../src/redaction/rules/table.ts'
import { Scanner } from '../../src/redaction/scanning/scanner.ts'
import { sample, seeded } from './sample.ts'

const HUNT = Number(process.env.HUNT ?? 1)
/** Characters of a text on which pieces are compared, and of two by which the growth shows. */
const SMALL = 4096
const [SHORT, LONG] = [8 * 1024, 32 * 1024]
/** Four times the text may take this many times as long. What grows with the square takes 16 times as long. */
const MOST_GROWTH = 9
/** How many times as long as all rules take for prose of the same length one rule may take. */
const MOST = 25
/** Rounds before a text counts as slow: a collection of garbage may fall into one. */
const ROUNDS = 6
/** How many pieces are tried first, how many of the slowest are kept, and how many times each of these is changed. */
const FIRST = 100 * HUNT
const KEPT = 3
const GENERATIONS = 6 * HUNT

const PROSE =
  'The agent reads `src/index.ts`, changes line 42, and runs the tests of "parser" again: 3 of 97 failed.\n'

/** Microseconds of processor time that this process takes for it. */
function cpu(run: () => void): number {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return user + system
}

/** How many times as long the one takes as the other: the fewest of some rounds, up to the first that is few enough. */
function ratio(run: () => void, other: () => void, enough: number): number {
  let fewest = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS && fewest > enough; round++) {
    const before = cpu(other)
    const took = cpu(run)
    fewest = Math.min(fewest, took / Math.max(before, cpu(other), 1))
  }
  return fewest
}

/** Flat, as decoded JSON is: V8 reads a text made of parts more slowly. */
const fill = (piece: string, size: number) =>
  Buffer.from(piece.repeat(Math.ceil(size / piece.length)).slice(0, size)).toString()

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

  constructor(rule: TableRule) {
    this.#starts = rule.keywords.flatMap((word) => [
      ...[word, `-${word}`, ` ${word}`, `${word}=`, `${word}="`, `${word}: `],
    ])
    this.#whole = (rule.match ?? []).map((template) => sample(template, this.#random))
  }

  first(): Parts[] {
    const cut = this.#whole.flatMap((whole) => [0.3, 0.6, 0.9, 1].map((part) => cutAt(whole, part)))
    const wrapped = this.#whole.flatMap((whole) =>
      [0.3, 0.6, 0.9].map((part) => [
        'a line before it ',
        cutAt(whole, part),
        '\n',
        whole.slice(cutAt(whole, part).length),
      ]),
    )
    const listed = [
      ...this.#starts.slice(0, 6).flatMap((start) => RUNS.map((run) => [start, run.repeat(1500)])),
      ...wrapped,
      ...this.#starts.slice(0, 6).flatMap((start) => TAILS.map((tail) => [start, tail])),
      ...cut.flatMap((part) => TAILS.map((tail) => [part, tail])),
    ]
    const some = Array.from({ length: FIRST }, () => this.#pick(listed))
    return [
      ...some,
      ...Array.from({ length: FIRST / 4 }, () => Array.from({ length: 4 }, () => this.#part())),
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
    if (kind < 0.9) return cutAt(this.#whole.length === 0 ? '' : this.#pick(this.#whole), this.#random())
    return this.#pick(RUNS).repeat(Math.ceil(this.#random() * 200))
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!
  }
}

const cutAt = (text: string, part: number) => text.slice(0, Math.ceil(text.length * part))

/** The pieces whose repetition takes the rule longest: those that are slow at first, and what is like them. */
function slowest(rule: TableRule, scanner: Scanner): string[] {
  const pieces = new Pieces(rule)
  const tried = new Set<string>()
  let slow: { parts: Parts; took: number }[] = []
  const look = (parts: Parts) => {
    const piece = parts.join('')
    if (piece === '' || tried.has(piece)) return
    tried.add(piece)
    const text = fill(piece, Math.max(SMALL, piece.length))
    const scan = () => void scanner.scan(text)
    slow.push({ parts, took: Math.min(cpu(scan), cpu(scan), cpu(scan)) / text.length })
    slow = slow.sort((a, b) => b.took - a.took).slice(0, KEPT)
  }
  for (const parts of pieces.first()) look(parts)
  for (let round = 0; round < GENERATIONS; round++) for (const { parts } of slow) look(pieces.like(parts))
  return slow.map(({ parts }) => parts.join(''))
}

const all = new Scanner(TABLE)
const prose = fill(PROSE, LONG)
const usual = () => void all.scan(prose)

/** What is wrong with the time that the rule takes for repetitions of the piece; `undefined` if nothing is. */
function complaint(scanner: Scanner, piece: string): string | undefined {
  const [short, long] = [fill(piece, SHORT), fill(piece, LONG)]
  const run = () => void scanner.scan(long)
  const growth = ratio(run, () => void scanner.scan(short), MOST_GROWTH)
  const times = ratio(run, usual, MOST)
  const said = `${growth.toFixed(1)} times for 4 times the text, ${times.toFixed(1)} times prose: ${JSON.stringify(piece.slice(0, 100))}`
  if (process.env.SHOW === '1') console.log(said)
  return growth > MOST_GROWTH || times > MOST ? said : undefined
}

test.each(TABLE.map((rule) => [rule.id, rule] as const))('no text holds rule %s up', (_, rule) => {
  const scanner = new Scanner([rule])
  expect(slowest(rule, scanner).flatMap((piece) => complaint(scanner, piece) ?? [])).toEqual([])
})

const assigned = TABLE.find(({ id }) => id === 'assigned')!
test.each([
  ['goes back again and again', /password(?:[^;]{0,2000};){2}x/],
  ['reads on to the end of the text', /password[^;]*;x/],
])('an expression that %s is found', (_, expression) => {
  const scanner = new Scanner([{ ...assigned, expression }])
  expect(slowest(assigned, scanner).some((piece) => complaint(scanner, piece) !== undefined)).toBe(true)
})
