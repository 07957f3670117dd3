/** One permission rule, and what it matches. */
import { PathPattern } from './path-pattern.ts'
import { find, HOLE, TextPattern } from './pattern.ts'
import type { SimpleCommand } from './shell/reading.ts'
import { baseName } from './shell/wrappers.ts'

/** `maybe`: it depends on what is known only when the command runs. */
export type Fit = 'yes' | 'maybe' | 'no'

/** Most readings of one command that are compared with a rule; above that, a person decides. */
const MOST_READINGS = 32
/** Most places in a text that are examined; above that, it counts as containing the command. */
const MOST_MENTIONS = 500
const PATH_TOOLS = ['read', 'write', 'edit', 'ls', 'glob', 'grep']

export class Rule {
  /** The rule's text. */
  readonly text: string
  /** Matches every call of its tool. */
  readonly isWhole: boolean
  readonly #tool: TextPattern
  readonly #pattern: string
  readonly #start: string
  /** The words before any star. */
  readonly #words: readonly string[]
  /** The name of the command in lower case, or the start of it that a star leaves. */
  readonly #name: string
  readonly #commands: readonly TextPattern[]
  readonly #input: TextPattern
  readonly #path: PathPattern | undefined
  /** The same, case-insensitive. */
  readonly #anyCase: PathPattern | undefined

  /** Throws TypeError for an invalid rule; `list` is the list it is in. */
  constructor(text: unknown, list: string) {
    const parts = typeof text === 'string' ? partsOf(text.trim()) : undefined
    if (parts === undefined) {
      throw new TypeError(
        `${JSON.stringify(text)} in ${list} is not a permission rule; write 'tool' or 'tool(pattern)', such as 'bash(git status:*)'`,
      )
    }
    const { tool, pattern } = parts
    this.text = text as string
    this.#tool = new TextPattern(tool.toLowerCase())
    this.isWhole = pattern === undefined || ['', '*', '**', ':*'].includes(pattern)
    this.#pattern = pattern ?? '*'
    this.#input = new TextPattern(this.#pattern)
    const isPrefix = this.#pattern.endsWith(':*')
    this.#start = isPrefix
      ? this.#pattern
          .slice(0, -2)
          .trimEnd()
          .split(/[ \t]+/)
          .join(' ')
      : this.#pattern
    this.#commands = (isPrefix ? [this.#start, `${this.#start} *`] : [this.#start]).map(
      (glob) => new TextPattern(glob),
    )
    const [head, ...rest] = this.#start.split('*')
    const words = head!.split(' ')
    const cut = rest.length > 0 ? words.pop()! : ''
    this.#words = words.filter((word) => word !== '')
    this.#name = baseName(this.#words[0] ?? cut).toLowerCase()
    if (!this.isWhole && PATH_TOOLS.some((name) => this.isFor(name))) {
      this.#path = pathOf(this.#pattern, this.text, list)
      this.#anyCase = pathOf(folded(this.#pattern), this.text, list)
    }
  }

  isFor(tool: string): boolean {
    return this.#tool.fits(tool.toLowerCase())
  }

  fitsInput(text: string): boolean {
    return this.isWhole || this.#input.fits(text)
  }

  /** Whether a path relative to the workspace certainly matches the rule. */
  allowsPath(path: string): boolean {
    return this.isWhole || (this.#path?.fits(path) ?? false)
  }

  /** Whether a path, for some values of its holes, may match the rule on any disk; some disks ignore case. */
  refusesPath(path: string): boolean {
    return this.isWhole || (this.#anyCase?.fits(folded(path)) ?? false) || this.allowsPath(path)
  }

  /** Whether a command certainly matches the rule, as written and without a variable before it. */
  allows({ assigned, opaque, outer, risky, text, words }: SimpleCommand): boolean {
    if (this.isWhole) return true
    if (assigned || risky || words.length === 0) return false
    // `sed:*` must not allow `sed '1e rm x'`.
    if (opaque === 'here' && this.#words.length < 2) return false
    if (this.#fits(text)) return true
    // `xargs grep:*` names the command that xargs runs; `xargs:*` does not.
    return outer !== undefined && this.#words.length > outer.at && this.#fits(outer.text)
  }

  /** Whether a command matches or may match the rule, also in simple disguises. */
  refuses(command: SimpleCommand): Fit {
    if (this.isWhole) return 'yes'
    const { text, unknown, words, wraps } = command
    if (this.#fits(text)) return 'yes'
    let readings = 0
    let fit: Fit = 'no'
    const last = wraps ? words.length : Math.min(1, words.length)
    for (let index = 0; index < last; index++) {
      if (!this.#isFor(words[index]!)) continue
      for (const reading of readingsFrom(words.slice(index))) {
        if (this.#fits(reading)) return 'yes'
        if (++readings > MOST_READINGS || this.#mayFit(reading)) fit = 'maybe'
        if (readings > MOST_READINGS) return fit
      }
      if (this.#holdsWords(words.slice(index))) fit = 'maybe'
    }
    if (unknown && this.#words.length > 0 && this.isMentionedIn(words.slice(1).join(' '))) return 'maybe'
    return fit
  }

  /** Whether a text that could not be parsed may contain the rule's command. */
  isMentionedIn(text: string): boolean {
    if (this.isWhole) return true
    const start = this.#start.split('*', 1)[0]!.trim()
    if (start === '') return true
    for (let from = 0, found = 0; ; found++) {
      if (found > MOST_MENTIONS) return true
      const at = find(text, start, from)
      if (at === -1) return false
      const end = at + start.length
      if (!/[\w-]/.test(text[at - 1] ?? ' ') && !/[\w-]/.test(text[end] ?? ' ')) return true
      from = at + 1
    }
  }

  /** Whether a word may be the name of the command; some disks ignore case. */
  #isFor(word: string): boolean {
    const name = baseName(word).toLowerCase()
    return this.#words.length > 0 ? name === this.#name : name.startsWith(this.#name)
  }

  #fits(text: string): boolean {
    return this.#commands.some((pattern) => pattern.fits(text))
  }

  /** An unknown word may be none or several words with their spaces. */
  #mayFit(text: string): boolean {
    if (!text.includes(HOLE)) return false
    const loose = text.split(` ${HOLE}`).join(HOLE).split(`${HOLE} `).join(HOLE)
    return this.#commands.some((pattern) => pattern.mayFit(loose))
  }

  /** Options may come in any order, and their letters may be combined. */
  #holdsWords(words: readonly string[]): boolean {
    const [, ...wanted] = this.#words
    if (!wanted.some((word) => word.startsWith('-'))) return false
    const letters = words.filter((word) => /^-[a-zA-Z0-9]+$/.test(word)).join('')
    return wanted.every((word) =>
      /^-[a-zA-Z0-9]+$/.test(word)
        ? [...word.slice(1)].every((letter) => letters.includes(letter))
        : words.some((other) => other === word || other.startsWith(`${word}=`)),
    )
  }
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase()

function partsOf(text: string): { tool: string; pattern: string | undefined } | undefined {
  const open = text.indexOf('(')
  const tool = (open === -1 ? text : text.slice(0, open)).trim()
  if (!/^[\w.*-]+$/.test(tool) || (open !== -1 && !text.endsWith(')'))) return undefined
  return { tool, pattern: open === -1 ? undefined : text.slice(open + 1, -1).trim() }
}

function pathOf(pattern: string, text: string, list: string): PathPattern {
  try {
    return new PathPattern(pattern)
  } catch (error) {
    throw new TypeError(
      `${JSON.stringify(text.slice(0, 200))} in ${list} is not a permission rule: ${(error as Error).message}`,
    )
  }
}

/** The command as written, by its bare name, and without the options before its first other word. */
function* readingsFrom(words: readonly string[]): Generator<string> {
  const name = baseName(words[0]!)
  for (const form of new Set([words[0]!, name, name.toLowerCase()])) yield [form, ...words.slice(1)].join(' ')
  for (let index = 1; index < words.length; index++) {
    const isOption = words[index]!.startsWith('-')
    if (!isOption && !(index > 1 && words[index - 1]!.startsWith('-'))) return
    yield [name, ...words.slice(index + 1)].join(' ')
  }
}
