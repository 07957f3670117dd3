/**
 * The permission policy: which tool calls run, which are asked about, which are refused. Deny goes before ask, ask
 * before allow, allow before the default. Rules are no sandbox: they judge what a call says, not what a program does.
 */
import { posix } from 'node:path'
import { HOLE } from './pattern.ts'
import { type Decision, type PermissionPolicy, parsePolicy } from './policy.ts'
import type { Rule } from './rule.ts'
import type { FileUse } from './shell/file-uses.ts'
import { readShell, type ShellReading, type SimpleCommand } from './shell/reading.ts'

/** The part of a call that rules are compared with. */
export type Subject =
  | { tool: string; kind: 'command'; command: string }
  /** Every name of the file, relative to the workspace: as it was given, and with links resolved (the last). */
  | { tool: string; kind: 'path'; paths: readonly string[] }
  | { tool: string; kind: 'input'; text: string }

export interface Verdict {
  decision: Decision
  by: 'rule' | 'default' | 'disabled'
  /** The text of the rule that decided. */
  rule?: string
  reason?: string
}

/** Names of a path in a command; `undefined` when it leads outside the workspace. */
export type PathNames = (path: string) => readonly string[] | undefined

/** Most files that one command line may name, and folders they may be in; above that, a person decides. */
const MOST_FILES = 1000
const MOST_FOLDERS = 8

/** A policy whose rules are parsed. */
export class Permissions {
  readonly #deny: readonly Rule[]
  readonly #ask: readonly Rule[]
  readonly #allow: readonly Rule[]
  readonly #default: Decision
  readonly #enabled: boolean
  readonly #names: PathNames

  /** Throws TypeError for an invalid policy or rule. */
  constructor(policy: PermissionPolicy, names: PathNames = (path) => [posix.normalize(path)]) {
    const { allow, ask, defaultDecision, deny, enabled } = parsePolicy(policy)
    this.#deny = deny
    this.#ask = ask
    this.#allow = allow
    this.#default = defaultDecision
    this.#enabled = enabled
    this.#names = names
  }

  decide(subject: Subject): Verdict {
    if (!this.#enabled) return { decision: 'allow', by: 'disabled' }
    return subject.kind === 'command' ? this.#line(subject.tool, subject.command) : this.#simple(subject)
  }

  #simple(subject: Exclude<Subject, { kind: 'command' }>): Verdict {
    if (subject.kind === 'input') {
      const fits = (rule: Rule) => rule.isFor(subject.tool) && rule.fitsInput(subject.text)
      return this.#first(fits, fits)
    }
    const { paths, tool } = subject
    // A link is allowed only by the name that it leads to, but refused by either name.
    return this.#first(
      (rule) => refusesTool(rule, tool) && paths.some((path) => rule.refusesPath(path)),
      (rule) => rule.isFor(tool) && rule.allowsPath(paths.at(-1)!),
    )
  }

  #line(tool: string, line: string): Verdict {
    const own = (rule: Rule): boolean => rule.isFor(tool)
    const refusals = [...this.#deny, ...this.#ask]
    const guardsCommands = refusals.some((rule) => own(rule) && !rule.isWhole)
    const guardsFiles = refusals.some(
      (rule) => !own(rule) && ['read', 'write', 'ls'].some((kind) => rule.isFor(kind)),
    )
    const guarded = guardsCommands || guardsFiles
    // A policy without rules for commands does not need to parse them.
    if (!guarded && !this.#allow.some((rule) => own(rule) && !rule.isWhole)) return this.#first(own, own)
    const reading = readShell(line)
    const verdicts = reading.commands.map((command) => this.#command(own, command, guarded))
    if (reading.unclear !== undefined) verdicts.push(this.#unclear(own, line, reading.unclear))
    if (verdicts.length === 0) verdicts.push(this.#first((rule) => own(rule) && rule.isWhole))
    const base = strictest(verdicts)
    if (base.decision === 'deny') return base
    return strictest([base, ...this.#files(reading, base, guardsFiles)])
  }

  #unclear(own: (rule: Rule) => boolean, line: string, reason: string): Verdict {
    const text = line.split(/\s+/).join(' ')
    const denied = this.#deny.find((rule) => own(rule) && rule.isMentionedIn(text))
    return denied === undefined ? { decision: 'ask', by: 'default', reason } : ruled('deny', denied)
  }

  #command(own: (rule: Rule) => boolean, command: SimpleCommand, guarded: boolean): Verdict {
    let maybe: Verdict | undefined
    for (const [decision, rules] of [
      ['deny', this.#deny],
      ['ask', this.#ask],
    ] as const) {
      for (const rule of rules) {
        const fit = own(rule) ? rule.refuses(command) : 'no'
        if (fit === 'yes') return maybe !== undefined && decision === 'ask' ? maybe : ruled(decision, rule)
        if (fit === 'maybe') maybe ??= ruled('ask', rule)
      }
    }
    if (maybe !== undefined) return maybe
    if (guarded && command.opaque !== undefined)
      return { decision: 'ask', by: 'default', reason: 'it runs a command that cannot be judged' }
    if (guarded && command.risky)
      return { decision: 'ask', by: 'default', reason: 'it sets variables that may change what runs' }
    const allowed = this.#allow.find((rule) => own(rule) && rule.allows(command))
    return allowed === undefined ? { decision: this.#default, by: 'default' } : ruled('allow', allowed)
  }

  /** Applies the rules for files to the files in a command line. */
  #files({ files, folders }: ShellReading, base: Verdict, guarded: boolean): Verdict[] {
    const relevant = files.filter(({ how }) => guarded || how === 'redirection')
    if (relevant.length === 0) return []
    const bases = basesOf(folders)
    if (relevant.length * bases.length > MOST_FILES) {
      return [{ decision: 'ask', by: 'default', reason: 'it names too many files to be judged' }]
    }
    const places = (path: string): string[] =>
      path.startsWith('/') ? [path] : bases.map((folder) => posix.join(folder, path))
    return relevant.flatMap((use) =>
      places(use.path).map((path) =>
        use.how === 'redirection'
          ? this.#redirection({ ...use, path }, base)
          : this.#named({ ...use, path }, base),
      ),
    )
  }

  #redirection(use: FileUse, base: Verdict): Verdict {
    const { kind, path } = use
    const whole =
      base.decision === 'allow' &&
      (base.by === 'default' || this.#allow.some((rule) => rule.text === base.rule && rule.isWhole))
    const paths = isOpen(path) ? undefined : this.#names(path)
    if (paths === undefined) {
      const reason = `it ${kind}s a file that is not known to be in the workspace`
      return whole ? this.#named(use, base) : { decision: 'ask', by: 'default', reason }
    }
    const verdict = this.#simple({ tool: kind, kind: 'path', paths })
    return verdict.by === 'rule' || !whole ? verdict : base
  }

  /**
   * Only deny and ask matter: the rule that allowed the command allowed its arguments. An unknown word of a command
   * that may do anything with its words decides nothing.
   */
  #named({ how, kind, path }: FileUse, base: Verdict): Verdict {
    if (how === 'mentioned' && path === HOLE) return base
    const isCertain = how !== 'mentioned' && how !== 'below' && !isOpen(path)
    const known = isOpen(path) ? [withoutRoot(path)] : (this.#names(path) ?? [])
    const paths = how === 'below' ? known.map((name) => (name === '.' ? HOLE : `${name}/${HOLE}`)) : known
    for (const [decision, rules] of [
      ['deny', this.#deny],
      ['ask', this.#ask],
    ] as const) {
      const rule = rules.find(
        (rule) =>
          refusesTool(rule, kind) &&
          (isCertain || !rule.isWhole) &&
          paths.some((name) => rule.refusesPath(name)),
      )
      if (rule !== undefined) return ruled(isCertain ? decision : 'ask', rule)
    }
    return base
  }

  #first(refuses: (rule: Rule) => boolean, allows: (rule: Rule) => boolean = refuses): Verdict {
    const lists = [
      ['deny', this.#deny, refuses],
      ['ask', this.#ask, refuses],
      ['allow', this.#allow, allows],
    ] as const
    for (const [decision, rules, fits] of lists) {
      const rule = rules.find(fits)
      if (rule !== undefined) return ruled(decision, rule)
    }
    return { decision: this.#default, by: 'default' }
  }
}

const RANK: Readonly<Record<Decision, number>> = { deny: 2, ask: 1, allow: 0 }

const strictest = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce((worst, verdict) => (RANK[verdict.decision] > RANK[worst.decision] ? verdict : worst))

const ruled = (decision: Decision, { text }: Rule): Verdict => ({ decision, by: 'rule', rule: text })

/** A rule against `write` also forbids `edit`. */
const refusesTool = (rule: Rule, tool: string): boolean =>
  rule.isFor(tool) || (tool.toLowerCase() === 'edit' && rule.isFor('write'))

/** Every folder that a relative name may start from: each `cd` may have run or not, in any order. */
function basesOf(folders: readonly string[]): string[] {
  const bases = ['.']
  for (const folder of folders) {
    for (const base of [...bases]) {
      const next = folder.startsWith('/') || folder.startsWith(HOLE) ? folder : posix.join(base, folder)
      if (!bases.includes(next)) bases.push(next)
      if (bases.length > MOST_FOLDERS) return ['.', HOLE]
    }
  }
  return bases
}

/** Whether the file is known only when the command runs. */
const isOpen = (path: string): boolean => path.includes(HOLE) || /^\/+proc\//.test(path)

/** A path with holes, relative to any folder that it may be in. */
function withoutRoot(path: string): string {
  // `/proc/self/cwd` and the like lead anywhere.
  if (!path.includes(HOLE)) return HOLE + path.slice(path.lastIndexOf('/'))
  const name = path.startsWith('/') ? path.slice(path.indexOf(HOLE)) : posix.normalize(path)
  return name.split('/').includes('..') ? HOLE : name
}
