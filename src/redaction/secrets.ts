/** `redactSecrets`: a `redact` for any store. It removes secrets from all texts and keys. */

import { createHash } from 'node:crypto'
import { fromEntries } from '../json-value.ts'
import { isData, LONGEST_TOKEN } from './data.ts'
import { readGitleaks } from './gitleaks.ts'
import { type KeySource, keyed, mark } from './marks.ts'
import { loadPreset, type Preset } from './preset.ts'
import { isPromise, onceKnown, type Path, type Redact } from './redact.ts'

import { checkRule, type Finding, type Rule, RuleError, type TableRule } from './rule.ts'
import { isAuthorization, isSecretName } from './rules/generic.ts'
import { isLikelySecret } from './rules/likely.ts'
import { TABLE } from './rules/table.ts'
import { Scanner } from './scanning/scanner.ts'

/** A finding that is not replaced. All given properties must match. */
export interface Allowed {
  rule?: string
  /** The secret itself. */
  text?: string
  /** Path of the text or of a container around it, such as `messages.*.metadata`; `*` matches any one part. */
  path?: string
}

/** A secret that was replaced, without its text. */
export interface RedactedSecret {
  readonly rule: string
  /** Path of the text, or of the object if a key contained the secret. */
  readonly path: Path
}

export interface SecretOptions {
  /** Additional rules, or the path of a gitleaks rule file (which needs the package `smol-toml`). */
  rules?: string | readonly Rule[]
  /** Ids of the only rules to use. */
  only?: readonly string[]
  /** Ids of rules not to use. */
  off?: readonly string[]
  /** Findings that are not replaced: the exact secret, or a description. */
  allow?: readonly (string | Allowed)[]
  /**
   * Also uses secretlint's recommended preset (the packages `@secretlint/core` and
   * `@secretlint/secretlint-rule-preset-recommend`, version 11). `redact` then returns promises. Default: false.
   */
  preset?: boolean
  /**
   * The key of the marks. Keep it secret, and out of the store. Default: the store's key if it has one, else a
   * random key of this process.
   */
  key?: Uint8Array | string
  /** Called for each secret that was replaced. */
  onFinding?: (finding: RedactedSecret) => void
}

/**
 * Makes a `redact` that replaces each secret by `[redacted:<rule>:<8 hex>]`. The same secret and key give the same
 * mark, and nobody can compute it without the key. It is deterministic, uses neither network nor clock, and leaves
 * existing marks as they are.
 *
 * ```ts
 * const store = new GitSessionStore('./sessions', { redact: redactSecrets() })
 * ```
 *
 * @throws RuleError for a rule that cannot be used, or that fails its own samples
 */
export function redactSecrets(options: SecretOptions = {}): Redact {
  const { allow = [], onFinding, preset = false } = options
  const detector = new Detector(options)
  const allowed = allow.map((entry) => (typeof entry === 'string' ? { text: entry } : entry))
  const replace = (
    key: KeySource,
    text: string,
    path: Path,
    told: Path,
    findings: readonly Finding[],
  ): unknown => {
    const kept =
      allowed.length === 0
        ? findings
        : findings.filter((finding) => !allowed.some((entry) => fits(entry, finding, path)))
    if (kept.length === 0) return text
    for (const { rule } of kept) onFinding?.({ rule, path: told })
    return onceKnown(key(), (known) => mark(text, kept, known))
  }
  return keyed(options.key, (key) => (value, path) => {
    if (typeof value === 'string') {
      const found = preset ? detector.findAll(value, path.at(-1)) : detector.find(value, path.at(-1))
      if (found === NOTHING) return value
      return onceKnown(found, (all) => replace(key, value, path, path, all))
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return withCleanKeys(value, detector, (name, found) => replace(key, name, [...path, name], path, found))
  })
}

/** Finds secrets without replacing them. */
export interface SecretFinder {
  /** Hash of the rules: a text without findings has none as long as this id is the same. */
  readonly id: string
  /** Returns the secrets of a text, also allowed ones. @param key the key that the text is the value of */
  find(text: string, key?: string | number): readonly Finding[] | Promise<readonly Finding[]>
  /** Whether the options allow a finding at this path. */
  allows(finding: Finding, path: Path): boolean
}

/** Makes a finder of what `redactSecrets` would replace with these options. */
export function secretFinder(options: SecretOptions = {}): SecretFinder {
  const { allow = [], preset = false } = options
  const detector = new Detector(options)
  const allowed = allow.map((entry) => (typeof entry === 'string' ? { text: entry } : entry))
  const rules = rulesOf(options).map(({ id, keywords, expression, values, holds }: TableRule) => [
    ...[id, keywords, String(expression), String(holds)],
    ...(values ?? []).map((value) => Object.values(value).map(String)),
  ])
  return {
    id: createHash('sha256')
      .update(JSON.stringify([preset, rules]))
      .digest('hex'),
    find: (text, key) => (preset ? detector.findAll(text, key) : detector.find(text, key)),
    allows: (finding, path) => allowed.some((entry) => fits(entry, finding, path)),
  }
}

/**
 * Makes a check of JSON values that needs no paths, and so takes half the time: whether `redactSecrets()` leaves a value
 * unchanged. It may return false for such a value, but true only for one that has no secret.
 */
export function cleanCheck(): (value: unknown) => boolean {
  const detector = new Detector({}, new RecentTexts())
  const names = new Set<string>()
  const isCleanName = (name: string): boolean => {
    if (names.has(name)) return true
    if (detector.find(name).length > 0) return false
    if (names.size >= MOST_NAMES) names.clear()
    names.add(name)
    return true
  }
  const isClean = (value: unknown, key: string | number | undefined, depth: number): boolean => {
    if (typeof value === 'string') return detector.find(value, key).length === 0
    if (typeof value !== 'object' || value === null) return true
    if (depth > DEEPEST_CHECKED) return false
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++)
        if (!isClean(value[index], index, depth + 1)) return false
      return true
    }
    for (const name of Object.keys(value)) {
      if (!isCleanName(name)) return false
      if (!isClean((value as Record<string, unknown>)[name], name, depth + 1)) return false
    }
    return true
  }
  return (value) => isClean(value, undefined, 0)
}

const DEEPEST_CHECKED = 100

/** Finds the secrets of a text by the rules of the options. */
class Detector {
  readonly #scanner: Scanner
  readonly #clean: CleanTexts | RecentTexts
  /** Whether the value under a key is a secret by the key's name, by key. */
  readonly #names = new Map<string, boolean>()
  /** The preset is asked about every text with a keyword of the table, also of rules that are off. */
  readonly #prefilter: Scanner
  readonly #load = loadPreset()

  constructor(options: SecretOptions, clean: CleanTexts | RecentTexts = new CleanTexts()) {
    const rules = rulesOf(options)
    this.#clean = clean
    this.#scanner = new Scanner(rules)
    this.#prefilter = options.preset === true ? new Scanner([...TABLE, ...rules]) : this.#scanner
  }

  /** @param key the key that the text is the value of */
  find(text: string, key?: string | number): readonly Finding[] {
    if (text.length < SHORTEST) return NOTHING
    if (isData(text, key)) return this.#wholeToken(text)
    const found = this.#clean.has(text) ? NOTHING : this.#scanner.scan(text)
    if (found.length > 0) return found
    this.#clean.add(text)
    if (typeof key !== 'string' || text.length > LONGEST_TOKEN) return NOTHING
    if (isAuthorization(key)) return this.#behind('authorization: ', text)
    if (!this.#isSecretName(key)) return NOTHING
    if (/\s/.test(text) || text.includes('[redacted:') || !isLikelySecret(text)) return NOTHING
    if (!this.#scanner.has('assigned')) return NOTHING
    return [{ rule: 'assigned', start: 0, end: text.length, secret: text }]
  }

  /** Encoded bytes are looked at only as a whole: in them, beginnings of tokens stand by chance. */
  #wholeToken(text: string): readonly Finding[] {
    if (text.length > LONGEST_TOKEN) return NOTHING
    const found = this.#scanner.scan(text)
    return found.length === 1 && found[0]!.end - found[0]!.start === text.length ? found : NOTHING
  }

  /** The secrets of a text that stands behind these words. */
  #behind(words: string, text: string): readonly Finding[] {
    const found = this.#scanner.scan(words + text)
    return found.flatMap(({ start, end, ...rest }) =>
      start < words.length ? [] : [{ ...rest, start: start - words.length, end: end - words.length }],
    )
  }

  #isSecretName(key: string): boolean {
    const known = this.#names.get(key)
    if (known !== undefined) return known
    if (this.#names.size >= MOST_NAMES) this.#names.clear()
    const is = isSecretName(key)
    this.#names.set(key, is)
    return is
  }

  /** As `find`, and asks the preset too. */
  findAll(text: string, key?: string | number): readonly Finding[] | Promise<readonly Finding[]> {
    const found = this.find(text, key)
    if (text.length < SHORTEST || isData(text, key) || !this.#prefilter.concerns(text)) return found
    return this.#load().then(async (ask: Preset) => merge(found, await ask(text)))
  }
}

/** Characters of the shortest secret. */
const SHORTEST = 8

/**
 * Remembers texts without secrets: states are saved again and again, so only new texts need a scan. The older half is
 * dropped when there are too many characters.
 */
class CleanTexts {
  #young = new Set<string>()
  #old = new Set<string>()
  #length = 0

  has(text: string): boolean {
    return this.#young.has(text) || this.#old.has(text)
  }

  add(text: string): void {
    if (text.length > MOST_REMEMBERED / 4 || this.#young.has(text)) return
    if (this.#length > MOST_REMEMBERED) {
      this.#old = this.#young
      this.#young = new Set()
      this.#length = 0
    }
    this.#young.add(text)
    this.#length += text.length + 32
  }
}

/** Characters. */
const MOST_REMEMBERED = 4 << 20

/**
 * Remembers the last long texts without secrets, since a transcript repeats a text within a few lines. They are compared:
 * to compute the hash of a text takes longer, and so does it to look up a short one.
 */
class RecentTexts {
  readonly #texts: string[] = []
  #next = 0

  has(text: string): boolean {
    return text.length > SHORT && this.#texts.includes(text)
  }

  add(text: string): void {
    if (text.length <= SHORT || text.length > MOST_REMEMBERED / 4) return
    this.#texts[this.#next] = text
    this.#next = (this.#next + 1) % MOST_LONG
  }
}

const SHORT = 64
const MOST_LONG = 8
/** Keys whose names are remembered. */
const MOST_NAMES = 4096

const NOTHING: readonly Finding[] = []

function withCleanKeys(
  value: object,
  detector: Detector,
  replace: (key: string, found: readonly Finding[]) => unknown,
): unknown {
  const keys = Object.keys(value)
  const found = keys.map((key) => detector.find(key))
  if (found.every(({ length }) => length === 0)) return value
  const members = Object.values(value)
  const renamed = keys.map((key, index) => replace(key, found[index]!))
  const made = (names: readonly unknown[]) =>
    fromEntries(names.map((name, index) => [name as string, members[index]]))
  return renamed.some(isPromise) ? Promise.all(renamed).then(made) : made(renamed)
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

/** Throws RuleError if a rule finds nothing in a sample of `match`, or something in a sample of `pass`. */
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
