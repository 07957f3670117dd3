/** Words of a command line that begin with a dash and are no options: ids after `--`, and values of options. */
import type { Command } from 'commander'

/** No word of a command line has it. */
const MARK = '\u0000'

/**
 * The words with a mark before each id after `--` that begins with a dash, so that a verb inside a verb takes it for
 * what it is. Of the words after `--` as many are ids as the verb takes; options may follow, since people add one to a
 * line that was printed for them.
 */
export function markIds(words: readonly string[], verb: Command): string[] {
  const end = words.indexOf('--')
  if (end === -1) return [...words]
  const ids = words.slice(end + 1, end + 1 + verb.registeredArguments.length)
  const rest = words.slice(end + 1 + ids.length)
  return [...words.slice(0, end), ...ids.map((id) => (id.startsWith('-') ? MARK + id : id)), ...rest]
}

/** What was marked, as it was given. */
export const unmarked = <T>(given: T): T =>
  (typeof given === 'string' && given.startsWith(MARK) ? given.slice(1) : given) as T

/** The words that mean this to `forkpoint`: ids that begin with a dash come last, after `--`. */
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

/** The command as it can be pasted into a shell, none of whose characters mean anything to it. */
export const shell = (words: readonly string[]): string =>
  words
    .map((word) => (/^(?![~=])[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
