/** The search of one text: rules are tried where their keywords stand. */

import type { Finding, TableRule } from '../rule.ts'
import { type Characters, RunEnds } from './characters.ts'
import { Folds } from './folds.ts'
import type { Form, ValueForm } from './form.ts'
import { NextOf } from './next-of.ts'

/** A finding with the position of its rule in the table. */
export type Ranked = Finding & { readonly rank: number }

/** A rule, and what the search needs of it. */
export interface Compiled {
  readonly rule: TableRule
  readonly form: Form
}

/** Characters that an unanchored rule is given at once, and how many of them the next window repeats. */
const WINDOW = 64 * 1024
const OVERLAP = 4 * 1024

/** More characters than a secret's name and the separator before its value have. */
const CONTEXT = 128

/**
 * How many values of one rule are looked at that end at the same place, and so overlap. Real texts have one: `password=` within the
 * value of another `password=`.
 */
const MOST_OVERLAPPING = 3

export class Search {
  readonly found: Ranked[] = []
  readonly #table: readonly Compiled[]
  readonly #text: string
  readonly #folds: Folds
  readonly #next = new Map<string, NextOf>()
  readonly #runs = new Map<Characters, RunEnds>()
  /** By rule with `whole`: the end of its last finding. */
  readonly #ends: number[] = []
  /** By rule: where the last values end that turned out to be no secrets, and how many of them end there. */
  readonly #refused: { end: number; times: number }[] = []

  constructor(table: readonly Compiled[], text: string) {
    this.#table = table
    this.#text = text
    this.#folds = new Folds(text)
  }

  /** Tries an anchored rule at its keyword. Returns where the search of keywords may continue. */
  tryAt(rank: number, at: number): number {
    const { ahead, near, whole } = this.#table[rank]!.rule
    if (whole && at + CONTEXT <= (this.#ends[rank] ?? 0)) return at
    if (near !== undefined && !this.#nextOf(near.oneOf).isNear(at, near)) return at
    const finding = ahead === undefined ? this.#at(rank, at) : this.#before(rank, at, ahead)
    if (finding === undefined) return at
    this.found.push(finding)
    if (whole) this.#ends[rank] = finding.end
    // A finding by context may contain a token that a more specific rule names.
    return finding.start === at ? finding.end : finding.start
  }

  /** Tries a rule everywhere. */
  everywhere(rank: number): void {
    const { expression } = this.#table[rank]!.form
    const text = this.#text
    for (let from = 0; from === 0 || from + OVERLAP < text.length; from += WINDOW - OVERLAP) {
      const window = text.length <= WINDOW ? text : text.slice(from, from + WINDOW)
      expression.lastIndex = 0
      for (let match = expression.exec(window); match !== null; match = expression.exec(window)) {
        if (match[0] === '') expression.lastIndex++
        const finding = this.#finding(rank, match, window)
        if (finding !== undefined)
          this.found.push({ ...finding, start: finding.start + from, end: finding.end + from })
      }
    }
  }

  #before(rank: number, at: number, ahead: readonly number[]): Ranked | undefined {
    for (const length of ahead) {
      const finding = at < length ? undefined : this.#match(rank, this.#text, at - length)
      if (finding !== undefined) return finding
    }
    return undefined
  }

  #at(rank: number, at: number): Ranked | undefined {
    const text = this.#text
    const { rule, form } = this.#table[rank]!
    const { grows, cut } = rule
    const { slashes, values } = form
    if (cut && !this.#folds.mayBegin(at, slashes)) return undefined
    const finding = values === undefined ? this.#match(rank, text, at) : this.#value(rank, at)
    if (finding !== undefined && !MAY_CUT.has(text.charCodeAt(finding.end))) return finding
    if (finding === undefined ? !cut : !grows) return finding
    const begin = finding?.start ?? at
    const cutAt = this.#folds.firstCut(begin, slashes)
    if (cutAt === undefined) return finding
    // The text before it is included, since rules have lookbehinds.
    const before = text.slice(Math.max(0, begin - 16), begin)
    let whole: Ranked | undefined
    const joined = this.#folds.joinFrom(begin, cutAt, slashes, (part) => {
      if (finding !== undefined) return 'whole'
      whole = this.#match(rank, before + part, before.length)
      return whole === undefined ? 'part' : grows ? 'whole' : 'end'
    })
    if (joined === undefined) return finding
    if (finding !== undefined) {
      const end = joined.endOf(joined.text.length - 1)
      return end > finding.end ? { ...finding, end, secret: joined.text } : finding
    }
    whole = this.#match(rank, before + joined.text, before.length)
    if (whole === undefined) return undefined
    const { start, end } = whole
    const [first, last] = [start - before.length, end - 1 - before.length]
    return movedTo(whole, joined.placeOf(first), joined.endOf(last))
  }

  #match(rank: number, text: string, at: number): Ranked | undefined {
    const { rule, form } = this.#table[rank]!
    const { expression, hasGroups } = form
    expression.lastIndex = at
    if (hasGroups) {
      const match = expression.exec(text)
      return match === null ? undefined : this.#finding(rank, match, text)
    }
    // Most rules. `exec` would make an array for each match.
    if (!expression.test(text)) return undefined
    const end = expression.lastIndex
    const secret = text.slice(at, end)
    return rule.holds?.(secret, NO_GROUP) === false
      ? undefined
      : { rule: rule.id, rank, start: at, end, secret }
  }

  /** Tries a rule with values: its expression, and then the value. */
  #value(rank: number, at: number): Ranked | undefined {
    const text = this.#text
    const { rule, form } = this.#table[rank]!
    form.expression.lastIndex = at
    if (!form.expression.test(text)) return undefined
    const start = form.expression.lastIndex
    const value = form.values?.find(({ behind }) => behind?.includes(text[start - 1]!) ?? true)
    const end = value === undefined ? undefined : this.#valueEnd(value, at, start)
    // What ends no later than the last finding is a part of it.
    if (end === undefined || (rule.whole && end <= (this.#ends[rank] ?? 0))) return undefined
    const refused = this.#refused[rank]
    const times = refused?.end === end ? refused.times : 0
    if (times >= MOST_OVERLAPPING) return undefined
    const secret = text.slice(start, end)
    if (rule.holds?.(secret, NO_GROUP) !== false) return { rule: rule.id, rank, start, end, secret }
    this.#refused[rank] = { end, times: times + 1 }
    return undefined
  }

  /** The end of the value that begins at `start`; `undefined` if there is none. */
  #valueEnd(value: ValueForm, at: number, start: number): number | undefined {
    const text = this.#text
    const { of, least, most, padded, next, fits } = value
    let end = Math.min(this.#runEnd(of, start), start + most)
    if (end - start < least) return undefined
    if (padded) for (let count = 0; count < 2 && text[end] === '='; count++) end++
    if (next !== undefined) {
      next.lastIndex = end
      if (!next.test(text)) return undefined
    }
    if (fits === undefined) return end
    this.#valueStart = start
    return fits({ text, keyword: at, start, runEnd: this.#runEndOfValue }) ? end : undefined
  }

  #valueStart = 0
  /** Made once, since a text may have very many values. */
  readonly #runEndOfValue = (of: Characters): number => this.#runEnd(of, this.#valueStart)

  #runEnd(of: Characters, at: number): number {
    let ends = this.#runs.get(of)
    if (ends === undefined) {
      ends = new RunEnds(of, this.#text)
      this.#runs.set(of, ends)
    }
    return ends.of(at)
  }

  #nextOf(oneOf: string): NextOf {
    const next = this.#next.get(oneOf) ?? new NextOf(oneOf, this.#text)
    this.#next.set(oneOf, next)
    return next
  }

  #finding(rank: number, match: RegExpExecArray, text: string): Ranked | undefined {
    const { rule, form } = this.#table[rank]!
    const { names, secrets, exact } = form
    const number =
      secrets.length > 0
        ? (secrets.find((group) => match[group] !== undefined) ?? 0)
        : numberOf(match, rule.group)
    const secret = match[number]!
    if (secret === '') return undefined
    if (rule.holds !== undefined && !rule.holds(secret, (name) => match[names[name] ?? -1])) return undefined
    const { index } = match
    if (number === 0) return { rule: rule.id, rank, start: index, end: index + secret.length, secret }
    if (rule.anchored) {
      // At most a closing character follows the secret.
      const start = index + match[0].lastIndexOf(secret)
      return { rule: rule.id, rank, start, end: start + secret.length, secret }
    }
    exact.lastIndex = index
    const [start, end] = exact.exec(text)!.indices![number]!
    return { rule: rule.id, rank, start, end, secret }
  }
}

export const movedTo = ({ rule, rank, secret }: Ranked, start: number, end: number): Ranked => ({
  rule,
  rank,
  start,
  end,
  secret,
})

const NO_GROUP = () => undefined

/** Characters that a cut of a token begins with: a backslash, and the ends of lines. */
const MAY_CUT = new Set([0x5c, 0x0d, 0x0a])

/** Returns the number of the secret's group as in gitleaks: the given group, else the first non-empty one, else 0. */
function numberOf(match: RegExpExecArray, group: number | undefined): number {
  if (group === undefined) return 0
  const first = match.findIndex((text, index) => index > 0 && text !== undefined && text !== '')
  return group > 0 && match[group] !== undefined ? group : Math.max(0, first)
}
