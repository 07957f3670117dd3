/**
 * Reads a command line for the permission policy: all commands it may run, and all files it names. The grammar is
 * bash's, by the parser unbash. In doubt the result is marked unclear, and the caller asks.
 */
import {
  type Assignment,
  type Command,
  forEachChild,
  type ParsedScript,
  parse,
  type Redirect,
  type SyntaxNode,
} from 'unbash'
import { HOLE } from '../pattern.ts'
import { isPlainVariable, whyHidden } from './builtins.ts'
import { type FileUse, filesNamed, foldersEntered, isKnown } from './file-uses.ts'
import { type Opaque, opaqueness, shellText } from './opaque.ts'
import { whyUnclear } from './unclear.ts'
import { type ShellWord, wordOf } from './word.ts'
import { type Inner, innerCommands, isShell, isWrapper } from './wrappers.ts'

/** One simple command. */
export interface SimpleCommand {
  /** Words without quotes, assignments and redirections; a hole stands for what is known only when it runs. */
  words: readonly string[]
  /** The text that rules are compared with: the words joined by single spaces, words with blanks in quotes. */
  text: string
  /** Any variable is set before it, so it is not the command that a rule allowed. */
  assigned: boolean
  /** It sets variables that may change what it, or a later command, runs. */
  risky: boolean
  /** It runs code other than a command line. */
  opaque: Opaque | undefined
  /** Any of its words may begin a command that it runs. */
  wraps: boolean
  /** It is unknown whether it runs any of its words. */
  unknown: boolean
  /** The command that runs this one, and which of its words is the first of this one. */
  outer: { text: string; at: number } | undefined
}

export interface ShellReading {
  commands: readonly SimpleCommand[]
  files: readonly FileUse[]
  /** Folders that commands change to, in addition to the first one. */
  folders: readonly string[]
  /** Why the reading may be incomplete; `undefined` when it is complete. */
  unclear: string | undefined
}

/** The longest argument that Linux takes. */
const LONGEST = 128 * 1024
const DEEPEST = 20
/** Characters that are parsed for one command line, those of nested parts again for each level. */
const MOST_PARSED = 256 * 1024
const MOST_COMMANDS = 1000
const MOST_HEREDOCS = 100
/** Commands inside commands, such as `env nice xargs …`. */
const MOST_WRAPPERS = 8

/** Everything that a command line may run, substitutions, loops and `sh -c` included. */
export function readShell(text: string): ShellReading {
  const reader = new Reader()
  reader.script(text, 0)
  return reader
}

class Reader implements ShellReading {
  readonly commands: SimpleCommand[] = []
  readonly files: FileUse[] = []
  readonly folders: string[] = []
  unclear: string | undefined
  #parsed = 0

  script(text: string, depth: number): void {
    const tooMuch =
      text.length > LONGEST || text.split('<<').length > MOST_HEREDOCS
        ? 'it is too long'
        : text.includes('\0')
          ? 'it contains a NUL character'
          : undefined
    this.#doubt(tooMuch)
    if (tooMuch !== undefined || !this.#mayParse(text.length, depth)) return
    // Whether bash keeps a last backslash depends on how the text reached it.
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text.slice(-100))) this.#doubt('it ends in a backslash')
    try {
      this.#visit(parse(text), depth)
    } catch (error) {
      // The parser recurses: a hostile text can exhaust the stack.
      if (!(error instanceof RangeError)) throw error
      this.#doubt('it is nested too deeply')
    }
  }

  /** A nested part is parsed again for each level, so the total is limited. */
  #mayParse(length: number, depth: number): boolean {
    this.#parsed += length
    const may = depth <= DEEPEST && this.#parsed <= MOST_PARSED
    if (!may) this.#doubt('it is nested too deeply')
    return may
  }

  #doubt(reason: string | undefined): void {
    this.unclear ??= reason
  }

  #visit(node: SyntaxNode, depth: number): void {
    switch (node.type) {
      case 'CommandExpansion':
      case 'ProcessSubstitution':
      case 'ArithmeticCommandExpansion':
        if (!this.#mayParse(node.end - node.pos, depth + 1)) return
        if (node.script === undefined) this.#doubt('it could not be parsed')
        else this.#visit(node.script, depth + 1)
        return
      case 'ArithmeticExpansion':
      case 'ParameterExpansion':
      case 'ArrayValue':
      case 'Assignment':
        this.#doubt(whyUnclear(node))
        if (!this.#mayParse(node.end - node.pos, depth + 1)) return
        forEachChild(node, (child) => this.#visit(child, depth + 1))
        return
      case 'Script':
        if (((node as ParsedScript).errors?.length ?? 0) > 0) this.#doubt('it could not be parsed')
        break
      case 'Command':
        this.#command(node, depth)
        break
      case 'TestCommand':
        this.#add(
          [
            { text: '[[', many: false },
            { text: HOLE, many: true },
          ],
          PLAIN,
          { depth },
        )
        break
      case 'Redirect':
        this.#redirect(node)
        break
      default:
        this.#doubt(whyUnclear(node))
    }
    forEachChild(node, (child) => this.#visit(child, depth))
  }

  #command({ name, prefix, suffix }: Command, depth: number): void {
    const assignments = prefix.filter((part) => part.type === 'Assignment')
    const risky = assignments.some((assignment) => this.#isRisky(assignment))
    if (name === undefined) {
      const text = assignments.map((assignment) => assignment.text).join(' ')
      if (assignments.length > 0) this.#add([], { risky, assigned: true }, { text, depth })
      return
    }
    const words = [wordOf(name)]
    for (const part of suffix) {
      if (part.type === 'Word') words.push(wordOf(part))
      else if (part.type === 'Assignment') words.push(this.#assignedWord(part))
    }
    this.#add(words, { risky, assigned: assignments.length > 0 }, { depth })
  }

  #isRisky(assignment: Assignment): boolean {
    if (assignment.index !== undefined) this.#doubt('it sets a part of an array')
    return assignment.index !== undefined || !isPlainVariable(assignment.name)
  }

  /** `name=value` after `export` and the like. */
  #assignedWord(part: Assignment): ShellWord {
    if (part.index !== undefined || part.value.type !== 'Word') this.#doubt('it sets an array')
    const value = part.value.type === 'Word' ? wordOf(part.value).text : HOLE
    return { text: `${part.name}=${value}`, many: false }
  }

  #add(
    words: readonly ShellWord[],
    { risky, assigned }: { risky: boolean; assigned: boolean },
    {
      depth,
      text,
      outer,
      wrappers = 0,
    }: { depth: number; text?: string; outer?: SimpleCommand['outer']; wrappers?: number },
  ): void {
    if (this.commands.length >= MOST_COMMANDS) {
      this.#doubt('it runs too many commands')
      return
    }
    const command: Listed = {
      words: words.map(({ text }) => text),
      text: text ?? words.map(({ text }) => shownWord(text)).join(' '),
      assigned,
      risky,
      opaque: undefined,
      // The words of an inner command are among those of the outer one.
      wraps: outer === undefined && isWrapper(words),
      unknown: words.length > 0 && !isKnown(words[0]!.text),
      outer,
    }
    this.commands.push(command)
    if (words.length > 0) this.#look(words, command, { depth, wrappers })
  }

  /** The commands that a command runs, and the files it names. */
  #look(
    words: readonly ShellWord[],
    command: Listed,
    { depth, wrappers }: { depth: number; wrappers: number },
  ): void {
    const [name] = words as [ShellWord]
    if (name.text === '' || name.text.includes(HOLE)) {
      this.#doubt('it is not known which command it runs')
      return
    }
    this.#doubt(whyHidden(words))
    if (name.text === 'eval' || name.text === 'trap') this.#evaluated(words, depth)
    const script = shellText(words)
    const inner = innerCommands(words)
    // The wrapped command names its own files.
    const own = words[0]!.text.endsWith('find') ? words : words.slice(0, inner?.[0]?.at)
    for (const use of filesNamed(own)) this.files.push(use)
    for (const folder of foldersEntered(own)) this.folders.push(folder)
    command.opaque = script === undefined ? opaqueness(words) : undefined
    if (inner === undefined || (command.opaque && isShell(name.text)))
      this.#doubt(`it is not known what ${name.text} runs`)
    if (script !== undefined) this.script(script, depth + 1)
    for (const found of inner ?? []) this.#inner(found, command, { depth, wrappers: wrappers + 1 })
  }

  #inner(
    { words, at, assigns }: Inner,
    { assigned, outer, risky, text }: SimpleCommand,
    { depth, wrappers }: { depth: number; wrappers: number },
  ): void {
    if (wrappers > MOST_WRAPPERS) {
      this.#doubt('it is nested too deeply')
      return
    }
    const around = outer === undefined ? { text, at } : { text: outer.text, at: outer.at + at }
    const sets = { assigned: assigned || assigns, risky: risky || assigns }
    this.#add(words, sets, { depth, wrappers, outer: around })
  }

  /** The known part is judged too, so that a deny rule can match it. */
  #evaluated(words: readonly ShellWord[], depth: number): void {
    const texts = words.slice(1).map(({ text }) => text)
    const text = words[0]!.text === 'trap' ? (texts[0] ?? '') : texts.join(' ')
    if (!text.includes(HOLE)) this.script(text, depth + 1)
  }

  #redirect({ descriptor, operator, target }: Redirect): void {
    if (descriptor?.type === 'FileDescriptorVariable' && !isPlainVariable(descriptor.name))
      this.#doubt(`it sets the variable ${descriptor.name}`)
    if (target === undefined) {
      this.#doubt('a redirection names no file')
      return
    }
    const { text } = wordOf(target)
    if (operator === '>&' || operator === '<&') {
      if (/^(?:\d+-?|-)$/.test(text)) return
      // Bash expands this word twice, substitutions in single quotes included.
      if (!/^[\w./+@%:,-]+$/.test(text)) this.#doubt('it expands a word twice')
    }
    if (text === '/dev/null' || text === '/dev/stdout' || text === '/dev/stderr') return
    const kinds: FileUse['kind'][] =
      operator === '<' || operator === '<&' ? ['read'] : operator === '<>' ? ['read', 'write'] : ['write']
    for (const kind of kinds) this.files.push({ kind, path: text, how: 'redirection' })
  }
}

type Listed = { -readonly [Key in keyof SimpleCommand]: SimpleCommand[Key] }

const PLAIN = { risky: false, assigned: false }

const shownWord = (text: string): string => (/[\s'"]/.test(text) || text === '' ? `'${text}'` : text)
