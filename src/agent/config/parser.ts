/**
 * The HCL-like form of `config.acl`: attributes (`name = value`) and blocks (`providers "openai" { … }`), which
 * become one nested object. `docs/agent.md`, "Configuration".
 */

import { ConfigError, type ConfigLocation } from '../errors.ts'
import { type Token, tokenize } from './lexer.ts'

/** A variable that is not set and has no default. It is an error only if its value is needed. */
export class MissingVariable {
  readonly name: string
  readonly at: ConfigLocation

  constructor(name: string, at: ConfigLocation) {
    this.name = name
    this.at = at
  }
}

export interface ParsedConfig {
  value: Record<string, unknown>
  /** Position of the value at a path; if there is none, of the closest value around it. */
  at(path: readonly string[]): ConfigLocation
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Parses a configuration. `env("NAME")` is looked up in `env`.
 *
 * @param file shown in errors
 * @throws ConfigError with line and column, and what was expected there
 */
export function parseConfig(text: string, file: string, env: Environment): ParsedConfig {
  return new Parser(tokenize(text, file), env).parse()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #env: Environment
  readonly #places = new Map<string, ConfigLocation>()
  #index = 0

  constructor(tokens: readonly Token[], env: Environment) {
    this.#tokens = tokens
    this.#env = env
  }

  parse(): ParsedConfig {
    this.#places.set(keyOf([]), this.#token.at)
    const value = this.#body([], 'end')
    return {
      value,
      at: (path) => {
        for (let length = path.length; length > 0; length--) {
          const place = this.#places.get(keyOf(path.slice(0, length)))
          if (place !== undefined) return place
        }
        return this.#places.get(keyOf([]))!
      },
    }
  }

  get #token(): Token {
    return this.#tokens[this.#index]!
  }

  #next(): Token {
    return this.#tokens[this.#index++]!
  }

  #skipLines(): void {
    while (this.#token.kind === 'newline') this.#index++
  }

  #isSymbol(symbol: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === symbol
  }

  #expected(what: string): ConfigError {
    return new ConfigError(this.#token.at, `expected ${what}, found ${nameOf(this.#token)}`)
  }

  #expectSymbol(symbol: string, what = `'${symbol}'`): void {
    if (!this.#isSymbol(symbol)) throw this.#expected(what)
    this.#index++
  }

  /** Attributes and blocks up to a closing brace, or the end of the file. */
  #body(path: readonly string[], until: 'brace' | 'end'): Record<string, unknown> {
    const body: Record<string, unknown> = {}
    for (;;) {
      this.#skipLines()
      if (until === 'end' && this.#token.kind === 'end') return body
      if (until === 'brace' && this.#isSymbol('}')) {
        this.#index++
        return body
      }
      const { kind, text, at } = this.#token
      if (kind !== 'name') {
        throw this.#expected(
          until === 'end' ? 'the name of an attribute or block' : "the name of an attribute or block, or '}'",
        )
      }
      this.#index++
      if (this.#isSymbol('=')) {
        this.#index++
        define(body, text, at)
        this.#places.set(keyOf([...path, text]), this.#token.at)
        set(body, text, this.#value([...path, text]))
        this.#endOfAttribute(until)
      } else this.#block(body, [...path, text], at)
    }
  }

  #block(body: Record<string, unknown>, path: readonly string[], at: ConfigLocation): void {
    let inside = body
    let inner = path
    let name = path.at(-1)!
    while (this.#token.kind === 'string') {
      const label = this.#next()
      if (Object.hasOwn(inside, name) && !isBag(inside[name])) throw repeated(name, at)
      if (!Object.hasOwn(inside, name)) set(inside, name, {})
      if (!this.#places.has(keyOf(inner))) this.#places.set(keyOf(inner), at)
      inside = inside[name] as Record<string, unknown>
      name = label.text
      inner = [...inner, name]
      at = label.at
    }
    if (!this.#isSymbol('{')) {
      throw this.#expected(inner === path ? "'=' and a value, or a label and '{'" : "another label or '{'")
    }
    this.#index++
    define(inside, name, at)
    this.#places.set(keyOf(inner), at)
    set(inside, name, this.#body(inner, 'brace'))
  }

  #endOfAttribute(until: 'brace' | 'end'): void {
    const { kind } = this.#token
    if (kind === 'newline' || kind === 'end' || (until === 'brace' && this.#isSymbol('}'))) return
    if (until === 'brace' && this.#isSymbol(',')) {
      this.#index++
      return
    }
    // A short block may have several attributes on one line.
    const after = this.#tokens[this.#index + 1]
    if (until === 'brace' && kind === 'name' && after !== undefined && /^[={]$|^$/.test(afterName(after)))
      return
    throw this.#expected('the end of the line')
  }

  #value(path: readonly string[]): unknown {
    const token = this.#token
    if (token.kind === 'string') {
      this.#index++
      return token.text
    }
    if (token.kind === 'number') {
      this.#index++
      return token.value
    }
    if (token.kind === 'name') return this.#word()
    if (this.#isSymbol('[')) return this.#list(path)
    if (this.#isSymbol('{')) {
      this.#index++
      return this.#body(path, 'brace')
    }
    throw this.#expected('a string, number, true, false, env("NAME"), [list] or { object }')
  }

  #word(): unknown {
    const { text, at } = this.#token
    if (text === 'true' || text === 'false') {
      this.#index++
      return text === 'true'
    }
    if (text === 'null') {
      this.#index++
      return null
    }
    if (text !== 'env') {
      throw new ConfigError(
        at,
        `expected a string in quotes, a number, true, false or env("NAME"), found the bare word ${text}`,
      )
    }
    this.#index++
    this.#expectSymbol('(', "'(' after env")
    const name = this.#string('the name of an environment variable in quotes')
    let fallback: string | undefined
    if (this.#isSymbol(',')) {
      this.#index++
      fallback = this.#string('a default in quotes')
    }
    this.#expectSymbol(')', fallback === undefined ? "',' and a default, or ')'" : "')'")
    return this.#env[name] ?? fallback ?? new MissingVariable(name, at)
  }

  #string(what: string): string {
    if (this.#token.kind !== 'string') throw this.#expected(what)
    return this.#next().text
  }

  #list(path: readonly string[]): unknown[] {
    this.#index++
    const items: unknown[] = []
    for (;;) {
      this.#skipLines()
      if (this.#isSymbol(']')) break
      const item = [...path, String(items.length)]
      this.#places.set(keyOf(item), this.#token.at)
      items.push(this.#value(item))
      this.#skipLines()
      if (this.#isSymbol(']')) break
      this.#expectSymbol(',', "',' or ']'")
    }
    this.#index++
    return items
  }
}

const keyOf = (path: readonly string[]): string => JSON.stringify(path)

const isBag = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof MissingVariable)

const afterName = ({ kind, text }: Token): string => (kind === 'string' ? '' : kind === 'symbol' ? text : '?')

const repeated = (name: string, at: ConfigLocation): ConfigError =>
  new ConfigError(at, `expected '${name}' only once; it already appears above`)

function define(body: Record<string, unknown>, name: string, at: ConfigLocation): void {
  if (Object.hasOwn(body, name)) throw repeated(name, at)
}

// A key called __proto__ is an ordinary key.
function set(body: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(body, name, { value, enumerable: true, configurable: true, writable: true })
}

function nameOf({ kind, text }: Token): string {
  if (kind === 'newline') return 'the end of the line'
  if (kind === 'end') return 'the end of the file'
  // The value of a string may be a secret.
  if (kind === 'string') return 'a string'
  if (kind === 'number') return 'a number'
  return `'${text}'`
}
