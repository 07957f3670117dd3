/** Authors of checkpoints. */
import { beginning } from '../../excerpt.ts'
import type { Author } from './checkpoint.ts'
import { oneLine } from './text.ts'

/** The committer of every checkpoint, and its author if no other is known. */
export const FORKPOINT: Author = { name: 'forkpoint', email: 'forkpoint@localhost' }

/** The address of models and tools. No mail can reach it. */
const NO_REPLY = 'noreply@forkpoint.invalid'
const LONGEST = 100

/** Returns the given author, else the model or tool that made the turn, else forkpoint. */
export function authorOf(named: Author | undefined, maker?: string): Author {
  if (named !== undefined || maker === undefined) return named ?? FORKPOINT
  const name = identText(beginning(maker, LONGEST))
  return name === '' ? FORKPOINT : { name, email: NO_REPLY }
}

/** Returns the text as one line, without characters that git reserves in author lines. */
export const identText = (text: string): string =>
  oneLine(text.replace(/[<>]/g, '')).replace(/^[\s.,:;"\\']+|[\s.,:;"\\']+$/g, '')
