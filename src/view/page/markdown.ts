/**
 * Text of a session in Markdown, verbatim, where nothing in it can get out: prose as a quotation, all else in a fence
 * that is longer than any in it (CommonMark 0.31, sections 4.5 and 5.1).
 */
import { hasHidden, visible } from '../visible.ts'

/** A text as a quotation, or in a fence where a quotation would make more of it than prose. Without a last line feed. */
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
 * A text as it is, in a fence. What cannot be seen in it is shown escaped.
 *
 * @param language of the text, for colours; a word of ours
 */
export function fenced(text: string, language: 'diff' | '' = ''): string {
  const lines = withoutEnd(text)
  return inFence(hasHidden(lines) ? visibleLines(lines) : lines, language)
}

/** A text on one line, as code; a text that is empty is nothing. */
export function code(text: string): string {
  if (text === '') return ''
  const line = visible(text)
  const ticks = '`'.repeat(longestRun(line) + 1)
  const space = /^[` ]|[` ]$/.test(line) ? ' ' : ''
  return ticks + space + line + space + ticks
}

/**
 * Whether Markdown makes nothing but prose of a text that can be seen: no HTML, no link with another text than its target,
 * no image, no definition that other texts would see, no entity, nothing that a git host draws, no pile of quotations.
 */
const isProse = (text: string): boolean =>
  // A search for one character is many times as fast as one for what may follow it.
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

/** Lines end as git ends them. */
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
