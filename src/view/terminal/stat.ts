/** Shows statistics of a turn and of a difference. */
import type { CollectionDiff, Difference } from '../difference.ts'
import type { TurnSums } from '../turn.ts'
import { count, dim, green, type Line, line, red, yellow } from './line.ts'

/** Returns `2 messages (1 user, 1 assistant) · 3 calls (read ×2, bash) · 1 failed · 1,204 tokens · 0.12 · 40 s`. */
export function sumsLine({ said, tools, failed, tokens, cost, duration }: TurnSums): Line {
  const [messages, calls] = [total(said), total(tools)]
  const facts = [
    line`${count(messages, 'message')}${messages === 0 ? '' : ` (${each(said, (n, role) => `${n} ${role}`)})`}`,
    ...(calls === 0
      ? []
      : [line`${count(calls, 'call')} (${each(tools, (n, tool) => (n === 1 ? tool : `${tool} ×${n}`))})`]),
    ...(failed === 0 ? [] : [red(`${failed} failed`)]),
    ...(tokens === 0 ? [] : [line`${count(tokens, 'token')}`]),
    ...(cost === undefined ? [] : [line`${costText(cost)}`]),
    ...(duration < 1000 ? [] : [line`${durationText(duration)}`]),
  ]
  return facts.flatMap((fact, n) => (n === 0 ? fact : line`${dim(' · ')}${fact}`))
}

/** Shows a difference like `git diff --stat`: one line per collection, and the names of changed fields. */
export function* differenceStat({ collections, fields }: Difference): Generator<Line> {
  let same = true
  for (const [name, diff] of Object.entries(collections)) {
    const { added, changed, removed } = diff
    const all = added.length + changed.length + removed.length
    if (all === 0) continue
    same = false
    yield line` ${name.padEnd(WIDTH)} ${dim('|')} ${String(all).padStart(4)} ${bar(diff, all)} ${dim(totals(diff))}`
  }
  if (fields.length > 0) {
    same = false
    const names = [...new Set(fields.map(({ path }) => String(path[0])))]
    yield line` ${'fields'.padEnd(WIDTH)} ${dim('|')} ${String(fields.length).padStart(4)} ${dim(names.join(', '))}`
  }
  if (same) yield line`No differences.`
}

/** Returns `3 added, 1 changed`. */
export const totals = ({ added, removed, changed }: CollectionDiff): string =>
  [[added, 'added'] as const, [removed, 'removed'] as const, [changed, 'changed'] as const]
    .filter(([items]) => items.length > 0)
    .map(([items, what]) => `${items.length} ${what}`)
    .join(', ')

/** Formats a duration, such as `2 min 5 s` or `40 s`. */
function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

/** Small sums get more digits. */
const costText = (cost: number): string => cost.toFixed(cost < 1 ? 4 : 2)

const WIDTH = 10
const BAR = 40

function bar({ added, changed, removed }: CollectionDiff, all: number): Line {
  const scale = Math.min(1, BAR / all)
  const part = (items: readonly unknown[], sign: string): string =>
    sign.repeat(items.length === 0 ? 0 : Math.max(1, Math.round(items.length * scale)))
  return line`${green(part(added, '+'))}${yellow(part(changed, '~'))}${red(part(removed, '-'))}`
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0)

/** Lists the most frequent first, at most six. */
function each(counts: Readonly<Record<string, number>>, text: (n: number, name: string) => string): string {
  const all = Object.entries(counts).sort(([, a], [, b]) => b - a)
  const shown = all.slice(0, 6).map(([name, n]) => text(n, name))
  return shown.join(', ') + (all.length > 6 ? ', …' : '')
}
