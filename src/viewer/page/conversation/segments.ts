/** A conversation in pieces that are asked for and drawn when they come near: a few messages each, whole turns where they are short. */
import type { SessionView, Turn } from '../../wire.ts'

export interface Part {
  turn: Turn
  /** Number of the turn in the line. */
  number: number
  from: number
  to: number
  /** Whether the turn begins here. */
  first: boolean
}

export interface Segment {
  from: number
  to: number
  parts: readonly Part[]
}

const MESSAGES = 16
const PARTS = 12

export function segmentsOf({
  turns,
  start: first,
  messages,
}: Pick<SessionView, 'turns' | 'start' | 'messages'>): Segment[] {
  const segments: Segment[] = []
  let parts: Part[] = []
  const end = () => {
    if (parts.length > 0) segments.push({ from: parts[0]!.from, to: parts.at(-1)!.to, parts })
    parts = []
  }
  const add = (part: Part) => {
    const held = parts.length === 0 ? 0 : part.to - parts[0]!.from
    if (held > MESSAGES || parts.length === PARTS) end()
    parts.push(part)
  }
  let position = first
  for (const [number, turn] of turns.entries()) {
    // What no checkpoint of the line says it added belongs to the next one.
    const from = Math.min(position, turn.from)
    const to = number === turns.length - 1 ? messages : Math.max(from, turn.to)
    for (let start = from; start === from || start < to; start += MESSAGES)
      add({ turn, number, from: start, to: Math.min(start + MESSAGES, to), first: start === from })
    position = to
  }
  end()
  return segments
}

/** The segment that has the message. */
export const segmentWith = (segments: readonly Segment[], message: number): number =>
  segments.findIndex(({ from, to }) => message >= from && message < to)

/** The segment that a turn begins in. */
export const segmentOfTurn = (segments: readonly Segment[], id: string): number =>
  segments.findIndex(({ parts }) => parts.some(({ turn, first }) => first && turn.id === id))
