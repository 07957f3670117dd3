/**
 * The permission policy: which tool calls run, which are asked about, which are refused. Deny goes before ask, ask
 * before allow, allow before the default.
 */
import { pathPattern, textPattern } from './pattern.ts'
import { parseShell, type Redirection, type SimpleCommand, WRAPPERS } from './shell.ts'

export type Decision = 'allow' | 'deny' | 'ask'

/**
 * Rules are `tool` or `tool(pattern)`; names in any case, with `*` in them. For tools with a path the pattern is a
 * glob relative to the workspace (`read(src/**)`); for `bash` a command (`bash(git status)`), a command with any
 * arguments (`bash(git status:*)`) or a text with `*`; for other tools a text with `*` compared with the input as
 * JSON. `tool(*)` means the same as `tool`.
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

/** What a rule is compared with. */
export type Subject =
  | { tool: string; kind: 'command'; command: string }
  /** Every name of the file, relative to the workspace: as it was given, and with links resolved (the last). */
  | { tool: string; kind: 'path'; paths: readonly string[] }
  | { tool: string; kind: 'input'; text: string }

export interface Verdict {
  decision: Decision
  by: 'rule' | 'default' | 'disabled'
  /** The rule that decided, as it was written. */
  rule?: string
  reason?: string
}

/** Names of a path for a redirection; `undefined` when it leads outside the workspace. */
export type PathNames = (path: string) => readonly string[] | undefined

/** `over` on top of `under`, field by field; a field that `over` does not have stays. */
export function mergePolicies(
  under: PermissionPolicy | undefined,
  over: PermissionPolicy | undefined,
): PermissionPolicy {
  const given = Object.entries(over ?? {}).filter(([, value]) => value !== undefined)
  return { ...under, ...Object.fromEntries(given) }
}

interface Rule {
  text: string
  tool: RegExp
  /** `undefined`: fits every call of the tool. */
  pattern: string | undefined
}

/** A policy whose rules are parsed. */
export class Permissions {
  readonly #deny: readonly Rule[]
  readonly #ask: readonly Rule[]
  readonly #allow: readonly Rule[]
  readonly #default: Decision
  readonly #enabled: boolean
  readonly #names: PathNames

  /** Throws TypeError for a policy or a rule that is none. */
  constructor(policy: PermissionPolicy, names: PathNames = (path) => [path]) {
    this.#deny = parseRules('deny', policy.deny)
    this.#ask = parseRules('ask', policy.ask)
    this.#allow = parseRules('allow', policy.allow)
    this.#default = policy.defaultDecision ?? 'ask'
    if (!['allow', 'deny', 'ask'].includes(this.#default)) {
      throw new TypeError("defaultDecision of a permission policy has to be 'allow', 'deny' or 'ask'")
    }
    this.#enabled = policy.enabled ?? true
    if (typeof this.#enabled !== 'boolean')
      throw new TypeError('enabled of a permission policy has to be a boolean')
    this.#names = names
  }

  decide(subject: Subject): Verdict {
    if (!this.#enabled) return { decision: 'allow', by: 'disabled' }
    return subject.kind === 'command' ? this.#command(subject.tool, subject.command) : this.#simple(subject)
  }

  #simple(subject: Exclude<Subject, { kind: 'command' }>): Verdict {
    const fits = (rule: Rule, all: boolean): boolean => {
      if (!rule.tool.test(subject.tool)) return false
      if (rule.pattern === undefined) return true
      if (subject.kind === 'input') return textPattern(rule.pattern).test(subject.text)
      const pattern = pathPattern(rule.pattern)
      // A link is allowed only for what it leads to; refused for either name.
      return all ? pattern.test(subject.paths.at(-1)!) : subject.paths.some((path) => pattern.test(path))
    }
    return this.#first(
      (rule) => fits(rule, false),
      (rule) => fits(rule, true),
    )
  }

  #command(tool: string, command: string): Verdict {
    const [deny, ask, allow] = [this.#deny, this.#ask, this.#allow].map((rules) =>
      rules.filter((rule) => rule.tool.test(tool)),
    ) as [Rule[], Rule[], Rule[]]
    const looks = [...deny, ...ask, ...allow].some(({ pattern }) => pattern !== undefined)
    // A policy that does not look at commands does not need to understand them.
    if (!looks) return this.#first((rule) => rule.tool.test(tool))
    const parsed = parseShell(command)
    if (parsed === undefined) {
      const denied = deny.find((rule) => rule.pattern === undefined || mentions(rule.pattern, command))
      if (denied !== undefined) return { decision: 'deny', by: 'rule', rule: denied.text }
      return { decision: 'ask', by: 'default', reason: 'the command could not be parsed' }
    }
    const verdicts = parsed.commands.map((part) =>
      this.#first(
        (rule) => rule.tool.test(tool) && refuses(rule, part),
        (rule) => rule.tool.test(tool) && allows(rule, part),
      ),
    )
    if (verdicts.length === 0)
      verdicts.push(this.#first((rule) => rule.tool.test(tool) && rule.pattern === undefined))
    const base = strictest(verdicts)
    return strictest([
      base,
      ...parsed.redirections.map((redirection) => this.#redirection(redirection, base)),
    ])
  }

  #redirection({ kind, path }: Redirection, base: Verdict): Verdict {
    const whole =
      base.decision === 'allow' &&
      (base.by === 'default' ||
        [...this.#allow].some((rule) => rule.text === base.rule && rule.pattern === undefined))
    const paths = path === undefined ? undefined : this.#names(path)
    if (paths === undefined) {
      return whole
        ? base
        : {
            decision: 'ask',
            by: 'default',
            reason: `it ${kind}s a file that is not known to be in the workspace`,
          }
    }
    const verdict = this.decide({ tool: kind, kind: 'path', paths })
    return verdict.by === 'rule' || !whole ? verdict : base
  }

  #first(refuses: (rule: Rule) => boolean, allows: (rule: Rule) => boolean = refuses): Verdict {
    const lists = [
      ['deny', this.#deny, refuses],
      ['ask', this.#ask, refuses],
      ['allow', this.#allow, allows],
    ] as const
    for (const [decision, rules, fits] of lists) {
      const rule = rules.find(fits)
      if (rule !== undefined) return { decision, by: 'rule', rule: rule.text }
    }
    return { decision: this.#default, by: 'default' }
  }
}

const RANK: Readonly<Record<Decision, number>> = { deny: 2, ask: 1, allow: 0 }

const strictest = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce((worst, verdict) => (RANK[verdict.decision] > RANK[worst.decision] ? verdict : worst))

function parseRules(list: string, rules: readonly string[] | undefined): Rule[] {
  if (rules === undefined) return []
  if (!Array.isArray(rules)) throw new TypeError(`${list} of a permission policy has to be an array of rules`)
  return rules.map((text) => {
    const match = typeof text === 'string' ? /^\s*([\w.*-]+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(text) : null
    if (match === null) {
      throw new TypeError(
        `${JSON.stringify(text)} in ${list} is no permission rule; write 'tool' or 'tool(pattern)', such as 'bash(git status:*)'`,
      )
    }
    const pattern = match[2]?.trim()
    const any = pattern === undefined || pattern === '*' || pattern === '**' || pattern === ':*'
    return {
      text,
      tool: new RegExp(textPattern(match[1]!).source, 'isu'),
      pattern: any ? undefined : pattern!,
    }
  })
}

/** Whether a command is certain to be what the rule means: as it stands, without assignments before it. */
const allows = ({ pattern }: Rule, { text, assignments, words }: SimpleCommand): boolean =>
  pattern === undefined || (assignments.length === 0 && words.length > 0 && fitsCommand(pattern, text))

/** Whether a command may be what the rule means, in any disguise that is easy to see through. */
function refuses({ pattern }: Rule, command: SimpleCommand): boolean {
  return pattern === undefined || disguises(command).some((text) => fitsCommand(pattern, text))
}

function fitsCommand(pattern: string, text: string): boolean {
  const prefix = /^([\s\S]*?)\s*:\*$/.exec(pattern)?.[1]
  if (prefix === undefined) return textPattern(pattern).test(text)
  const start = prefix.replace(/[ \t]+/g, ' ')
  if (start.includes('*')) return textPattern(start).test(text) || textPattern(`${start} *`).test(text)
  return text === start || text.startsWith(`${start} `)
}

/** The command as written, and as the command that it runs in the end. */
function disguises({ words, text }: SimpleCommand): string[] {
  const forms = [text]
  const add = (rest: readonly string[]) => {
    const [name, ...others] = rest
    if (name === undefined) return
    forms.push(rest.join(' '), [name.replace(/^.*\//, ''), ...others].join(' '))
  }
  add(words)
  for (let index = 0; index < words.length; index++) {
    const isWrapped = words.slice(0, index).some((word) => WRAPPERS.has(word.replace(/^.*\//, '')))
    const isFindAction = /^-(?:exec|execdir|ok|okdir)$/.test(words[index - 1] ?? '')
    if (isWrapped || isFindAction) add(words.slice(index))
  }
  return forms
}

/** Whether a command that cannot be parsed may hold what the rule denies. */
function mentions(pattern: string, command: string): boolean {
  const start = pattern.replace(/\s*:?\*[\s\S]*$/, '')
  if (start === '') return true
  const words = start.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  return new RegExp(`(?:^|[^\\w-])${words.join('\\s+')}(?![\\w-])`, 'u').test(command)
}
