/** Excerpts of the text around a secret, without any part of a secret. */

import type { Finding } from '../../redaction/rule.ts'

const AROUND = 24
const LONGEST = 120

/** Returns the text, or the part near one finding, on one line, with each finding replaced by a mask. */
export function maskedAround(text: string, findings: readonly Finding[], near?: Finding): string {
  const from = near === undefined ? 0 : Math.max(0, near.start - AROUND)
  const to = near === undefined ? text.length : Math.min(text.length, near.end + AROUND)
  let masked = ''
  let at = from
  for (const { rule, start, end } of findings) {
    if (end <= from || start >= to) continue
    masked += `${text.slice(at, Math.max(at, start))}[${rule}]`
    at = Math.max(at, end)
  }
  masked += text.slice(at, Math.max(at, to))
  return masked
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST)
}
