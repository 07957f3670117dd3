/** Tells real secrets from placeholders, code and plain words in the same places. */

import { Keywords } from '../scanning/keywords.ts'

/** How a placeholder begins, or what it is as a whole. */
const PLACEHOLDER = new RegExp(
  [
    String.raw`^[x*•.#_-]+$|^[$<{[@!&]|^%.*%$`,
    String.raw`^(?:null|nil|none|undefined|true|false|empty|redacted|hidden|masked|omitted|password|passwd|passphrase|pass|pwd|secret|token|changeme|change-?me|string|required|optional)$`,
    String.raw`^(?:your|my|some|the|an?|insert|enter|put|replace|add)[-_ .]`,
  ].join('|'),
  'i',
)
/** What shows a placeholder or a variable wherever it stands. */
const PARTS = new Keywords([
  {
    keywords: [
      ...['xxxxxx', '***', '...', '[redacted', 'example', 'placeholder', 'dummy'],
      ...['process', 'import.meta', 'deno', 'os'].map((name) => `${name}.env`),
      ...['environ', 'getenv'],
      ...['secrets.', 'vars.', 'env.', 'config.', 'self.', 'this.'],
    ],
    ignoreCase: true,
  },
])
/** How one ends. */
const END = /(?:^|[-_])(?:here|goes)$/i

/** Whether a value is not a variable, a mask or a word of an instruction. */
export const isNoPlaceholder = (value: string): boolean =>
  !PLACEHOLDER.test(value) && !PARTS.isIn(value) && !value.includes('…') && !END.test(value.slice(-5))

/**
 * Whether a value has letters and digits and is not a placeholder, a name in code, a path, a number, a date or a
 * version.
 */
export function isLikelySecret(value: string): boolean {
  let kinds = 0
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code < 128) kinds |= KINDS[code]!
  }
  if ((kinds & (DIGIT | LETTER)) !== (DIGIT | LETTER)) return false
  if (kinds & DOT && NAME_IN_CODE.test(value) && !/[0-9][a-z]+[0-9]/i.test(value)) return false
  if (kinds & (DOT | JOINT) && (PATH.test(value) || JOINED_WORDS.test(value))) return false
  return !NUMBER.test(value) && isNoPlaceholder(value)
}

const DIGIT = 1
const LETTER = 2
const DOT = 4
/** One of `-`, `_`, `/` and `:`. */
const JOINT = 8

/** By code, what a character of ASCII is. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[0-9]/.test(character)) return DIGIT
  if (/[A-Za-z]/.test(character)) return LETTER
  return character === '.' ? DOT : /[-_/:]/.test(character) ? JOINT : 0
})

const NAME_IN_CODE = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/
const PATH = /^(?:\.{0,2}\/|~\/|[a-z]+:\/\/|[A-Z]:\\)/
/** A number with a unit, or what begins with a date. */
const NUMBER = /^[0-9]+(?:[.,][0-9]+)?(?:[a-z]{1,3}|%)?$|^[0-9]{4}-[0-9]{2}-[0-9]{2}/i
/** Words joined by dashes or underscores, some with a number at the end, are a name. */
const JOINED_WORDS =
  /^(?:[a-z]+[0-9]{0,2}|[0-9]{1,2}|[A-Z]+[0-9]{0,2}|[A-Z][a-z]+[0-9]{0,2})(?:[-_./:](?:[A-Za-z]*[a-z][0-9]{0,2}|[A-Z]+[0-9]{0,2}|[0-9]{1,4}))+$/
