/** Makes the addresses in a text links, for terminals that support them. The visible text is the address. */
import type { Line, Span } from './line.ts'

/** Returns the line with its addresses as links. */
export const linked = (line: Line): Line => line.flatMap(linkedSpan)

function linkedSpan(span: Span): Span[] {
  if (!span.text.includes('://')) return [span]
  const spans: Span[] = []
  let at = 0
  for (const { 0: found, index } of span.text.matchAll(ADDRESS)) {
    const link = found.replace(/[.,;:!?'"]+$|\)+$/, (end) =>
      end.startsWith(')') && found.includes('(') ? end : '',
    )
    if (link.length > LONGEST) continue
    spans.push({ ...span, text: span.text.slice(at, index) }, { ...span, text: link, link })
    at = index + link.length
  }
  return [...spans, { ...span, text: span.text.slice(at) }].filter(({ text }) => text !== '')
}

/** No character of an address ends an escape sequence. */
const ADDRESS = /\bhttps?:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+/g
const LONGEST = 2000
