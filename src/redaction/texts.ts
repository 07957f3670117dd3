/** `redactTexts`: a `redact` that removes given texts wherever they occur. */
import { fromEntries } from '../json-value.ts'
import { keyed, mark } from './marks.ts'
import { allKnown, onceKnown, type Path, type Redact } from './redact.ts'
import type { RedactedSecret } from './secrets.ts'

export interface TextOptions {
  /** The key of the marks, as for `redactSecrets`. */
  key?: Uint8Array | string
  /** Called for each text that was replaced, with the rule `text`. */
  onFinding?: (finding: RedactedSecret) => void
}

const RULE = 'text'
const SHORTEST = 4

/**
 * Makes a `redact` that replaces each of these texts by `[redacted:text:<8 hex>]`, in values and keys: literal,
 * JSON-escaped (also several times), percent-encoded, and in the bytes of a value that is base64 as a whole.
 *
 * @throws TypeError for a text of fewer than four characters, which would be found everywhere
 */
export function redactTexts(texts: readonly string[], options: TextOptions = {}): Redact {
  for (const text of texts)
    if (typeof text !== 'string' || text.length < SHORTEST)
      throw new TypeError(`A text to redact needs at least ${SHORTEST} characters`)
  const forms = new Map(texts.flatMap((text) => formsOf(text).map((form) => [form, text] as const)))
  const pattern = new RegExp([...forms.keys()].sort(longestFirst).map(escaped).join('|') || '(?!)', 'g')

  return keyed(options.key, (key) => {
    const plain = (text: string, path: Path): unknown => {
      const findings = [...text.matchAll(pattern)].map(({ 0: found, index }) => ({
        rule: RULE,
        start: index,
        end: index + found.length,
        secret: forms.get(found) ?? found,
      }))
      for (const _ of findings) options.onFinding?.({ rule: RULE, path })
      return findings.length === 0 ? text : onceKnown(key(), (known) => mark(text, findings, known))
    }
    return (value, path) => {
      if (typeof value === 'string') {
        const kept = plain(value, path)
        return kept === value && isBase64(value) ? inBytes(value, (text) => plain(text, path)) : kept
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
      const names = Object.keys(value)
      return onceKnown(allKnown(names.map((name) => plain(name, path))), (kept) => {
        if (kept.every((name, index) => name === names[index])) return value
        return fromEntries(
          Object.values(value).map((inner, index) => [kept[index] as string, inner] as const),
        )
      })
    }
  })
}

function formsOf(text: string): string[] {
  const inJson = JSON.stringify(text).slice(1, -1)
  return [...new Set([text, inJson, JSON.stringify(inJson).slice(1, -1), percentEncoded(text)])]
}

const percentEncoded = (text: string): string => encodeURIComponent(text.toWellFormed())

const longestFirst = (a: string, b: string): number => b.length - a.length

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

const isBase64 = (text: string): boolean =>
  text.length >= 8 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)

/** Applies `change` to the decoded bytes of a base64 value, read as UTF-8 or as one character per byte. */
function inBytes(value: string, change: (text: string) => unknown): unknown {
  const bytes = Buffer.from(value, 'base64')
  for (const encoding of ['latin1', 'utf8'] as const) {
    const text = bytes.toString(encoding)
    if (!Buffer.from(text, encoding).equals(bytes)) continue
    const kept = change(text)
    if (kept !== text)
      return onceKnown(kept, (known) => Buffer.from(known as string, encoding).toString('base64'))
  }
  return value
}
