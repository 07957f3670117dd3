/** Compares the content of two conversations, even if their tools split it into entries differently. */
import type { Conversation } from './conversation.ts'

/** Describes the first difference; `undefined` if there is none. Thinking and system messages are not compared. */
export function differenceOf(a: Conversation, b: Conversation): string | undefined {
  const [said, read] = [stretchesOf(a), stretchesOf(b)]
  for (let n = 0; n < Math.max(said.length, read.length); n++) {
    const [one, other] = [said[n], read[n]]
    if (one === undefined || other === undefined) return `${said.length} stretches became ${read.length}`
    for (const key of ['role', 'text', 'calls', 'images'] as const)
      if (JSON.stringify(one[key]) !== JSON.stringify(other[key])) return `the ${key} of stretch ${n + 1}`
  }
  return undefined
}

/** Consecutive messages of one role. */
interface Stretch {
  role: string
  /** The text without white space, because tools change white space. */
  text: string
  calls: unknown[]
  images: string[]
}

function stretchesOf({ utterances }: Conversation): Stretch[] {
  const found: Stretch[] = []
  for (const { role, pieces } of utterances) {
    if (role === 'system') continue
    let last = found.at(-1)
    if (last?.role !== role) {
      last = { role, text: '', calls: [], images: [] }
      found.push(last)
    }
    for (const piece of pieces) {
      if (piece.kind === 'text') last.text += piece.text.replace(/\s+/g, '')
      if (piece.kind === 'image') last.images.push(piece.data)
      if (piece.kind === 'call') last.calls.push([piece.id, piece.tool, piece.input, piece.result.text])
    }
  }
  return found.filter(({ text, calls, images }) => text !== '' || calls.length > 0 || images.length > 0)
}
