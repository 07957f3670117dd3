/**
 * Which files of a folder git would ignore, by gitignore(5). Each folder's rules come before those above it, and
 * `.git/info/exclude` is last; what is below an ignored folder is ignored, whatever its own rules say.
 */
import ignore, { type Ignore } from 'ignore'

/** Files with rules, in the order in which they are read: what a later one says counts. */
export const RULE_FILES: readonly string[] = ['.gitignore', '.forkpointignore']

/** The rules of one folder. */
interface Level {
  readonly rules: Ignore
  /** What stands before a path to make it relative to the folder of the rules. */
  readonly prefix: string
  /** How many characters of a path name the way to the folder of the rules. */
  readonly cut: number
  /** Whether they ignore a folder on the way, which deeper rules take back. */
  readonly isOverruled: boolean
}

export class IgnoreRules {
  static readonly none = new IgnoreRules([])
  /** The deepest first. */
  readonly #levels: readonly Level[]

  private constructor(levels: readonly Level[]) {
    this.#levels = levels
  }

  /**
   * Rules of the workspace's own folder, or of one above it.
   *
   * @param above path from that folder to the workspace: empty, or ending in a slash
   */
  with(text: string, above = ''): IgnoreRules {
    const level = { rules: rulesOf(text), prefix: above, cut: 0, isOverruled: false }
    return text.trim() === '' ? this : new IgnoreRules([level, ...this.#levels])
  }

  /**
   * The rules in a folder that is not ignored.
   *
   * @param folder path in the workspace
   * @param text its own rules
   */
  below(folder: string, text: string): IgnoreRules {
    const levels = this.#levels.map((level) =>
      level.isOverruled || !said(level, `${folder}/`).ignored ? level : { ...level, isOverruled: true },
    )
    if (text.trim() === '') return new IgnoreRules(levels)
    const own = { rules: rulesOf(text), prefix: '', cut: folder.length + 1, isOverruled: false }
    return new IgnoreRules([own, ...levels])
  }

  /** Whether a path in the workspace is ignored. The folder it is in is not. */
  ignores(path: string, isFolder: boolean): boolean {
    const end = isFolder ? '/' : ''
    for (const level of this.#levels) {
      // The folder on the way that it ignores is not ignored, so only the name itself counts.
      const name = level.isOverruled ? path.slice(path.lastIndexOf('/') + 1) : path
      const result = level.isOverruled ? level.rules.test(name + end) : said(level, name + end)
      if (result.ignored) return true
      if (result.unignored) return false
    }
    return false
  }
}

const said = ({ rules, prefix, cut }: Level, path: string) => rules.test(prefix + path.slice(cut))

/** Rules by their text: they remember what they said of each path. */
const known = new Map<string, Ignore>()
const MOST_KNOWN = 500

function rulesOf(text: string): Ignore {
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size >= MOST_KNOWN) known.clear()
  const rules = ignore({ ignoreCase: false }).add(text)
  known.set(text, rules)
  return rules
}
