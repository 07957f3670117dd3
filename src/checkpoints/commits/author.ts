/** Who a checkpoint is by. */
import { beginning } from '../../excerpt.ts'
import type { Author } from './checkpoint.ts'
import { oneLine } from './text.ts'

/** The committer of every checkpoint, and its author when nobody else is known. */
export const FORKPOINT: Author = { name: 'forkpoint', email: 'forkpoint@localhost' }

/** Of models and tools: an address that no mail can ever reach. */
const NO_REPLY = 'noreply@forkpoint.invalid'
const LONGEST = 100

/** The author that was named, else the model or tool that made the turn, else forkpoint. */
export function authorOf(named: Author | undefined, maker?: string): Author {
  if (named !== undefined || maker === undefined) return named ?? FORKPOINT
  const name = identText(beginning(maker, LONGEST))
  return name === '' ? FORKPOINT : { name, email: NO_REPLY }
}

/** One line, without the characters that git keeps for itself. */
export const identText = (text: string): string =>
  oneLine(text.replace(/[<>]/g, '')).replace(/^[\s.,:;"\\']+|[\s.,:;"\\']+$/g, '')
