/** Reads a policy from the store's own `config`, where `git config` writes it. */
import type { Config } from '../../git/config/parser.ts'
import type { RetentionPolicy } from './policy.ts'

const RULE = /^forkpoint\.retention\.(.+)\.([a-z]+)$/
const KEYS = {
  type: 'type',
  project: 'project',
  maxage: 'maxAge',
  maxcount: 'maxCount',
  maxbytes: 'maxBytes',
  minage: 'minAge',
  keeptitle: 'keepTitles',
} as const

/**
 * Returns the policy of a store; `undefined` if it has none. Each `[forkpoint "retention.<name>"]` is one rule, in the
 * order of the file. `keepTitle` may occur more than once. The values are not checked.
 *
 *     git config --file sessions/config forkpoint.retention.all.maxAge 90d
 */
export function policyIn(config: Config): RetentionPolicy | undefined {
  const rules = new Map<string, Record<string, unknown>>()
  for (const [key, values] of config) {
    const [, name, setting] = RULE.exec(key) ?? []
    if (name === undefined || setting === undefined) continue
    const rule = rules.get(name) ?? {}
    rules.set(name, rule)
    const last = values.at(-1) ?? ''
    const known = KEYS[setting as keyof typeof KEYS] ?? setting
    rule[known] =
      known === 'keepTitles' ? values : known === 'maxCount' && /^\d+$/.test(last) ? Number(last) : last
  }
  const trash = config.get('forkpoint.trash')?.at(-1)
  if (rules.size === 0 && trash === undefined) return undefined
  return { rules: [...rules.values()], ...(trash !== undefined && { trash }) } as RetentionPolicy
}
