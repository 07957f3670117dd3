/** Short forms for the rules of tokens that begin with a known prefix. */

import type { TableRule } from '../rule.ts'

/** What may stand before a token: no letter or digit, unless it ends an escape (`\n`, `%3D`). */
const BEFORE = '(?<=^|[^A-Za-z0-9_]|\\\\[nrtbf]|%[0-9A-Fa-f]{2})'

/**
 * A token of a provider: a prefix that says whose it is, and a body.
 *
 * @param prefixes each one a keyword, matched as it stands
 * @param body source of an expression with an upper bound for its length
 * @param match samples; what stands in braces is filled in where they are used (`test/redaction/sample.ts`): nothing
 * in this repository looks like a secret
 */
export function token(id: string, prefixes: string | string[], body: string, ...match: string[]): TableRule {
  const keywords = [prefixes].flat()
  const start = keywords.map((prefix) => prefix.replace(/[.$^*+?()[\]{}|\\/]/g, '\\$&')).join('|')
  const expression = new RegExp(`${BEFORE}(?:${start})${body}(?![A-Za-z0-9])`)
  const grows = /\{\d+,\d+\}/.test(body)
  return { id, keywords, expression, anchored: true, cut: true, grows, match }
}
