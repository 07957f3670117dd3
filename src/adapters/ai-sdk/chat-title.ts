/** What a chat is called until somebody says so. */
import { oneLine } from '../../checkpoints/text.ts'
import type { StoredMessage } from './stored-message.ts'

/** The text of the first question on one line; `undefined` when there is none. */
export function firstQuestion(messages: readonly StoredMessage[]): string | undefined {
  for (const { role, parts } of messages) {
    if (role !== 'user') continue
    const texts = parts.map((part) => (part as { text?: unknown } | null)?.text)
    const text = oneLine(
      texts
        .filter((one) => typeof one === 'string')
        .join(' ')
        .slice(0, 400),
    )
    if (text !== '') return text.length <= TITLE ? text : `${text.slice(0, TITLE - 1).trimEnd()}…`
  }
  return undefined
}

const TITLE = 80
