/** One permission rule, and what it fits. */
import { PathPattern } from './path-pattern.ts'
import { find, HOLE, TextPattern } from './pattern.ts'
import type { SimpleCommand } from './shell/reading.ts'
import { baseName } from './shell/wrappers.ts'

/** `maybe`: it depends on what is known only when the command runs. */
export type Fit = 'yes' | 'maybe' | 'no'

/** Ways to read one command that are compared with a rule, before it is left to a person. */
const MOST_READINGS = 32
/** Places in a text that are looked at, before it is taken to hold the command. */
const MOST_MENTIONS = 500
const PATH_TOOLS = ['read', 'write', 'edit', 'ls', 'glob', 'grep']

export class Rule {
  /** As it was written. */
  readonly text: string
  /** Fits every call of its tool. */
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
  /** The same without regard to cases. */
  readonly #anyCase: PathPattern | undefined

  /** Throws TypeError for what is no rule; `list` is where it stands. */
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

  /** Whether a path relative to the workspace is certain to be what the rule means. */
  allowsPath(path: string): boolean {
    return this.isWhole || (this.#path?.fits(path) ?? false)
  }

  /** Whether a path, or what its holes may come to, names a file of the rule on any disk: some tell no cases apart. */
  refusesPath(path: string): boolean {
    return this.isWhole || (this.#anyCase?.fits(folded(path)) ?? false) || this.allowsPath(path)
  }

  /** Whether a command is certain to be what the rule means: as it stands, with no variable before it. */
  allows({ assigned, opaque, outer, risky, text, words }: SimpleCommand): boolean {
    if (this.isWhole) return true
    if (assigned || risky || words.length === 0) return false
    // `sed:*` did not mean `sed '1e rm x'`.
    if (opaque === 'here' && this.#words.length < 2) return false
    if (this.#fits(text)) return true
    // `xargs grep:*` names what xargs runs; `xargs:*` does not.
    return outer !== undefined && this.#words.length > outer.at && this.#fits(outer.text)
  }

  /** Whether a command is, or may be, what the rule means, in any disguise that is easy to see through. */
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

  /** Whether a text that could not be parsed may hold the command that the rule is for. */
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

  /** Whether a word may be the name of the command. Some disks do not tell cases of a name apart. */
  #isFor(word: string): boolean {
    const name = baseName(word).toLowerCase()
    return this.#words.length > 0 ? name === this.#name : name.startsWith(this.#name)
  }

  #fits(text: string): boolean {
    return this.#commands.some((pattern) => pattern.fits(text))
  }

  /** What is not known may be several words, or none, and their spaces with them. */
  #mayFit(text: string): boolean {
    if (!text.includes(HOLE)) return false
    const loose = text.split(` ${HOLE}`).join(HOLE).split(`${HOLE} `).join(HOLE)
    return this.#commands.some((pattern) => pattern.mayFit(loose))
  }

  /** Options may stand in any order, and letters of options together. */
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
