/**
 * Divides a conversation into segments that are loaded and drawn when they come near: a few messages each, or whole
 * short turns.
 */
import type { SessionView, Turn } from '../../wire.ts'

export interface Part {
  turn: Turn
  /** Number of the turn in the line. */
  number: number
  from: number
  to: number
  /** Whether this is the first part of the turn. */
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
    // Messages that no turn claims belong to the next turn.
    const from = Math.min(position, turn.from)
    const to = number === turns.length - 1 ? messages : Math.max(from, turn.to)
    for (let start = from; start === from || start < to; start += MESSAGES)
      add({ turn, number, from: start, to: Math.min(start + MESSAGES, to), first: start === from })
    position = to
  }
  end()
  return segments
}

/** Returns the index of the segment with the message. */
export const segmentWith = (segments: readonly Segment[], message: number): number =>
  segments.findIndex(({ from, to }) => message >= from && message < to)

/** Returns the index of the segment in which a turn begins. */
export const segmentOfTurn = (segments: readonly Segment[], id: string): number =>
  segments.findIndex(({ parts }) => parts.some(({ turn, first }) => first && turn.id === id))
