/** The last line of a page: model, tokens and duration. */
import type { ReadMessage, ReadUsage } from '../block.ts'
import type { ReadRun } from '../run.ts'
import { code } from './markdown.ts'

/**
 * Returns the line; empty if nothing is known.
 *
 * @param messages those of which the model or the usage is known
 */
export function pageFoot(
  messages: readonly Pick<ReadMessage, 'model' | 'usage'>[],
  runs: readonly ReadRun[],
): string {
  if (messages.length === 0 && runs.length === 0) return ''
  const models = new Set<string>()
  for (const some of [messages, runs])
    for (const { model } of some) if (model !== undefined) models.add(model.slice(0, 200))
  const counted = runs.some(({ usage }) => usage !== undefined) ? runs : messages
  const wrong = runs.flatMap(({ status, error }) =>
    status === undefined || status === 'completed'
      ? []
      : [`${code(status.slice(0, 40))}${error === undefined ? '' : `: ${code(error.slice(0, 400))}`}`],
  )
  const facts = [
    ...wrong,
    ...[...models].map((model) => code(model)),
    ...tokens(counted.map(({ usage }) => usage)),
    ...duration(runs),
  ]
  return facts.length === 0 ? '' : `— ${facts.join(' · ')}`
}

function tokens(usages: readonly (ReadUsage | undefined)[]): string[] {
  if (usages.every((usage) => usage === undefined)) return []
  const sum = (key: keyof ReadUsage): number => usages.reduce((all, usage) => all + (usage?.[key] ?? 0), 0)
  const [input, output, cached, total] = [sum('input'), sum('output'), sum('cached'), sum('total')]
  if (input + output === 0) return total === 0 ? [] : [`${grouped(total)} tokens`]
  return [
    `${grouped(input)} tokens in${cached === 0 ? '' : ` (${grouped(cached)} cached)`}, ${grouped(output)} out`,
  ]
}

function duration(runs: readonly ReadRun[]): string[] {
  let time = 0
  for (const { startedAt, endedAt } of runs) {
    const took = Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')
    if (took > 0) time += took
  }
  const seconds = Math.round(time / 1000)
  if (seconds === 0) return []
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return [`${hours} h ${minutes} min`]
  return [minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`]
}

/** Formats a number as `12,345`. */
const grouped = (number: number): string => `${Math.round(number)}`.replace(/\B(?=(?:\d{3})+$)/g, ',')
