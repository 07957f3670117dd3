/** Builtins of bash that run their words, or bind them to a name. */
import { HOLE } from '../pattern.ts'
import type { ShellWord } from './word.ts'

/** They run their arguments, or change the meaning of later words. */
const OPAQUE = new Set(
  'eval source . alias unalias trap enable hash fc bind complete compgen compopt mapfile readarray let getopts coproc'.split(
    ' ',
  ),
)
const DECLARES = new Set(['declare', 'typeset', 'local', 'export', 'readonly'])
const TESTS = new Set(['test', '['])
const OPERATOR = /^(?:-[a-zA-Z]{1,2}|==?|!=|<|>|=~)$/
/** Variables that a program reads without running their values. */
const PLAIN_VARIABLE =
  /^(?:[a-z_][a-z0-9_]*|NODE_ENV|CI|DEBUG|LANG|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|FORCE_COLOR|NO_COLOR|PORT|RUST_BACKTRACE|RUST_LOG|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|CGO_ENABLED|GOOS|GOARCH)$/

/** Whether a variable cannot change which program runs, or what a program runs. */
export const isPlainVariable = (name: string): boolean => PLAIN_VARIABLE.test(name)

/**
 * Why it is not known what a builtin runs; `undefined` when it is known. Bash evaluates the subscript of a name in a
 * builtin's arguments, even substitutions in single quotes: `printf -v 'a[$(…)]'`.
 */
export function whyHidden(words: readonly ShellWord[]): string | undefined {
  const [name, ...rest] = words as [ShellWord, ...ShellWord[]]
  if (OPAQUE.has(name.text)) return `it is not known what ${name.text} does`
  const names = namesGiven(name.text, rest)
  if (names === undefined) return `it is not known which variables ${name.text} uses`
  const strange = names.find((word) => !/^[A-Za-z_]\w*$/.test(word) || !isPlainVariable(word))
  return strange === undefined ? undefined : `${name.text} uses the variable ${strange}`
}

/** The variables that a builtin reads or sets by name; `undefined` when they are not known. */
function namesGiven(name: string, rest: readonly ShellWord[]): string[] | undefined {
  const dynamic = (word: ShellWord | undefined): boolean => word?.text.includes(HOLE) ?? false
  if (DECLARES.has(name)) {
    // Other options make a value an expression, an array or a name.
    if (rest.some(({ many, text }) => many || (/^[-+]/.test(text) && !/^-[xrgp]+$/.test(text))))
      return undefined
    return rest.filter(({ text }) => !text.startsWith('-')).map(({ text }) => leftOf(text))
  }
  if (name === 'read' || name === 'unset' || name === 'wait') {
    if (rest.some(dynamic)) return undefined
    if (name === 'wait') return rest.some(({ text }) => text.startsWith('-')) ? undefined : []
    return afterOptions(rest, name === 'read' ? 'adinNptu' : '')
  }
  if (name === 'printf') {
    const [first, second] = rest
    if (first?.text.startsWith(HOLE)) return undefined
    if (first === undefined || !first.text.startsWith('-v')) return []
    const given = first.text === '-v' ? second?.text : first.text.slice(2)
    return given === undefined || given.includes(HOLE) || second?.many ? undefined : [given]
  }
  if (TESTS.has(name)) {
    if (rest.some(({ text, many }) => many || text === '-v' || text === '-R')) return undefined
    // An unknown word may be `-v` itself, unless its position excludes that.
    const safe = rest.every(
      (word, index) =>
        !word.text.startsWith(HOLE) || isOperator(rest[index - 1]) || isOperator(rest[index + 1]),
    )
    return safe ? [] : undefined
  }
  return []
}

const isOperator = (word: ShellWord | undefined): boolean => OPERATOR.test(word?.text ?? '')

const leftOf = (text: string): string => text.split(/\+?=/, 1)[0]!

function afterOptions(words: readonly ShellWord[], withValue: string): string[] {
  const names: string[] = []
  for (let index = 0; index < words.length; index++) {
    const { text } = words[index]!
    if (!/^-[a-zA-Z]/.test(text)) names.push(text)
    else if (withValue.includes(text.at(-1)!)) {
      index++
      if (text.endsWith('a')) names.push(words[index]?.text ?? '')
    } else if (text.startsWith('-a')) names.push(text.slice(2))
  }
  return names
}
