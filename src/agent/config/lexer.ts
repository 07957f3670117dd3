/** Tokens of a configuration file, each with its position. */
import { ConfigError, type ConfigLocation } from '../errors.ts'

export type TokenKind = 'name' | 'string' | 'number' | 'symbol' | 'newline' | 'end'

export interface Token {
  kind: TokenKind
  /** The name, the symbol, or the value of the string. */
  text: string
  /** The value of a number. */
  value?: number
  at: ConfigLocation
}

const SPACE = /[ \t\r\uFEFF]+/y
const NAME = /[A-Za-z_][\w-]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y
const SYMBOLS = '={}[](),:'
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '"': '"',
  '\\': '\\',
  $: '$',
}

/**
 * The tokens of `text`. Comments (`#`, `//`, block comments) and spaces are left out; line ends stay, because they end
 * an attribute. Throws ConfigError.
 */
export function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = []
  const place = placesOf(text, file)
  let index = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = index
    return pattern.exec(text)?.[0]
  }
  const push = (kind: TokenKind, length: number, value: Partial<Token> = {}): void => {
    tokens.push({ kind, text: text.slice(index, index + length), at: place(index), ...value })
    index += length
  }
  while (index < text.length) {
    const char = text[index]!
    const space = match(SPACE)
    if (space !== undefined) {
      index += space.length
      continue
    }
    if (char === '\n') {
      push('newline', 1)
      continue
    }
    if (char === '#' || text.startsWith('//', index)) {
      const end = text.indexOf('\n', index)
      index = end === -1 ? text.length : end
      continue
    }
    if (text.startsWith('/*', index)) {
      const end = text.indexOf('*/', index + 2)
      if (end === -1) throw new ConfigError(place(index), "expected '*/' to end the comment that starts here")
      index = end + 2
      continue
    }
    if (char === '"') {
      const { value, length } = stringAt(text, index, place)
      push('string', length, { text: value })
      continue
    }
    const number = match(NUMBER)
    if (number !== undefined) {
      push('number', number.length, { value: Number(number) })
      continue
    }
    const name = match(NAME)
    if (name !== undefined) {
      push('name', name.length)
      continue
    }
    if (SYMBOLS.includes(char)) {
      push('symbol', 1)
      continue
    }
    throw new ConfigError(place(index), unexpected(char))
  }
  tokens.push({ kind: 'end', text: '', at: place(text.length) })
  return tokens
}

function unexpected(char: string): string {
  if (char === "'") return 'expected a string in double quotes, found a single quote'
  if (/[\d.+-]/.test(char)) return 'expected a number such as 12, -3 or 0.5'
  return `expected a name, a string, a number or one of = { } [ ], found ${JSON.stringify(char)}`
}

function stringAt(text: string, start: number, place: (index: number) => ConfigLocation) {
  let value = ''
  let index = start + 1
  for (;;) {
    const char = text[index]
    if (char === undefined || char === '\n') {
      throw new ConfigError(
        place(start),
        "expected '\"' to end the string that starts here, on the same line",
      )
    }
    if (char === '"') return { value, length: index + 1 - start }
    if (char !== '\\') {
      value += char
      index++
      continue
    }
    const next = text[index + 1] ?? ''
    const unicode = /^u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})/.exec(text.slice(index + 1, index + 10))
    if (Object.hasOwn(ESCAPES, next)) {
      value += ESCAPES[next]
      index += 2
    } else if (unicode !== null && Number.parseInt(unicode[1] ?? unicode[2]!, 16) <= 0x10ffff) {
      const code = Number.parseInt(unicode[1] ?? unicode[2]!, 16)
      value += unicode[1] === undefined ? String.fromCodePoint(code) : String.fromCharCode(code)
      index += 1 + unicode[0].length
    } else {
      throw new ConfigError(
        place(index),
        'expected one of the escapes \\n \\t \\r \\" \\\\ \\$ \\uXXXX \\u{X…}',
      )
    }
  }
}

function placesOf(text: string, file: string): (index: number) => ConfigLocation {
  let line = 1
  let lineStart = 0
  let known = 0
  // Called with rising positions, except for the start of an unclosed string.
  return (index) => {
    if (index < lineStart) {
      line = 1
      lineStart = 0
      known = 0
    }
    for (;;) {
      const end = text.indexOf('\n', known)
      if (end === -1 || end >= index) break
      line++
      known = end + 1
      lineStart = known
    }
    return { file, line, column: index - lineStart + 1 }
  }
}
