import { expect, test } from 'vitest'
import { TABLE } from '../../src/redaction/rules/table.ts'
import { Scanner } from '../../src/redaction/scanner.ts'
import { sample, seeded } from './sample.ts'

const MEGABYTE = 1024 * 1024
/** What takes too long on this share of a megabyte is looked at with all of it. */
const SHARE = 32
/**
 * How many times as long as a megabyte of prose one that is nothing but beginnings of tokens may take. Both are measured at the
 * same moment, so a busy machine slows both down. An expression that goes back again and again takes hundreds of times as long.
 */
const MOST = 30
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

/** Texts that make a rule begin again and again, and go on for as long as it can. */
function worst(rule: (typeof TABLE)[number]): string[] {
  const random = seeded(3)
  const [template = ''] = rule.match ?? []
  const whole = sample(template, random)
  const starts = rule.keywords.flatMap((word) => [
    word,
    `-${word}`,
    ` ${word}`,
    `${word}=`,
    `${word}="`,
    `${word}: `,
  ])
  const tails = [
    '',
    'a1',
    'aaaaaaaaaaaaaaaaaaaa1',
    '-',
    '_',
    '.',
    '=',
    '\\',
    '\n',
    ' ',
    ':',
    '/',
    '"',
    '\\/',
    'a1;',
    '@',
  ]
  const cut = [0.3, 0.6, 0.9].map((part) => whole.slice(0, Math.floor(whole.length * part)))
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const fuzz = Array.from({ length: 30 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
      pick([...starts, whole, ...tails, ...cut]),
    ).join(''),
  )
  return [
    ...fuzz,
    ...starts.slice(0, 12).flatMap((start) => tails.map((tail) => start + tail)),
    ...cut.flatMap((part) => [part, `${part} `, `${part}\n`, `${part}-`, `${part}\\n`, ` ${part}"`]),
    ...starts.slice(0, 6).map((start) => `${start}${'a'.repeat(5000)}`),
    ...starts.slice(0, 6).map((start) => `${start}${'a1-'.repeat(1500)}`),
    ...starts.slice(0, 3).map((start) => `${start}${'\n'.repeat(300)}`),
  ]
}

const all = new Scanner(TABLE)
const prose = fill(PROSE, MEGABYTE)
const usual = () => all.scan(prose)
/** Microseconds for prose of a megabyte, to choose what is looked at closely. */
const reference = Math.min(...Array.from({ length: 8 }, () => cpu(usual)))

test.each(TABLE.map((rule) => [rule.id, rule] as const))(
  'no input holds rule %s up',
  (_, rule) => {
    const scanner = new Scanner([rule])
    const slow: string[] = []
    for (const piece of new Set(worst(rule))) {
      if (piece === '') continue
      const part = fill(piece, MEGABYTE / SHARE)
      if (cpu(() => scanner.scan(part)) < (MOST * reference) / SHARE) continue
      const text = fill(piece, MEGABYTE)
      const times = slower(() => scanner.scan(text), usual)
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
