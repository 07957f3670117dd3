/** Reads the rules of a gitleaks file, `gitleaks.toml`. */

import { createRequire } from 'node:module'
import { readNamedFile } from '../named-file.ts'
import { fromGo } from './go-expression.ts'
import type { TableRule } from './rule.ts'
import { type Rule, RuleError } from './rule.ts'

/**
 * Reads a gitleaks rule file. Beyond the expression, keywords and secret group of a rule, allow lists of texts are
 * applied. Other conditions are refused, since a rule that finds less than its author believes is worse than none.
 * Entropy is ignored, so a rule may find more.
 *
 * @throws NotFoundError when there is no such file
 * @throws RuleError that names the rule which cannot be used
 */
export function readGitleaks(file: string): readonly Rule[] {
  const { rules = [], extend } = parseToml(file) as { rules?: unknown; extend?: unknown }
  if (extend !== undefined)
    throw new RuleError(
      file,
      "it extends other rules: give a file that holds all of them, without '[extend]'",
    )
  if (!Array.isArray(rules)) throw new RuleError(file, "'rules' is a list of tables, '[[rules]]'")
  // A rule without an expression matches file names only.
  return rules.flatMap((rule: Record<string, unknown>) =>
    rule.regex === undefined ? [] : [ruleFrom(rule, file)],
  )
}

function ruleFrom(rule: Record<string, unknown>, file: string): TableRule {
  const { id, regex, keywords = [], secretGroup = 0, allowlist, allowlists = allowlist ?? [] } = rule
  if (typeof id !== 'string' || typeof regex !== 'string')
    throw new RuleError(String(id ?? file), 'it needs an id and a regex')
  if (!Array.isArray(keywords)) throw new RuleError(id, 'its keywords are a list')
  const expression = fromGo(regex, id)
  const allowed = [allowlists].flat().map((list) => allowedBy(list as Record<string, unknown>, id))
  return {
    id: id.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
    keywords: keywords.map(String),
    expression,
    ignoreCaseOfKeywords: true,
    group: typeof secretGroup === 'number' ? secretGroup : 0,
    holds: (secret) => !allowed.some((allows) => allows(secret)),
  }
}

function allowedBy(list: Record<string, unknown>, id: string): (secret: string) => boolean {
  const { regexes = [], stopwords = [], regexTarget = 'secret', paths, commits } = list
  if (paths !== undefined || commits !== undefined || list.condition === 'AND') return () => false
  if (regexTarget !== 'secret') return () => false
  const expressions = (regexes as string[]).map((regex) => fromGo(regex, id))
  const words = (stopwords as string[]).map((word) => word.toLowerCase())
  return (secret) =>
    expressions.some((expression) => expression.test(secret)) ||
    words.some((word) => secret.toLowerCase().includes(word))
}

function parseToml(file: string): unknown {
  const text = readNamedFile(file)
  let toml: { parse(text: string): unknown }
  try {
    toml = createRequire(import.meta.url)('smol-toml') as typeof toml
  } catch (cause) {
    throw new RuleError(file, "run 'npm install smol-toml' first, which reads it", { cause })
  }
  try {
    return toml.parse(text)
  } catch (cause) {
    throw new RuleError(file, `it is not TOML (${(cause as Error).message.split('\n')[0]})`, { cause })
  }
}
