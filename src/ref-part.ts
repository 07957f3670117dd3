/**
 * A name as one path part of a git ref (`docs/format.md`, "Names"), so that no two names ever share a file on any file
 * system, whether it tells capitals from small letters or not.
 */
import { createHash } from 'node:crypto'

const MAX_PART = 200
const HASHED = /^(?![._-])(?!.*\.\.)(?:[a-z0-9_.-]|%[0-9a-f]{2})*%-[0-9a-f]{40}$/
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/
// Stands for itself: long enough to be no device.
const PLAIN = /^[a-z0-9][a-z0-9_-]{4,199}$/
const PART = /^((?:[a-z0-9_.-]|%[0-9a-f]{2})+)(?:\+([0-9a-f]*))?$/

/**
 * The one path part that stands for `name`. `[a-z0-9_-]` and an inner `.` stay, capitals become small letters, and
 * everything else becomes `%xx` of its UTF-8 bytes; so does the first character of what some file system or git
 * reserves. `+` and a mask at the end say which letters are capitals: `proj-123+`, `abc+4`. Over 200 characters: a
 * readable prefix, `%-` and the SHA-1 of the name. A name that already is such a hashed part stands for itself, so
 * that what a listing shows can be typed back.
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
 * The name that `part` stands for; a hashed part stands for itself. `undefined` when `part` is not in the
 * canonical form that `encodeName` writes: then the ref is not ours.
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

/** Whether two names are one: a name that is too long for a ref, and the short form of it that a ref has. */
export const isSameName = (a: string, b: string): boolean =>
  a === b || ((isHashed(a) || isHashed(b)) && encodeName(a) === encodeName(b))

/** Whether the name may be the short form of a longer one. */
export const isShortName = (name: string): boolean => isHashed(name)

const isHashed = (part: string): boolean => part.length <= MAX_PART && HASHED.test(part) && !DEVICE.test(part)

/** What the mask speaks of: ASCII letters, also those that are written as `%xx`. */
const LETTER = /[A-Za-z]/g

/** `+` and the mask of a name that has capitals: a bit a letter, the first letter's the highest; all ones are left out. */
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

/** A text without capitals as a path part, however long. */
function encodeText(text: string): string {
  // A dot stays only between two characters that are no dots: never first, last or in a row.
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
