/** Statistics of the turns of a line: tokens and their cost, time, tools. */
import type { ReadMessage } from './block.ts'
import { costOf, type Prices } from './cost.ts'
import { readMessage } from './message.ts'

/** Returns the main items of a document: the messages, else its first list. */
export function itemsOf(document: object): readonly unknown[] {
  const { messages } = document as { messages?: unknown }
  if (Array.isArray(messages)) return messages
  const list = Object.entries(document).find(([name, value]) => name !== 'runs' && Array.isArray(value))
  return (list?.[1] as readonly unknown[] | undefined) ?? []
}

export interface TurnSums {
  tokens: number
  /** Cost at the given prices; absent if no model of the turn has a price. */
  cost?: number
  /** Milliseconds between the first and the last message. */
  duration: number
  /** Numbers of calls by tool. */
  tools: Readonly<Record<string, number>>
  /** Number of failed calls. */
  failed: number
  /** Numbers of messages by role. */
  said: Readonly<Record<string, number>>
}

/** Positions of a turn's messages at the tip of its line, `to` exclusive; equal if the tip no longer has them. */
export interface MessageRange {
  from: number
  to: number
}

/**
 * Returns a function that finds the messages of each checkpoint of a line. It must be called newest first.
 *
 * @param total how many messages the tip has
 */
export function rangesAtTip(
  total: number,
): (checkpoint: { kind: string; messages?: { from: number; to: number } }) => MessageRange {
  let end = total
  let turnEnd = total
  return ({ kind, messages }) => {
    // Newest first, the steps of a turn come after the turn.
    const most = kind === 'step' ? turnEnd : end
    // A later checkpoint may have replaced messages that this one added.
    const from = Math.min(messages?.from ?? most, most)
    const to = Math.min((messages?.to ?? most - 1) + 1, most)
    if (kind !== 'step') [turnEnd, end] = [end, from]
    return { from, to }
  }
}

/** @param model model of messages that name none */
export function sumsOf(items: readonly unknown[], prices: Prices = {}, model?: string): TurnSums {
  const tools: Record<string, number> = Object.create(null)
  const said: Record<string, number> = Object.create(null)
  let [tokens, failed] = [0, 0]
  let cost: number | undefined
  let [first, last] = [Number.NaN, Number.NaN]
  for (const item of items) {
    const message = readMessage(item)
    const { who = 'item', usage } = message
    said[who] = (said[who] ?? 0) + 1
    for (const block of message.blocks) {
      if (block.kind === 'call') tools[block.tool] = (tools[block.tool] ?? 0) + 1
      if (block.kind === 'result' && block.failed) failed++
    }
    const { input = 0, output = 0, total = input + output } = usage ?? {}
    tokens += total
    const price = costOf(usage, message.model ?? model, prices)
    if (price !== undefined) cost = (cost ?? 0) + price
    const at = timeOf(message)
    if (Number.isNaN(at)) continue
    if (Number.isNaN(first) || at < first) first = at
    if (Number.isNaN(last) || at > last) last = at
  }
  const duration = Number.isNaN(first) ? 0 : last - first
  return { tokens, cost, duration, tools, failed, said }
}

const timeOf = ({ at }: ReadMessage): number => (at === undefined ? Number.NaN : Date.parse(at))
