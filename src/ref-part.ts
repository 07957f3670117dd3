/**
 * Encodes a name as one path part of a git ref (`docs/format.md`, "Names"), so that two names never share a file on any
 * file system, case-sensitive or not.
 */
import { createHash } from 'node:crypto'

const MAX_PART = 200
const HASHED = /^(?![._-])(?!.*\.\.)(?:[a-z0-9_.-]|%[0-9a-f]{2})*%-[0-9a-f]{40}$/
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/
// Names that are encoded as themselves; long enough that they cannot be device names.
const PLAIN = /^[a-z0-9][a-z0-9_-]{4,199}$/
const PART = /^((?:[a-z0-9_.-]|%[0-9a-f]{2})+)(?:\+([0-9a-f]*))?$/

/**
 * Returns the path part for `name`. `[a-z0-9_-]` and an inner `.` stay, capitals become small letters, and everything
 * else becomes `%xx` of its UTF-8 bytes; so does the first character of a name that git or a file system reserves. `+`
 * and a mask at the end say which letters are capitals: `proj-123+`, `abc+4`. Over 200 characters: a readable prefix,
 * `%-` and the SHA-1 of the name. A name that is such a hashed part already stays as it is, so that a listed name can
 * be typed back.
 */
export function encodeName(name: string): string {
  if (PLAIN.test(name) || isHashed(name)) return name
  const text = encodeText(name.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()))
  const part = text + capitalsOf(name)
  if (part.length <= MAX_PART) return part
  const digest = createHash('sha1').update(name, 'utf8').digest('hex')
  const prefix = text
    .slice(0, 100)
    .replace(/%[0-9a-f]?$/, '')
    .replace(/\.$/, '')
  return `${prefix}%-${digest}`
}

/**
 * Returns the name that `part` encodes; a hashed part is its own name. `undefined` if `part` is not in the canonical
 * form of `encodeName`: then the ref is not forkpoint's.
 */
export function decodeName(part: string): string | undefined {
  if (PLAIN.test(part) || isHashed(part)) return part
  const [, text, mask] = PART.exec(part) ?? []
  if (text === undefined || part.length > MAX_PART) return undefined
  const small = decodeText(text)
  if (small === undefined) return undefined
  const name = mask === undefined ? small : withCapitals(small, mask)
  return encodeName(name) === part ? name : undefined
}

/** Whether two names are equal, or one is the short form that a ref has of the other. */
export const isSameName = (a: string, b: string): boolean =>
  a === b || ((isHashed(a) || isHashed(b)) && encodeName(a) === encodeName(b))

/** Whether the name may be the short form of a longer one. */
export const isShortName = (name: string): boolean => isHashed(name)

const isHashed = (part: string): boolean => part.length <= MAX_PART && HASHED.test(part) && !DEVICE.test(part)

/** The letters that the mask describes: ASCII letters, also those that are written as `%xx`. */
const LETTER = /[A-Za-z]/g

/**
 * Returns `+` and the mask of a name with capitals: one bit per letter, the first letter's is the highest. A mask of
 * only ones is left out.
 */
function capitalsOf(name: string): string {
  if (!/[A-Z]/.test(name)) return ''
  const bits = (name.match(LETTER) ?? []).map((letter) => (letter <= 'Z' ? '1' : '0')).join('')
  return bits.includes('0') ? `+${BigInt(`0b${bits}`).toString(16)}` : '+'
}

function withCapitals(small: string, mask: string): string {
  const bits = mask === '' ? undefined : BigInt(`0x${mask}`).toString(2)
  let at = (bits?.length ?? 0) - (small.match(LETTER)?.length ?? 0)
  return small.replace(LETTER, (letter) =>
    bits === undefined || bits[at++] === '1' ? letter.toUpperCase() : letter,
  )
}

/** Encodes a text without capitals, of any length. */
function encodeText(text: string): string {
  // A dot stays only between two characters that are not dots: never first, last or next to another.
  let out = text
    .replace(/[^a-z0-9_.-]+/g, (others) => [...Buffer.from(others, 'utf8')].map(hex).join(''))
    .replace(/^\.|\.$|\.(?=\.)/g, '%2e')
  if (out.endsWith('.lock')) out = `${out.slice(0, -5)}%2elock`
  if (/^[_-]/.test(out) || DEVICE.test(out)) out = hex(out.charCodeAt(0)) + out.slice(1)
  return out
}

function decodeText(text: string): string | undefined {
  if (!text.includes('%')) return text
  const bytes = text.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  try {
    const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}

const hex = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`
