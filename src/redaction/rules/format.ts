/** Short forms for the rules of tokens that begin with a known prefix. */

import type { TableRule } from '../rule.ts'

/** What may precede a token: not a letter, digit or `_`, unless it ends an escape (`\n`, `%3D`). */
const BEFORE = '(?<=^|[^A-Za-z0-9_]|\\\\[nrtbf]|%[0-9A-Fa-f]{2})'

/**
 * Makes the rule of a provider's token, which is a known prefix and a body.
 *
 * @param prefixes keywords, matched literally
 * @param body source of an expression with an upper bound for its length
 * @param match samples; the parts in braces are filled in by `test/redaction/sample.ts`, so that nothing in this
 * repository looks like a secret
 */
export function token(id: string, prefixes: string | string[], body: string, ...match: string[]): TableRule {
  const keywords = [prefixes].flat()
  const start = keywords.map((prefix) => prefix.replace(/[.$^*+?()[\]{}|\\/]/g, '\\$&')).join('|')
  const expression = new RegExp(`${BEFORE}(?:${start})${body}(?![A-Za-z0-9])`)
  const grows = /\{\d+,\d+\}/.test(body)
  return { id, keywords, expression, anchored: true, cut: true, grows, match }
}
