/** The turns of a line: where the messages of each are at its tip, and what they took. */
import type { Checkpoint } from '../../store/session-store.ts'
import type { ReadMessage } from '../../view/block.ts'
import { readMessage } from '../../view/message.ts'
import type { Turn } from '../wire.ts'

/**
 * @param log newest first
 * @param items of the document at the tip
 * @returns oldest first
 */
export function turnsOf(log: readonly Checkpoint[], items: readonly unknown[]): Turn[] {
  let end = items.length
  const turns = log.map((checkpoint): Turn => {
    const { id, subject, kind, seq, createdAt, branch, parents, messages, run, model } = checkpoint
    // A later checkpoint may have replaced what this one added.
    const from = Math.min(messages?.from ?? end, end)
    const to = Math.min((messages?.to ?? end - 1) + 1, end)
    end = from
    const sums = sumsOf(items.slice(from, to))
    return { id, subject, kind, seq, createdAt, branch, parents, from, to, model, run, ...sums }
  })
  return turns.reverse()
}

type Sums = Pick<Turn, 'tokens' | 'duration' | 'tools' | 'failed'>

function sumsOf(items: readonly unknown[]): Sums {
  const tools: Record<string, number> = Object.create(null)
  let [tokens, failed] = [0, 0]
  let [first, last] = [Number.NaN, Number.NaN]
  for (const item of items) {
    const message = readMessage(item)
    for (const block of message.blocks) {
      if (block.kind === 'call') tools[block.tool] = (tools[block.tool] ?? 0) + 1
      if (block.kind === 'result' && block.failed) failed++
    }
    const { input = 0, output = 0, total = input + output } = message.usage ?? {}
    tokens += total
    const at = timeOf(message)
    if (Number.isNaN(at)) continue
    if (Number.isNaN(first) || at < first) first = at
    if (Number.isNaN(last) || at > last) last = at
  }
  return { tokens, failed, duration: Number.isNaN(first) ? 0 : last - first, tools }
}

const timeOf = ({ at }: ReadMessage): number => (at === undefined ? Number.NaN : Date.parse(at))
