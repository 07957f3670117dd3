import { expect, test } from 'vitest'
import { TABLE } from '../../src/redaction/rules/table.ts'
import { Scanner } from '../../src/redaction/scanner.ts'
import { sample, seeded } from './sample.ts'

const MEGABYTE = 1024 * 1024
/** What takes this share of a megabyte's time on a share of it is looked at with all of it. */
const SHARE = 32
/**
 * Milliseconds of processor time for a megabyte that is nothing but beginnings of tokens: on an idle machine at most 50. One
 * that goes back again and again takes thousands; the bound leaves room for a busy machine.
 */
const MOST = 150

/** Milliseconds of this process's own time: others may work on the machine. */
function cpu(run: () => void): number {
  const start = process.cpuUsage()
  run()
  const { user } = process.cpuUsage(start)
  return user / 1000
}

/** The fewest of some rounds, so that warming up and collecting garbage do not count. */
const least = (run: () => void): number => Math.min(...Array.from({ length: 3 }, () => cpu(run)))

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

test.each(TABLE.map((rule) => [rule.id, rule] as const))(
  'no input holds rule %s up',
  (_, rule) => {
    const scanner = new Scanner([rule])
    const slow: string[] = []
    for (const piece of new Set(worst(rule))) {
      if (piece === '') continue
      const part = fill(piece, MEGABYTE / SHARE)
      if (cpu(() => scanner.scan(part)) < MOST / SHARE) continue
      const text = fill(piece, MEGABYTE)
      const took = least(() => scanner.scan(text))
      if (took > MOST) slow.push(`${took.toFixed(0)} ms: ${JSON.stringify(piece.slice(0, 60))}`)
    }
    expect(slow).toEqual([])
  },
  120_000,
)
