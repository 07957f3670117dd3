/**
 * Writes session text verbatim in Markdown, so that it cannot affect the text around it: prose as a quotation, all
 * other text in a fence that is longer than any inside it (CommonMark 0.31, sections 4.5 and 5.1).
 */
import { hasHidden, visible } from '../visible.ts'

/** Writes a text as a quotation, or in a fence if Markdown would not show it as prose. Without a final line feed. */
export function quoted(text: string): string {
  const lines = withoutEnd(text)
  const hides = hasHidden(lines)
  if (hides || !isProse(lines)) return inFence(hides ? visibleLines(lines) : lines, '')
  let quotation = ''
  let from = 0
  for (;;) {
    const to = lines.indexOf('\n', from)
    const line = lines.slice(from, to === -1 ? undefined : to)
    quotation += line === '' ? '>' : `> ${line}`
    if (to === -1) return quotation
    quotation += '\n'
    from = to + 1
  }
}

/**
 * Writes a text in a fence. Invisible characters are escaped.
 *
 * @param language language of the text, for highlighting
 */
export function fenced(text: string, language: 'diff' | '' = ''): string {
  const lines = withoutEnd(text)
  return inFence(hasHidden(lines) ? visibleLines(lines) : lines, language)
}

/** Writes a text on one line, as code; an empty text as nothing. */
export function code(text: string): string {
  if (text === '') return ''
  const line = visible(text)
  const ticks = '`'.repeat(longestRun(line) + 1)
  const space = /^[` ]|[` ]$/.test(line) ? ' ' : ''
  return ticks + space + line + space + ticks
}

/**
 * Whether Markdown shows all of a text as prose: it has no HTML, links whose text is not their target, images, link
 * definitions, entities, diagrams that a git host draws, or deeply nested quotations.
 */
const isProse = (text: string): boolean =>
  // Searching for one character first is many times faster than the expression.
  !(
    (text.includes('<') && HTML.test(text)) ||
    (text.includes('[') && LINK.test(text)) ||
    (text.includes('&') && ENTITY.test(text)) ||
    (text.includes('```') && DRAWN.test(text)) ||
    (text.includes('~~~') && DRAWN.test(text)) ||
    (text.includes('>') && PILE.test(text))
  )

const BACKTICK = 0x60
const HTML = /<[A-Za-z/!?]/
const LINK = /\](?:\(|:)|\[!/
const ENTITY = /&(?:#|[A-Za-z][A-Za-z0-9]*;)/
const DRAWN = /(?:`{3}|~{3})[ \t]*(?:mermaid|geojson|topojson|stl|math)/i
const PILE = /(?:>[ \t]*){8}/

/** Uses git's line ends, and removes the last one. */
const withoutEnd = (text: string): string =>
  (text.includes('\r') ? text.replaceAll('\r\n', '\n') : text).replace(/\n$/, '')

const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

function inFence(lines: string, language: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1))
  return `${fence}${language}\n${lines}\n${fence}`
}

function longestRun(text: string): number {
  let longest = 0
  let end = 0
  for (let at = text.indexOf('`'); at !== -1; at = text.indexOf('`', end)) {
    end = at + 1
    while (text.charCodeAt(end) === BACKTICK) end++
    longest = Math.max(longest, end - at)
  }
  return longest
}
