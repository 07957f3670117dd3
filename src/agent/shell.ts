/**
 * A shell command as the simple commands in it, for the permission policy: POSIX shell grammar with bash's
 * substitutions and redirections. What it does not know for certain it does not parse: the caller then asks.
 */
import { closing, Unclear } from './shell-nesting.ts'

/** One simple command. */
export interface SimpleCommand {
  /** Words after quotes are taken away, without assignments and redirections. */
  words: readonly string[]
  /** The words joined by single spaces, those with blanks in quotes: what a rule is compared with. */
  text: string
  /** `A=b` before the command: it may change what the command does. */
  assignments: readonly string[]
}

/** A file that a command reads or writes by redirection. */
export interface Redirection {
  kind: 'read' | 'write'
  /** `undefined`: only known when the command runs. */
  path: string | undefined
}

export interface ParsedCommand {
  commands: readonly SimpleCommand[]
  redirections: readonly Redirection[]
}

/** Everything that `text` would run, substitutions and loops included; `undefined` when that is not certain. */
export function parseShell(text: string): ParsedCommand | undefined {
  try {
    return new ShellParser(text).parse()
  } catch (error) {
    if (error instanceof Unclear) return undefined
    throw error
  }
}

/** A word, and whether all of it is known before the command runs. */
interface Word {
  text: string
  /** Holds a variable, a substitution or a pattern. */
  dynamic: boolean
  quoted: boolean
}

const RESERVED_BEFORE = new Set(['if', 'then', 'elif', 'else', 'while', 'until', 'do', '!', '{', 'time'])
const RESERVED_ALONE = new Set(['fi', 'done', '}'])
const UNCLEAR = new Set(['case', 'esac', 'function', 'select', 'coproc', '[[', 'in'])
/** Run what their arguments say, or change what later words mean. */
const OPAQUE = new Set([
  'eval',
  'source',
  '.',
  'alias',
  'trap',
  'enable',
  'hash',
  'fc',
  'bind',
  'complete',
  'mapfile',
  'readarray',
])
const SHELLS = /^(?:.*\/)?(?:ba|da|z|k|a)?sh$/
const MAX_DEPTH = 20

/** Commands that run their arguments as a command. */
export const WRAPPERS = new Set([
  'sudo',
  'doas',
  'env',
  'command',
  'builtin',
  'exec',
  'nohup',
  'nice',
  'time',
  'timeout',
  'stdbuf',
  'setsid',
  'xargs',
  'busybox',
  'chroot',
  'unshare',
  'watch',
])

class ShellParser {
  readonly #text: string
  readonly #depth: number
  #index = 0
  #commands: SimpleCommand[] = []
  #redirections: Redirection[] = []
  /** Delimiters of here-documents whose bodies start on the next line. */
  #heredocs: { delimiter: string; quoted: boolean; tabs: boolean }[] = []

  constructor(text: string, depth = 0) {
    if (depth > MAX_DEPTH || text.includes('\0')) throw new Unclear()
    this.#text = text
    this.#depth = depth
  }

  parse(): ParsedCommand {
    let words: Word[] = []
    let parentheses = 0
    const end = () => {
      this.#finish(words)
      words = []
    }
    for (;;) {
      this.#skipBlanks()
      const char = this.#text[this.#index]
      if (char === undefined) break
      if (char === '\n') {
        end()
        this.#index++
        this.#skipHeredocs()
      } else if (char === '#') {
        this.#skipComment()
      } else if (char === ';') {
        if (this.#text[this.#index + 1] === ';') throw new Unclear()
        end()
        this.#index++
      } else if (char === '|' || (char === '&' && this.#text[this.#index + 1] !== '>')) {
        end()
        const two = this.#text.slice(this.#index, this.#index + 2)
        this.#index += two === '||' || two === '&&' || two === '|&' ? 2 : 1
      } else if (char === '(') {
        // A subshell starts where a command could; anywhere else it is a function or an array.
        if (words.length > 0 && !words.every(isReservedBefore)) throw new Unclear()
        if (this.#text[this.#index + 1] === '(') throw new Unclear()
        words = []
        parentheses++
        this.#index++
      } else if (char === ')') {
        if (parentheses === 0) throw new Unclear()
        end()
        parentheses--
        this.#index++
      } else if (this.#isRedirection()) {
        // A number right before it was its descriptor, and not a word.
        this.#redirection()
      } else {
        words.push(this.#word())
      }
    }
    end()
    if (parentheses > 0 || this.#heredocs.length > 0) throw new Unclear()
    return { commands: this.#commands, redirections: this.#redirections }
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.#text[this.#index]
      if (char === ' ' || char === '\t') this.#index++
      else if (char === '\\' && this.#text[this.#index + 1] === '\n') this.#index += 2
      else return
    }
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#index)
    this.#index = end === -1 ? this.#text.length : end
  }

  #isRedirection(): boolean {
    return /^(?:\d+|&)?[<>]/.test(this.#text.slice(this.#index, this.#index + 12))
  }

  #redirection(): void {
    const [all, operator] = /^(?:\d+|&)?(<<<|<<-?|<>|<&|>&|>>|>\||<|>)/.exec(this.#text.slice(this.#index))!
    const after = this.#text[this.#index + all.length]
    // <(…) and >(…) run commands of their own.
    if (after === '(' && (operator === '<' || operator === '>')) throw new Unclear()
    this.#index += all.length
    this.#skipBlanks()
    if (/^[\n;|&()<>]?$/.test(this.#text[this.#index] ?? '')) throw new Unclear()
    const start = this.#index
    const word = this.#word()
    if (operator === '<<' || operator === '<<-') {
      const quoted = /['"\\]/.test(this.#text.slice(start, this.#index))
      this.#heredocs.push({ delimiter: word.text, quoted, tabs: operator === '<<-' })
      return
    }
    if (operator === '<<<') return
    if ((operator === '>&' || operator === '<&') && /^(?:\d+-?|-)$/.test(word.text)) return
    const path = word.dynamic ? undefined : word.text
    if (path === '/dev/null' || path === '/dev/stdout' || path === '/dev/stderr') return
    if (operator === '<' || operator === '<&') this.#redirections.push({ kind: 'read', path })
    else if (operator === '<>') this.#redirections.push({ kind: 'read', path }, { kind: 'write', path })
    else this.#redirections.push({ kind: 'write', path })
  }

  #skipHeredocs(): void {
    for (const { delimiter, quoted, tabs } of this.#heredocs) {
      for (;;) {
        if (this.#index >= this.#text.length) throw new Unclear()
        const end = this.#text.indexOf('\n', this.#index)
        const line = this.#text.slice(this.#index, end === -1 ? undefined : end)
        this.#index = end === -1 ? this.#text.length : end + 1
        if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) break
        // An unquoted body is expanded: it may run commands.
        if (!quoted && /[`\\]|\$\(|\$\{/.test(line)) throw new Unclear()
      }
    }
    this.#heredocs = []
  }

  #word(): Word {
    const word: Word = { text: '', dynamic: false, quoted: false }
    for (;;) {
      const char = this.#text[this.#index]
      // Only what bash takes for blanks parts words: a no-break space does not.
      if (char === undefined || /[ \t\n;|&()<>]/.test(char)) return word
      if (char === '\\') this.#escape(word)
      else if (char === "'") this.#single(word)
      else if (char === '"') this.#double(word)
      else if (char === '$') this.#dollar(word, false)
      else if (char === '`') this.#backticks(word)
      else {
        if (/[*?[{~]/.test(char)) word.dynamic = true
        word.text += char
        this.#index++
      }
    }
  }

  #escape(word: Word): void {
    const next = this.#text[this.#index + 1]
    if (next === undefined) throw new Unclear()
    this.#index += 2
    word.quoted = true
    if (next !== '\n') word.text += next
  }

  #single(word: Word): void {
    const end = this.#text.indexOf("'", this.#index + 1)
    if (end === -1) throw new Unclear()
    word.text += this.#text.slice(this.#index + 1, end)
    word.quoted = true
    this.#index = end + 1
  }

  #double(word: Word): void {
    word.quoted = true
    this.#index++
    for (;;) {
      const char = this.#text[this.#index]
      if (char === undefined) throw new Unclear()
      if (char === '"') {
        this.#index++
        return
      }
      if (char === '\\') {
        const next = this.#text[this.#index + 1]
        if (next === undefined) throw new Unclear()
        if (next !== '\n') word.text += /[$`"\\]/.test(next) ? next : `\\${next}`
        this.#index += 2
      } else if (char === '$') this.#dollar(word, true)
      else if (char === '`') this.#backticks(word)
      else {
        word.text += char
        this.#index++
      }
    }
  }

  #dollar(word: Word, inDouble: boolean): void {
    const rest = this.#text.slice(this.#index)
    if (rest.startsWith('$((')) throw new Unclear()
    if (rest.startsWith('$(')) {
      word.dynamic = true
      const end = closing(this.#text, this.#index + 1)
      this.#inner(this.#text.slice(this.#index + 2, end))
      word.text += this.#text.slice(this.#index, end + 1)
      this.#index = end + 1
      return
    }
    const variable = /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\}|[0-9@*#?$!-])/.exec(rest)?.[0]
    if (variable !== undefined) {
      word.dynamic = true
      word.text += variable
      this.#index += variable.length
      return
    }
    // ${x:-…}, $'…', $"…" and $[…] each have a grammar of their own.
    if (/^\$[{'"[]/.test(rest) && !(inDouble && /^\$["']/.test(rest))) throw new Unclear()
    word.text += '$'
    this.#index++
  }

  #backticks(word: Word): void {
    const end = this.#text.indexOf('`', this.#index + 1)
    if (end === -1) throw new Unclear()
    const inside = this.#text.slice(this.#index + 1, end)
    // Backslashes have a meaning of their own in there.
    if (inside.includes('\\')) throw new Unclear()
    this.#inner(inside)
    word.dynamic = true
    word.text += this.#text.slice(this.#index, end + 1)
    this.#index = end + 1
  }

  #inner(text: string): void {
    const { commands, redirections } = new ShellParser(text, this.#depth + 1).parse()
    this.#commands.push(...commands)
    this.#redirections.push(...redirections)
  }

  /** Takes the words of one simple command, reserved words at its start aside. */
  #finish(all: readonly Word[]): void {
    let words = all
    while (words.length > 0) {
      const [first] = words as [Word]
      if (first.quoted || first.dynamic) {
        // `{` and `!` are reserved only as they stand; `{a,b}` is a pattern.
        if (!(first.dynamic && !first.quoted && first.text === '{')) break
      }
      if (RESERVED_ALONE.has(first.text)) {
        if (words.length > 1) throw new Unclear()
        return
      }
      if (first.text === 'for') {
        // for x in words: the words are data, whatever is in them was parsed.
        if (words.length < 2 || (words.length > 2 && words[2]!.text !== 'in')) throw new Unclear()
        return
      }
      if (!RESERVED_BEFORE.has(first.text)) break
      words = words.slice(1)
    }
    const assignments: string[] = []
    while (words.length > 0 && /^[A-Za-z_]\w*\+?=/.test(words[0]!.text)) {
      assignments.push(words[0]!.text)
      words = words.slice(1)
    }
    if (words.length === 0) {
      if (assignments.length > 0) this.#commands.push({ words: [], text: assignments.join(' '), assignments })
      return
    }
    const [name] = words as [Word]
    if ((name.dynamic && name.text !== '[') || UNCLEAR.has(name.text) || name.text === '') throw new Unclear()
    if (OPAQUE.has(name.text)) throw new Unclear()
    // What runs its arguments has to be told all of them.
    const wraps = WRAPPERS.has(name.text.replace(/^.*\//, ''))
    const isAction = (index: number) => /^-(?:exec|execdir|ok|okdir)$/.test(words[index - 1]?.text ?? '')
    if (words.some(({ dynamic }, index) => dynamic && (wraps || isAction(index)))) throw new Unclear()
    const texts = words.map(({ text }) => text)
    this.#commands.push({ words: texts, text: words.map(shown).join(' '), assignments })
    this.#shellArgument(words)
  }

  /** `sh -c '…'` runs its argument. */
  #shellArgument(words: readonly Word[]): void {
    const shell = words.findIndex(({ text }) => SHELLS.test(text))
    if (shell === -1) return
    const flag = words.findIndex(({ text }, index) => index > shell && /^-[a-z]*c[a-z]*$/.test(text))
    if (flag === -1) {
      // A shell that reads commands from a pipe runs what nobody has seen.
      if (shell === 0 && words.slice(1).every(({ text }) => text.startsWith('-'))) throw new Unclear()
      return
    }
    const script = words[flag + 1]
    if (script === undefined || script.dynamic) throw new Unclear()
    this.#inner(script.text)
  }
}

const isReservedBefore = ({ text, quoted }: Word): boolean => !quoted && RESERVED_BEFORE.has(text)

const shown = ({ text }: Word): string => (/[\s'"]/.test(text) || text === '' ? `'${text}'` : text)
