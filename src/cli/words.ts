/**
 * Handles words of a command line that begin with a dash but are not options: ids after `--`, and values of options.
 */
import type { Command } from 'commander'

/** A character that no word of a command line contains. */
const MARK = '\u0000'

/**
 * Marks each id after `--` that begins with a dash, so that a nested verb does not read it as an option. As many words
 * after `--` are ids as the verb has arguments; options may follow, since users append them to printed commands.
 */
export function markIds(words: readonly string[], verb: Command): string[] {
  const end = words.indexOf('--')
  if (end === -1) return [...words]
  const ids = words.slice(end + 1, end + 1 + verb.registeredArguments.length)
  const rest = words.slice(end + 1 + ids.length)
  return [...words.slice(0, end), ...ids.map((id) => (id.startsWith('-') ? MARK + id : id)), ...rest]
}

/** Removes the mark. */
export const unmarked = <T>(given: T): T =>
  (typeof given === 'string' && given.startsWith(MARK) ? given.slice(1) : given) as T

/** Returns the words of a `forkpoint` command. If an id begins with a dash, the ids come last, after `--`. */
export function wordsOf(
  verb: string,
  ids: readonly string[],
  options: Readonly<Record<string, string | undefined>>,
): string[] {
  const given = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return []
    return value.startsWith('-') ? [`--${name}=${value}`] : [`--${name}`, value]
  })
  const dashed = ids.some((id) => id.startsWith('-'))
  return dashed ? [verb, ...given, '--', ...ids] : [verb, ...ids, ...given]
}

/** Quotes a command for pasting into a shell. */
export const shell = (words: readonly string[]): string =>
  words
    .map((word) => (/^(?![~=])[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
