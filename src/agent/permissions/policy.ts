/** A permission policy, as users write it. */
import { Rule } from './rule.ts'

export type Decision = 'allow' | 'deny' | 'ask'

/**
 * Rules are `tool` or `tool(pattern)`; names in any case, with `*` in them. For tools with a path the pattern is a glob
 * relative to the workspace (`read(src/**)`); for `bash` a command (`bash(git status)`), a command with any arguments
 * (`bash(git status:*)`) or a text with `*`; for other tools a text with `*` compared with the input as JSON. `tool(*)`
 * means the same as `tool`. Deny and ask rules for `write` also apply to `edit`.
 */
export interface PermissionPolicy {
  deny?: readonly string[]
  ask?: readonly string[]
  allow?: readonly string[]
  /** Default `ask`. */
  defaultDecision?: Decision
  /** `false`: everything is allowed. Default true. */
  enabled?: boolean
}

/** A policy with parsed rules and defaults filled in. */
export interface ParsedPolicy {
  deny: readonly Rule[]
  ask: readonly Rule[]
  allow: readonly Rule[]
  defaultDecision: Decision
  enabled: boolean
}

/** Throws TypeError for an invalid policy or rule. */
export function parsePolicy(policy: PermissionPolicy): ParsedPolicy {
  const { defaultDecision = 'ask', enabled = true } = policy
  if (!['allow', 'deny', 'ask'].includes(defaultDecision)) {
    throw new TypeError("defaultDecision of a permission policy has to be 'allow', 'deny' or 'ask'")
  }
  if (typeof enabled !== 'boolean') throw new TypeError('enabled of a permission policy has to be a boolean')
  return {
    deny: parseRules('deny', policy.deny),
    ask: parseRules('ask', policy.ask),
    allow: parseRules('allow', policy.allow),
    defaultDecision,
    enabled,
  }
}

function parseRules(list: string, rules: readonly string[] | undefined): Rule[] {
  if (rules === undefined) return []
  if (!Array.isArray(rules)) throw new TypeError(`${list} of a permission policy has to be an array of rules`)
  return rules.map((text) => new Rule(text, list))
}
