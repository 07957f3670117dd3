/** One word of a command line, as far as it is known before the command runs. */
import type { DoubleQuotedChild, Word, WordPart } from 'unbash'
import { HOLE } from '../pattern.ts'

export interface ShellWord {
  /** After quotes are taken away; a hole for what is known only when the command runs. */
  text: string
  /** May become none or several words: an expansion without quotes, a pattern, `"$@"`. */
  many: boolean
}

export function wordOf(word: Word): ShellWord {
  const { parts, text, value } = word
  if (parts === undefined) return { text: isTilde(text) ? tilde(value) : value, many: false }
  let known = ''
  let many = false
  for (const part of parts) {
    const piece = pieceOf(part)
    known += piece.text
    many ||= piece.many
  }
  return { text: isTilde(text) ? tilde(known) : known, many }
}

function pieceOf(part: WordPart): ShellWord {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
      return { text: part.value, many: false }
    case 'DoubleQuoted':
      return { text: part.parts.map(quoted).join(''), many: part.parts.some(isList) }
    case 'ProcessSubstitution':
      return { text: HOLE, many: false }
    default:
      return { text: HOLE, many: true }
  }
}

const quoted = (part: DoubleQuotedChild): string => (part.type === 'Literal' ? part.value : HOLE)
const isList = (part: DoubleQuotedChild): boolean => part.type !== 'Literal' && part.text.includes('@')

const isTilde = (text: string): boolean => text.startsWith('~')

/** `~/x` and `~someone/x` are in a folder that is not known here. */
function tilde(text: string): string {
  const slash = text.indexOf('/')
  return slash === -1 ? HOLE : HOLE + text.slice(slash)
}
