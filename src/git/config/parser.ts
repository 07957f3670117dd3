/**
 * Reading a config file, character by character as git does: what git sees and we don't could make git run things.
 * Source: git_parse_source() in git's config.c; git-config(1), "Syntax".
 */
import { CorruptError } from '../../errors.ts'

/** `section.subsection.key` (section and key in lower case) to its values, in order. */
export type Config = ReadonlyMap<string, readonly string[]>

/**
 * All keys of a config file; one without a value is `true`. Includes are not followed; they stand in the result
 * like any key. Throws CorruptError, with the line, for what git would not read.
 */
export function parseConfig(text: string, file?: string): Config {
  return new Parser(text, file).parse()
}

class Parser {
  readonly #text: string
  readonly #file: string | undefined
  readonly #config = new Map<string, string[]>()
  #at = 0

  constructor(text: string, file: string | undefined) {
    this.#text = text.replace(/^\ufeff/, '')
    this.#file = file
  }

  parse(): Config {
    let section = ''
    for (;;) {
      const char = this.#next()
      if (char === undefined) return this.#config
      if (isSpace(char)) continue
      if (char === '#' || char === ';') this.#skipLine()
      else if (char === '[') section = `${this.#section()}.`
      else if (/[A-Za-z]/.test(char)) this.#entry(section, char)
      else this.#fail()
    }
  }

  #entry(section: string, first: string): void {
    let name = first
    let char = this.#next()
    for (; char !== undefined && isKeyChar(char); char = this.#next()) name += char
    while (char === ' ' || char === '\t') char = this.#next()
    const isBare = char === undefined || char === '\n'
    if (!isBare && char !== '=') this.#fail()
    const key = section + name.toLowerCase()
    this.#config.set(key, [...(this.#config.get(key) ?? []), isBare ? 'true' : this.#value()])
  }

  #section(): string {
    let name = ''
    for (;;) {
      const char = this.#next()
      if (char === ']' && name !== '') return name
      if (char !== undefined && isSpace(char)) return `${name}.${this.#subsection(char)}`
      if (char === undefined || !(isKeyChar(char) || char === '.')) this.#fail()
      name += char.toLowerCase()
    }
  }

  #subsection(space: string): string {
    let char: string | undefined = space
    while (char !== undefined && isSpace(char)) {
      if (char === '\n') this.#fail()
      char = this.#next()
    }
    if (char !== '"') this.#fail()
    let name = ''
    for (;;) {
      char = this.#next()
      if (char === '"') break
      if (char === '\\') char = this.#next()
      if (char === undefined || char === '\n') this.#fail()
      name += char
    }
    if (this.#next() !== ']') this.#fail()
    return name
  }

  #value(): string {
    let value = ''
    let quoted = false
    /** The length without spaces at the end. */
    let length = 0
    for (;;) {
      const char = this.#next()
      if (char === undefined || char === '\n') {
        if (quoted) this.#fail()
        return value.slice(0, length)
      }
      if (!quoted && (char === '#' || char === ';')) {
        this.#skipLine()
        return value.slice(0, length)
      }
      if (!quoted && isSpace(char)) {
        if (value !== '') value += char
        continue
      }
      if (char === '"') quoted = !quoted
      else if (char === '\\') {
        const escaped = this.#next() ?? '\n'
        value += escaped === '\n' ? '' : (ESCAPES[escaped] ?? this.#fail())
      } else value += char
      length = value.length
    }
  }

  #skipLine(): void {
    for (let char = this.#next(); char !== undefined && char !== '\n'; ) char = this.#next()
  }

  #next(): string | undefined {
    if (this.#text[this.#at] === '\r' && this.#text[this.#at + 1] === '\n') this.#at++
    return this.#text[this.#at++]
  }

  #fail(): never {
    const line = this.#text.slice(0, Math.max(this.#at - 1, 0)).split('\n').length
    const file = this.#file ?? 'config'
    throw new CorruptError(
      `Line ${line} of '${file}' is not valid for git. Correct it, or restore the file from a copy of the store.`,
      { file },
    )
  }
}

const ESCAPES: Record<string, string> = { t: '\t', b: '\b', n: '\n', '\\': '\\', '"': '"' }

const isSpace = (char: string): boolean => char === ' ' || char === '\t' || char === '\n' || char === '\r'
const isKeyChar = (char: string): boolean => /[A-Za-z0-9-]/.test(char)
