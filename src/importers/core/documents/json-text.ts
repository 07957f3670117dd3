/** Splits and joins JSON text without parsing its values: numbers, escapes and keys stay unchanged. */
import type { Spacing } from './frame.ts'

/** Position of the value of an object's member or of a list's item. */
export interface Span {
  /** The key as written, with quotes; `undefined` in a list. */
  key: string | undefined
  start: number
  end: number
}

/**
 * Returns the members of the object, or the items of the list, that begins at `start`. The text has to be valid JSON.
 */
export function spansOf(text: string, start = 0): Span[] {
  const open = skipSpace(text, start)
  const isObject = text[open] === '{'
  if (!isObject && text[open] !== '[') return []
  const found: Span[] = []
  let at = skipSpace(text, open + 1)
  while (at < text.length && text[at] !== '}' && text[at] !== ']') {
    let key: string | undefined
    if (isObject) {
      const end = endOfString(text, at)
      key = text.slice(at, end)
      at = skipSpace(text, skipSpace(text, end) + 1)
    }
    const end = endOfValue(text, at)
    found.push({ key, start: at, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return found
}

/** Returns the text with this white space between its tokens. */
export function respaced(text: string, spacing: Spacing): string {
  const [comma, colon] = spacing === 'python' ? [', ', ': '] : spacing === 'none' ? [',', ':'] : [',', ': ']
  const step = typeof spacing === 'number' ? ' '.repeat(spacing) : spacing === 'tab' ? '\t' : undefined
  const parts: string[] = []
  let depth = 0
  const newLine = () => {
    if (step !== undefined) parts.push(`\n${step.repeat(depth)}`)
  }
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const sign = text[at] as string
    if (sign === '{' || sign === '[') {
      const next = skipSpace(text, at + 1)
      if (text[next] === '}' || text[next] === ']') {
        parts.push(sign, text[next] as string)
        at = next + 1
        continue
      }
      parts.push(sign)
      depth++
      newLine()
    } else if (sign === '}' || sign === ']') {
      depth--
      newLine()
      parts.push(sign)
    } else if (sign === ',') {
      parts.push(comma)
      newLine()
    } else if (sign === ':') parts.push(colon)
    else {
      const end = sign === '"' ? endOfString(text, at) : endOfWord(text, at)
      parts.push(text.slice(at, end))
      at = end
      continue
    }
    at++
  }
  return parts.join('')
}

/** Returns the white space of a text; `undefined` if it is not one that a tool writes. */
export const spacingOf = (text: string): Spacing | undefined =>
  SPACINGS.find((spacing) => respaced(text, spacing) === text)

const SPACINGS: readonly Spacing[] = ['none', 2, 4, 'python', 1, 'tab', 3]

function skipSpace(text: string, from: number): number {
  let at = from
  while (SPACE.has(text.charCodeAt(at))) at++
  return at
}

const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

function endOfString(text: string, start: number): number {
  let close = text.indexOf('"', start + 1)
  for (;;) {
    let from = close
    while (text[from - 1] === '\\') from--
    if ((close - from) % 2 === 0) return close + 1
    close = text.indexOf('"', close + 1)
  }
}

function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length && !END_OF_WORD.has(text.charCodeAt(at))) at++
  return at
}

const END_OF_WORD = new Set([...SPACE, 0x2c, 0x3a, 0x5d, 0x7d])

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start)
  if (text[start] !== '{' && text[start] !== '[') return endOfWord(text, start)
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at) - 1
    else if (code === 0x7b || code === 0x5b) depth++
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1
  }
  return text.length
}
