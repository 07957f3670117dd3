/**
 * Decides which files of a folder git would ignore, as in gitignore(5). The rules of a folder take precedence over
 * those of the folders above it, and `.git/info/exclude` comes last. Everything below an ignored folder is ignored,
 * whatever the rules there say.
 */
import ignore, { type Ignore } from 'ignore'
import type { TimeSlice } from '../time-slice.ts'
import { WorkspaceLimitError } from './errors.ts'

/** Most rules that apply in one folder, with those of the folders above it: each path is compared with all of them. */
const MOST_RULES = 5000
/** Most characters of a rule: no path is longer. */
const LONGEST_RULE = 4096
/** Most ways to match a path: each `**` can stand for any number of its folders. */
const MOST_WAYS = 1_000_000

/** A text of rules, parsed. */
interface Parsed {
  readonly rules: Ignore
  readonly count: number
  /** Most `**` in one rule. */
  readonly stars: number
}

/** The rules of one folder. */
interface Level extends Parsed {
  /** Put before a path to make it relative to the folder of the rules. */
  readonly prefix: string
  /** Number of characters to cut from a path to make it relative to the folder of the rules. */
  readonly cut: number
  /** Whether these rules ignore a folder above the path, which deeper rules include again. */
  readonly isOverruled: boolean
}

export class IgnoreRules {
  static readonly none = new IgnoreRules([])
  /** The rules of the deepest folder first. */
  readonly #levels: readonly Level[]

  /**
   * Parses a long text of rules in slices, so that `with` and `below` find it parsed. A rule takes time when it is added
   * and when it is tried for the first few times. Throws WorkspaceLimitError.
   */
  static async prepare(text: string, folder: string, slice: TimeSlice): Promise<void> {
    const lines = text.split(/\r?\n/)
    if (known.has(text) || lines.length <= AT_ONCE) return
    const parsed = facts(text, folder)
    const rules = ignore({ ignoreCase: false })
    for (let at = 0; at < lines.length; at += AT_ONCE) {
      rules.add(lines.slice(at, at + AT_ONCE))
      for (const path of ['a', 'b', 'c']) rules.test(`${path}${at}`)
      if (slice.isOver()) await slice.next()
    }
    remember(text, { ...parsed, rules })
  }

  private constructor(levels: readonly Level[]) {
    this.#levels = levels
  }

  /**
   * Adds the rules of the workspace's folder, or of one above it. Throws WorkspaceLimitError.
   *
   * @param above path from that folder to the workspace: empty, or with a slash at the end
   */
  with(text: string, above = ''): IgnoreRules {
    if (text.trim() === '') return this
    const level = { ...rulesOf(text, '.'), prefix: above, cut: 0, isOverruled: false }
    return new IgnoreRules(checked([level, ...this.#levels], '.'))
  }

  /**
   * Returns the rules that apply in a folder, which must not be ignored. Throws WorkspaceLimitError.
   *
   * @param folder path in the workspace
   * @param text its own rules
   */
  below(folder: string, text: string): IgnoreRules {
    const levels = this.#levels.map((level) =>
      level.isOverruled || !said(level, `${folder}/`).ignored ? level : { ...level, isOverruled: true },
    )
    if (text.trim() === '') return new IgnoreRules(levels)
    const own = { ...rulesOf(text, folder), prefix: '', cut: folder.length + 1, isOverruled: false }
    return new IgnoreRules(checked([own, ...levels], folder))
  }

  /**
   * Returns whether a path in the workspace is ignored. Its folder must not be ignored. Throws WorkspaceLimitError if
   * that would take too long.
   */
  ignores(path: string, isFolder: boolean): boolean {
    const end = isFolder ? '/' : ''
    for (const level of this.#levels) {
      // These rules ignore a folder that deeper rules include again, so only the name itself is tested.
      const name = level.isOverruled ? path.slice(path.lastIndexOf('/') + 1) : path
      const result = level.isOverruled ? level.rules.test(name + end) : said(level, name + end)
      if (result.ignored) return true
      if (result.unignored) return false
    }
    return false
  }
}

function said({ rules, stars, prefix, cut }: Level, path: string) {
  const whole = prefix + path.slice(cut)
  if (stars > 1 && whole.split('/').length ** stars > MOST_WAYS) throw tooSlow(path, MOST_WAYS)
  return rules.test(whole)
}

function checked(levels: readonly Level[], folder: string): readonly Level[] {
  if (levels.reduce((sum, { count }) => sum + count, 0) > MOST_RULES) throw tooSlow(folder, MOST_RULES)
  return levels
}

const tooSlow = (path: string, most: number): WorkspaceLimitError =>
  new WorkspaceLimitError({ path, limit: 'rules', most })

/** Parsed rules by their text, to share their caches of paths. */
const known = new Map<string, Parsed>()
const MOST_KNOWN = 500
/** Rules that are parsed without a pause. */
const AT_ONCE = 64

function rulesOf(text: string, folder: string): Parsed {
  return (
    known.get(text) ??
    remember(text, { ...facts(text, folder), rules: ignore({ ignoreCase: false }).add(text) })
  )
}

function remember(text: string, parsed: Parsed): Parsed {
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, parsed)
  return parsed
}

/** Throws WorkspaceLimitError for rules that would take too long. */
function facts(text: string, folder: string): Omit<Parsed, 'rules'> {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  if (lines.length > MOST_RULES) throw tooSlow(folder, MOST_RULES)
  if (lines.some(({ length }) => length > LONGEST_RULE)) throw tooSlow(folder, LONGEST_RULE)
  const stars = lines.reduce((most, line) => Math.max(most, line.split('**').length - 1), 0)
  return { count: lines.length, stars }
}
