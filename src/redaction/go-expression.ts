/** Translates Go's regular expressions (RE2 syntax) to JavaScript. */

import { RuleError } from './rule.ts'

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-/:-@[-`{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
}

/**
 * Returns the expression in JavaScript's syntax. Inline flags (`(?i)`, `(?s:…)`) hold up to the end of their group, as
 * in Go.
 *
 * @param rule id of the rule, for the error
 * @throws RuleError for what JavaScript cannot express
 */
export function fromGo(source: string, rule: string): RegExp {
  try {
    return new RegExp(new Translation(source, rule).run())
  } catch (cause) {
    if (cause instanceof RuleError) throw cause
    throw new RuleError(rule, `its expression cannot be read (${(cause as Error).message})`, { cause })
  }
}

interface Flags {
  readonly i: boolean
  readonly s: boolean
  readonly m: boolean
  readonly U: boolean
}

/** Node 20 has no inline flags, so letters become classes, and dots and anchors are written out. */
class Translation {
  readonly #source: string
  readonly #rule: string
  #at = 0

  constructor(source: string, rule: string) {
    this.#source = source
    this.#rule = rule
  }

  run(): string {
    const whole = this.#group({ i: false, s: false, m: false, U: false })
    if (this.#at < this.#source.length) this.#refuse("a ')' too many")
    return whole
  }

  /** Translates up to the end of the group, with the flags that hold in it. */
  #group(outer: Flags): string {
    let flags = outer
    let made = ''
    while (this.#at < this.#source.length && this.#source[this.#at] !== ')') {
      const rest = this.#source.slice(this.#at)
      const inline = /^\(\?([imsU]*)(?:-([imsU]*))?([:)])/.exec(rest)
      if (inline !== null) {
        const [text, on = '', off = '', end] = inline
        const next = this.#with(flags, on, off)
        this.#at += text.length
        if (end === ')') flags = next
        else made += `(?:${this.#closed(next)})`
      } else if (rest.startsWith('(')) {
        const name = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest)
        if (name === null && rest.startsWith('(?')) this.#refuse(`'${rest.slice(0, 4)}'`)
        this.#at += name?.[0].length ?? 1
        made += `(${this.#closed(flags)})`
      } else made += this.#atom(rest, flags)
    }
    return made
  }

  #closed(flags: Flags): string {
    const inside = this.#group(flags)
    if (this.#source[this.#at] !== ')') this.#refuse("a ')' that is missing")
    this.#at++
    return inside
  }

  #with(flags: Flags, on: string, off: string): Flags {
    const next = { ...flags }
    for (const flag of on) next[flag as keyof Flags] = true
    for (const flag of off) next[flag as keyof Flags] = false
    if (next.U) this.#refuse("the flag 'U'")
    return next
  }

  #atom(rest: string, flags: Flags): string {
    const [char = ''] = rest
    const take = (length: number, made: string) => {
      this.#at += length
      return made
    }
    if (char === '[') return this.#class(flags)
    if (char === '.') return take(1, flags.s ? '[^]' : '[^\\n]')
    if (char === '^') return take(1, flags.m ? '(?<=^|\\n)' : '^')
    if (char === '$') return take(1, flags.m ? '(?=\\n|$)' : '$')
    if (char !== '\\') return take(1, flags.i ? bothCases(char) : char)
    const two = rest.slice(0, 2)
    if (two === '\\A') return take(2, '^')
    if (two === '\\z') return take(2, '$')
    if (two === '\\a') return take(2, '\\x07')
    if (two === '\\s') return take(2, '[\\t\\n\\f\\r ]')
    if (two === '\\S') return take(2, '[^\\t\\n\\f\\r ]')
    if (two === '\\Q') {
      const end = rest.indexOf('\\E')
      const literal = rest.slice(2, end === -1 ? undefined : end)
      const made = [...literal].map((one) => (flags.i ? bothCases(quoted(one)) : quoted(one))).join('')
      return take(end === -1 ? rest.length : end + 2, made)
    }
    const code = /^\\(?:x\{([0-9A-Fa-f]+)\}|x[0-9A-Fa-f]{2})/.exec(rest)
    if (code !== null) return take(code[0].length, unicode(code))
    if (/^\\[pPCXGkK]|^\\[1-9]/.test(rest)) this.#refuse(`'${two}'`)
    return take(2, two)
  }

  #class(flags: Flags): string {
    let made = ''
    this.#at++
    if (this.#source[this.#at] === '^') {
      made += '^'
      this.#at++
    }
    for (let first = true; first || this.#source[this.#at] !== ']'; first = false) {
      const rest = this.#source.slice(this.#at)
      if (rest === '') this.#refuse("a ']' that is missing")
      const named = /^\[:(\^?)([a-z]+):\]/.exec(rest)
      const code = /^\\(?:x\{([0-9A-Fa-f]+)\}|x[0-9A-Fa-f]{2})/.exec(rest)
      const range = /^([A-Za-z])-([A-Za-z])/.exec(rest)
      if (named !== null) {
        if (named[1] === '^' || CLASSES[named[2]!] === undefined) this.#refuse(`'${named[0]}'`)
        made += CLASSES[named[2]!]
        this.#at += named[0].length
      } else if (code !== null) {
        made += unicode(code)
        this.#at += code[0].length
      } else if (rest.startsWith('\\')) {
        if (/^\\[pPQ]/.test(rest)) this.#refuse(`'${rest.slice(0, 2)}'`)
        made += rest.slice(0, 2)
        this.#at += 2
      } else if (range !== null) {
        made += flags.i ? bothRanges(range[1]!, range[2]!) : range[0]
        this.#at += 3
      } else {
        const char = rest[0]!
        const letter = flags.i && /[A-Za-z]/.test(char)
        made += letter
          ? char.toLowerCase() + char.toUpperCase()
          : char === '[' || char === ']'
            ? `\\${char}`
            : char
        this.#at++
      }
    }
    this.#at++
    return `[${made}]`
  }

  #refuse(what: string): never {
    throw new RuleError(this.#rule, `its expression has ${what}, which cannot be translated`)
  }
}

const bothCases = (char: string): string =>
  /^[A-Za-z]$/.test(char) ? `[${char.toLowerCase()}${char.toUpperCase()}]` : char

const quoted = (char: string): string => char.replace(/[.$^*+?()[\]{}|\\/]/, '\\$&')

/**
 * A range such as `a-f` in both cases. A range from upper to lower case already has both, and the characters between
 * them.
 */
const bothRanges = (from: string, to: string): string => {
  const same = from >= 'a' === to >= 'a'
  if (!same) return `A-Za-z${from}-${to}`
  return `${from.toLowerCase()}-${to.toLowerCase()}${from.toUpperCase()}-${to.toUpperCase()}`
}

const unicode = ([text, code]: RegExpExecArray): string =>
  code === undefined ? text : `\\u${Number.parseInt(code, 16).toString(16).padStart(4, '0')}`
