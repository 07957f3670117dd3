/** Finds secrets in a text: the prefilter finds keywords, and rules are tried there. */

import { type Budget, countBelow, firstCut, joinFrom, plainOf } from './folds.ts'
import { Keywords } from './keywords.ts'
import type { TableRule } from './rule.ts'

export interface Finding {
  readonly rule: string
  /** Start in the text. */
  readonly start: number
  /** End in the text, exclusive. */
  readonly end: number
  /** The secret without line wraps and escapes. */
  readonly secret: string
}

/** A finding with the position of its rule in the table. */
type Ranked = Finding & { readonly rank: number }

/** Characters that an unanchored rule is given at once, and how many of them the next window repeats. */
const WINDOW = 64 * 1024
const OVERLAP = 4 * 1024

/** Characters that joining cut tokens may read, in addition to the length of the text. */
const LEAST_BUDGET = 64 * 1024

/** More characters than a secret's name and the separator before its value have. */
const CONTEXT = 64

const DATA_URL = ';base64,'
const DATA = /[A-Za-z0-9+/\\=]*/y

export class Scanner {
  readonly #rules: readonly TableRule[]
  /** One per rule. */
  readonly #forms: readonly Form[]
  readonly #keywords: Keywords
  /** Rules without keywords, or with one that the prefilter cannot find. */
  readonly #always: readonly number[]

  constructor(rules: readonly TableRule[]) {
    this.#rules = rules
    this.#forms = rules.map(formOf)
    this.#keywords = new Keywords([
      ...rules.map(({ keywords, expression, ignoreCaseOfKeywords = expression.ignoreCase }) => ({
        keywords,
        ignoreCase: ignoreCaseOfKeywords,
      })),
      { keywords: [DATA_URL], ignoreCase: false },
    ])
    this.#always = [...rules.keys()].filter((index) => {
      const { keywords } = rules[index]!
      return keywords.length === 0 || keywords.some((word) => !Keywords.canFind(word))
    })
  }

  /** Returns the findings in order, without overlaps. */
  scan(text: string): readonly Finding[] {
    const found = this.#find(text)
    const plain = plainOf(text)
    if (plain !== undefined) {
      for (const finding of this.#find(plain.text))
        found.push(movedTo(finding, plain.placeOf(finding.start), plain.placeOf(finding.end - 1) + 1))
    }
    const fresh = found.length > 0 && text.includes(MARK_START) ? withoutMarks(found, text) : found
    return fresh.length < 2 ? fresh : separate(fresh, text)
  }

  #find(text: string): Ranked[] {
    const found: Ranked[] = []
    const budget = { left: LEAST_BUDGET + text.length }
    const anywhere = new Set(this.#always)
    const next = new Map<string, NextOf>()
    /** By rule with `whole`: the end of its last finding. */
    const ends: number[] = []
    this.#keywords.each(text, (at, owners) => {
      let resume = at
      for (const owner of owners) {
        if (owner === this.#rules.length) {
          DATA.lastIndex = at + DATA_URL.length
          DATA.test(text)
          return DATA.lastIndex
        }
        const { anchored, ahead, near, whole } = this.#rules[owner]!
        if (anchored === undefined) {
          anywhere.add(owner)
          continue
        }
        if (whole && at + CONTEXT <= (ends[owner] ?? 0)) continue
        if (near !== undefined && !nextOf(near.oneOf, next, text).isNear(at, near)) continue
        const finding =
          ahead === undefined ? this.#at(owner, text, at, budget) : this.#before(owner, text, at, ahead)
        if (finding === undefined) continue
        found.push(finding)
        if (whole) ends[owner] = finding.end
        // A finding by context may contain a token that a more specific rule names.
        resume = Math.max(resume, finding.start === at ? finding.end : finding.start)
      }
      return resume
    })
    for (const rule of anywhere) this.#search(rule, text, found)
    return found
  }

  has(rule: string): boolean {
    return this.#rules.some(({ id }) => id === rule)
  }

  /** Whether the text contains a keyword of any rule, or a rule needs none. */
  concerns(text: string): boolean {
    let any = this.#always.length > 0
    this.#keywords.each(text, (at, owners) => {
      any ||= owners.some((owner) => owner < this.#rules.length)
      return any ? text.length : at
    })
    return any
  }

  #before(rule: number, text: string, at: number, ahead: readonly number[]): Ranked | undefined {
    for (const length of ahead) {
      const finding = at < length ? undefined : this.#match(rule, text, at - length)
      if (finding !== undefined) return finding
    }
    return undefined
  }

  #at(rule: number, text: string, at: number, budget: Budget): Ranked | undefined {
    const finding = this.#match(rule, text, at)
    if (finding !== undefined && (finding.end === text.length || !'\\\r\n'.includes(text[finding.end]!)))
      return finding
    const { grows, cut } = this.#rules[rule]!
    if (finding === undefined ? !cut : !grows) return finding
    const { slashes } = this.#forms[rule]!
    const begin = finding?.start ?? at
    const cutAt = firstCut(text, begin, budget, slashes)
    if (cutAt === undefined) return finding
    // The text before it is included, since rules have lookbehinds.
    const before = text.slice(Math.max(0, begin - 16), begin)
    let whole: Ranked | undefined
    const joined = joinFrom(text, begin, cutAt, budget, slashes, (part) => {
      if (finding !== undefined) return 'whole'
      whole = this.#match(rule, before + part, before.length)
      return whole === undefined ? 'part' : grows ? 'whole' : 'end'
    })
    if (joined === undefined) return finding
    if (finding !== undefined) {
      const end = joined.placeOf(joined.text.length - 1) + 1
      return end > finding.end ? { ...finding, end, secret: joined.text } : finding
    }
    whole = this.#match(rule, before + joined.text, before.length)
    if (whole === undefined) return undefined
    const { start, end } = whole
    const place = (index: number) => joined.placeOf(index - before.length)
    return movedTo(whole, place(start), place(end - 1) + 1)
  }

  #match(rule: number, text: string, at: number): Ranked | undefined {
    const { expression, hasGroups } = this.#forms[rule]!
    expression.lastIndex = at
    if (hasGroups) {
      const match = expression.exec(text)
      return match === null ? undefined : this.#finding(rule, match, text)
    }
    // Most rules. `exec` would make an array for each match.
    if (!expression.test(text)) return undefined
    const { id, holds } = this.#rules[rule]!
    const end = expression.lastIndex
    const secret = text.slice(at, end)
    return holds?.(secret, NO_GROUP) === false ? undefined : { rule: id, rank: rule, start: at, end, secret }
  }

  #search(rule: number, text: string, found: Ranked[]): void {
    const { expression } = this.#forms[rule]!
    for (let from = 0; from === 0 || from + OVERLAP < text.length; from += WINDOW - OVERLAP) {
      const window = text.length <= WINDOW ? text : text.slice(from, from + WINDOW)
      expression.lastIndex = 0
      for (let match = expression.exec(window); match !== null; match = expression.exec(window)) {
        if (match[0] === '') expression.lastIndex++
        const finding = this.#finding(rule, match, window)
        if (finding !== undefined)
          found.push({ ...finding, start: finding.start + from, end: finding.end + from })
      }
    }
  }

  #finding(rank: number, match: RegExpExecArray, text: string): Ranked | undefined {
    const rule = this.#rules[rank]!
    const { names, secrets, exact } = this.#forms[rank]!
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

const movedTo = ({ rule, rank, secret }: Ranked, start: number, end: number): Ranked => ({
  rule,
  rank,
  start,
  end,
  secret,
})

const NO_GROUP = () => undefined

/** Finds the next of some characters; positions asked for must increase. */
class NextOf {
  readonly #text: string
  readonly #wanted = new Uint8Array(128)
  #next = -1

  constructor(oneOf: string, text: string) {
    this.#text = text
    for (const character of oneOf) this.#wanted[character.charCodeAt(0)] = 1
  }

  isNear(at: number, { before = 0, behind }: NonNullable<TableRule['near']>): boolean {
    let next = Math.max(this.#next, at - before, 0)
    while (next < this.#text.length && this.#wanted[this.#text.charCodeAt(next)] !== 1) next++
    this.#next = next
    return next < this.#text.length && next <= at + behind
  }
}

function nextOf(oneOf: string, known: Map<string, NextOf>, text: string): NextOf {
  const next = known.get(oneOf) ?? new NextOf(oneOf, text)
  known.set(oneOf, next)
  return next
}

/** A rule's expression, compiled for the scan. */
interface Form {
  /** Tried at one position (sticky) if the rule is anchored, else searched for. */
  readonly expression: RegExp
  /** Also gives the positions of groups, which is slower. */
  readonly exact: RegExp
  readonly hasGroups: boolean
  /** Numbers of the named groups; the expression is run without names, which is faster. */
  readonly names: Readonly<Record<string, number>>
  /** Numbers of the groups that are the secret. */
  readonly secrets: readonly number[]
  /** Whether a match may contain a `/`. */
  readonly slashes: boolean
}

function formOf({ anchored, expression }: TableRule): Form {
  const flags = expression.flags.replace(/[dgy]/g, '')
  const names: Record<string, number> = {}
  let number = 0
  // An escaped `(`, or one in a class, does not open a group.
  const source = expression.source.replace(
    /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?<(\w+)>|(?!\?))/gs,
    (part, name) => {
      if (!part.startsWith('(')) return part
      number += 1
      if (name !== undefined) names[name] = number
      return '('
    },
  )
  const isPlain = !/\\k</.test(source)
  return {
    expression: new RegExp(isPlain ? source : expression.source, `${flags}${anchored ? 'y' : 'g'}`),
    exact: new RegExp(expression.source, `${flags}dy`),
    names,
    hasGroups: number > 0,
    slashes: source.includes('/'),
    secrets: GROUPS.flatMap((group) => names[group] ?? []),
  }
}

/** Names of the groups that can be the secret, for rules with several alternatives. */
const GROUPS = ['secret', 'word', 'alone'] as const

const MARK_START = '[redacted:'
const MARK = /\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]/g

/** Drops findings that cut into a mark, or that contain little besides marks, so that redacted text stays as it is. */
function withoutMarks(found: readonly Ranked[], text: string): Ranked[] {
  const starts = [...text.matchAll(MARK)].map(({ index }) => index)
  const inside = (place: number) => {
    const start = starts[countBelow(starts, place) - 1]
    return start !== undefined && place < text.indexOf(']', start) + 1
  }
  return found.filter(
    ({ start, end }) =>
      !inside(start) && !inside(end) && text.slice(start, end).replace(MARK, '').length >= MIN_SECRET,
  )
}

const MIN_SECRET = 3

/** Returns the number of the secret's group as in gitleaks: the given group, else the first non-empty one, else 0. */
function numberOf(match: RegExpExecArray, group: number | undefined): number {
  if (group === undefined) return 0
  const first = match.findIndex((text, index) => index > 0 && text !== undefined && text !== '')
  return group > 0 && match[group] !== undefined ? group : Math.max(0, first)
}

/** Merges findings that overlap, under the rule that comes first in the table. */
function separate(found: readonly Ranked[], text: string): Ranked[] {
  if (found.every((finding, n) => n === 0 || finding.start >= found[n - 1]!.end)) return [...found]
  const sorted = found.toSorted((a, b) => a.start - b.start || b.end - a.end)
  const apart: Ranked[] = []
  for (const finding of sorted) {
    const last = apart.at(-1)
    if (last === undefined || finding.start >= last.end) {
      apart.push(finding)
      continue
    }
    const { rule, rank } = finding.rank < last.rank ? finding : last
    const within = finding.end <= last.end
    const end = within ? last.end : finding.end
    const same = within || finding.start === last.start
    const secret = same ? (within ? last : finding).secret : text.slice(last.start, end)
    apart[apart.length - 1] = { rule, rank, start: last.start, end, secret }
  }
  return apart
}
