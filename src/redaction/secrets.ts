/** `redactSecrets`: a `redact` for any store that takes secrets out of all texts and keys. */

import { isData } from './data.ts'
import { readGitleaks } from './gitleaks.ts'
import { keyOf, mark } from './marks.ts'
import { loadPreset, type Preset } from './preset.ts'
import type { Path, Redact } from './redact.ts'
import { checkRule, type Rule, RuleError } from './rule.ts'
import { isSecretName } from './rules/generic.ts'
import { isLikelySecret } from './rules/likely.ts'
import { TABLE } from './rules/table.ts'
import { type Finding, Scanner } from './scanner.ts'

/** What is let through although a rule finds it. All that is given has to fit. */
export interface Allowed {
  rule?: string
  /** The secret itself. */
  text?: string
  /** Where it stands and all below it, such as `messages.*.metadata`; `*` is any one part. */
  path?: string
}

/** One secret that was replaced. It does not hold the secret. */
export interface RedactedSecret {
  readonly rule: string
  readonly path: Path
}

export interface SecretOptions {
  /** More rules: your own, or the path of a gitleaks rule file (which needs the package `smol-toml`). */
  rules?: string | readonly Rule[]
  /** Only these rules, by id. */
  only?: readonly string[]
  /** All rules but these, by id. */
  off?: readonly string[]
  /** What is let through: a text that equals the secret, or a description. */
  allow?: readonly (string | Allowed)[]
  /**
   * Asks secretlint's recommended preset too (the packages `@secretlint/core` and
   * `@secretlint/secretlint-rule-preset-recommend`, line 11); the result is a promise then. Default: false.
   */
  preset?: boolean
  /** What marks are made with; keep it secret, and out of the store. Default: one that is made for this process. */
  key?: Uint8Array | string
  /** Is told of each secret that was replaced. */
  onFinding?: (finding: RedactedSecret) => void
}

/**
 * Makes a `redact` that replaces each secret by `[redacted:<rule>:<8 hex>]`. The same secret has the same text as
 * long as the key is the same, and no one can compute it without that key. It is deterministic, asks no network and no clock,
 * and leaves what it replaced before as it is.
 *
 * ```ts
 * const store = new GitSessionStore('./sessions', { redact: redactSecrets() })
 * ```
 *
 * @throws RuleError for a rule that cannot be used, or whose own samples it fails
 */
export function redactSecrets(options: SecretOptions = {}): Redact {
  const { allow = [], preset = false, onFinding } = options
  const scanner = new Scanner(rulesOf(options))
  const allowed = allow.map((entry) => (typeof entry === 'string' ? { text: entry } : entry))
  const load = preset ? loadPreset() : undefined
  // The preset has its say about what the table's keywords let through, whichever rules are on.
  const prefilter = preset ? new Scanner([...TABLE, ...rulesOf(options)]) : scanner
  const key = keyOf(options.key)
  const keys = new CleanKeys(scanner)

  // A key that holds a secret is told of by its object: its own path would show it.
  const replace = (text: string, path: Path, findings: readonly Finding[], told = path): string => {
    const kept = findings.filter((finding) => !allowed.some((entry) => fits(entry, finding, path)))
    if (kept.length === 0) return text
    for (const { rule } of kept) onFinding?.({ rule, path: told })
    return mark(text, kept, key)
  }
  const redact = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      if (value.length < SHORTEST || isData(value, path.at(-1))) return value
      const found = findIn(scanner, value, path.at(-1))
      if (load === undefined || !prefilter.concerns(value)) return replace(value, path, found)
      return load().then(async (found2: Preset) => replace(value, path, merge(found, await found2(value))))
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return withCleanKeys(value, keys, (name, found) => replace(name, [...path, name], found, path))
  }
  return redact
}

/** A secret has at least this many characters. */
const SHORTEST = 8

function findIn(scanner: Scanner, text: string, key: string | number | undefined): readonly Finding[] {
  const found = scanner.scan(text)
  if (typeof key !== 'string' || found.length > 0 || text.length > 512) return found
  if (!isSecretName(key) || /\s/.test(text) || text.includes('[redacted:') || !isLikelySecret(text))
    return found
  return scanner.has('assigned') ? [{ rule: 'assigned', start: 0, end: text.length, secret: text }] : found
}

/** Keys are few and come again: those that hold nothing are remembered, up to a bound. */
class CleanKeys {
  readonly #scanner: Scanner
  readonly #clean = new Set<string>()

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  find(key: string): readonly Finding[] {
    if (key.length < SHORTEST || this.#clean.has(key)) return NOTHING
    const found = this.#scanner.scan(key)
    if (found.length === 0 && key.length <= 64) {
      if (this.#clean.size >= 4096) this.#clean.clear()
      this.#clean.add(key)
    }
    return found
  }
}

const NOTHING: readonly Finding[] = []

function withCleanKeys(
  value: object,
  keys: CleanKeys,
  replace: (key: string, found: readonly Finding[]) => string,
): object {
  let renamed = false
  const entries = Object.entries(value).map(([key, inner]) => {
    const found = keys.find(key)
    if (found.length === 0) return [key, inner] as const
    renamed = true
    return [replace(key, found), inner] as const
  })
  return renamed ? Object.fromEntries(entries) : value
}

function fits({ rule, text, path }: Allowed, finding: Finding, at: Path): boolean {
  if (rule !== undefined && rule !== finding.rule) return false
  if (text !== undefined && text !== finding.secret) return false
  return (
    path === undefined || path.split('.').every((part, index) => part === '*' || part === String(at[index]))
  )
}

const merge = (ours: readonly Finding[], theirs: readonly Finding[]): readonly Finding[] =>
  [
    ...ours,
    ...theirs.filter(({ start, end }) => ours.every((own) => end <= own.start || start >= own.end)),
  ].sort((a, b) => a.start - b.start)

function rulesOf({ rules = [], only, off = [] }: SecretOptions): readonly Rule[] {
  const own = typeof rules === 'string' ? readGitleaks(rules) : rules
  for (const rule of own) checkSamples(rule)
  const all = [...own, ...TABLE.filter(({ id }) => !own.some((rule) => rule.id === id))]
  for (const id of [...(only ?? []), ...off])
    if (!all.some((rule) => rule.id === id)) throw new RuleError(id, 'there is no rule of this id')
  return all.filter(({ id }) => (only === undefined || only.includes(id)) && !off.includes(id))
}

/** Throws RuleError when a rule misses a sample that it must find, or finds one that it must not. */
function checkSamples(rule: Rule): void {
  checkRule(rule)
  const alone = new Scanner([rule])
  for (const [index, text] of (rule.match ?? []).entries())
    if (alone.scan(text).length === 0)
      throw new RuleError(rule.id, `it does not find its sample ${index + 1}`)
  for (const [index, text] of (rule.pass ?? []).entries())
    if (alone.scan(text).length > 0)
      throw new RuleError(rule.id, `it finds what it must pass, sample ${index + 1}`)
}
