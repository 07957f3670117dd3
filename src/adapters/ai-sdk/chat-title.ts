/** The title of a chat that has none. */
import { oneLine } from '../../checkpoints/commits/text.ts'
import { beginning, cut } from '../../excerpt.ts'
import type { StoredMessage } from './stored-message.ts'

/** The text of the first question on one line; `undefined` when there is none. */
export function firstQuestion(messages: readonly StoredMessage[]): string | undefined {
  for (const { role, parts } of messages) {
    if (role !== 'user') continue
    const texts = parts.map((part) => (part as { text?: unknown } | null)?.text)
    const text = oneLine(beginning(texts.filter((one) => typeof one === 'string').join(' '), ENOUGH))
    if (text !== '') return cut(text, TITLE)
  }
  return undefined
}

const TITLE = 80
// Characters that are enough for a title, even if many are spaces.
const ENOUGH = 400
