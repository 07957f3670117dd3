/**
 * Decides which files of a folder git would ignore, as in gitignore(5). The rules of a folder take precedence over
 * those of the folders above it, and `.git/info/exclude` comes last. Everything below an ignored folder is ignored,
 * whatever the rules there say.
 */
import ignore, { type Ignore } from 'ignore'

/** Files with rules, in the order in which they are read: later ones take precedence. */
export const RULE_FILES: readonly string[] = ['.gitignore', '.forkpointignore']

/** The rules of one folder. */
interface Level {
  readonly rules: Ignore
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

  private constructor(levels: readonly Level[]) {
    this.#levels = levels
  }

  /**
   * Adds the rules of the workspace's folder, or of one above it.
   *
   * @param above path from that folder to the workspace: empty, or with a slash at the end
   */
  with(text: string, above = ''): IgnoreRules {
    const level = { rules: rulesOf(text), prefix: above, cut: 0, isOverruled: false }
    return text.trim() === '' ? this : new IgnoreRules([level, ...this.#levels])
  }

  /**
   * Returns the rules that apply in a folder, which must not be ignored.
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

  /** Returns whether a path in the workspace is ignored. Its folder must not be ignored. */
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

const said = ({ rules, prefix, cut }: Level, path: string) => rules.test(prefix + path.slice(cut))

/** Parsed rules by their text, to share their caches of paths. */
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
