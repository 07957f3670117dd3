/** Secrets found in a text: the prefilter finds places, rules look there. */

import { type Budget, joinFrom, plainOf } from './folds.ts'
import { Keywords } from './keywords.ts'
import type { TableRule } from './rule.ts'

export interface Finding {
  readonly rule: string
  /** From here … */
  readonly start: number
  /** … up to here, which is not a part of it. */
  readonly end: number
  /** As it is where nothing cuts it: without wraps and escapes. */
  readonly secret: string
}

/** A finding, and how early its rule stands in the table. */
type Ranked = Finding & { readonly rank: number }

/** What a rule that may look anywhere is given at once, and by how much the next one overlaps it. */
const WINDOW = 64 * 1024
const OVERLAP = 4 * 1024

/** What joining tokens that are cut may cost, beside the length of the text. */
const LEAST_BUDGET = 64 * 1024

const DATA_URL = ';base64,'
const DATA = /[A-Za-z0-9+/\\=]*/y

export class Scanner {
  readonly #rules: readonly TableRule[]
  /** By rule: tried at one place when it is anchored, else searched for. */
  readonly #expressions: readonly RegExp[]
  readonly #keywords: Keywords
  /** Rules without keywords. */
  readonly #always: readonly number[]

  constructor(rules: readonly TableRule[]) {
    this.#rules = rules
    this.#expressions = rules.map(({ anchored, expression }) => {
      const flags = expression.flags.replace(/[dgy]/g, '')
      return new RegExp(expression.source, `${flags}d${anchored ? 'y' : 'g'}`)
    })
    this.#keywords = new Keywords([
      ...rules.map(({ keywords, expression, ignoreCaseOfKeywords = expression.ignoreCase }) => ({
        keywords,
        ignoreCase: ignoreCaseOfKeywords,
      })),
      { keywords: [DATA_URL], ignoreCase: false },
    ])
    this.#always = [...rules.keys()].filter((index) => rules[index]!.keywords.length === 0)
  }

  /** What is found, in the order of places, none of them overlapping. */
  scan(text: string): readonly Finding[] {
    const found = this.#find(text)
    const plain = plainOf(text)
    if (plain !== undefined) {
      const place = (index: number) => plain.places[index]!
      for (const finding of this.#find(plain.text))
        found.push({ ...finding, start: place(finding.start), end: place(finding.end - 1) + 1 })
    }
    const fresh = found.length > 0 && text.includes(MARK_START) ? withoutMarks(found, text) : found
    return fresh.length < 2 ? fresh : separate(fresh, text)
  }

  #find(text: string): Ranked[] {
    const found: Ranked[] = []
    const budget = { left: LEAST_BUDGET + text.length }
    const anywhere = new Set(this.#always)
    this.#keywords.each(text, ({ at, owners }) => {
      let resume = at
      for (const owner of owners) {
        if (owner === this.#rules.length) {
          DATA.lastIndex = at + DATA_URL.length
          DATA.test(text)
          return DATA.lastIndex
        }
        if (this.#rules[owner]!.anchored === undefined) {
          anywhere.add(owner)
          continue
        }
        const finding = this.#at(owner, text, at, budget)
        if (finding === undefined) continue
        found.push(finding)
        // What a rule finds by its context may hold a token that a better rule names.
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

  /** Whether the text has a keyword of any rule. */
  concerns(text: string): boolean {
    let any = this.#always.length > 0
    this.#keywords.each(text, ({ owners, at }) => {
      any ||= owners.some((owner) => owner < this.#rules.length)
      return any ? text.length : at
    })
    return any
  }

  #at(rule: number, text: string, at: number, budget: Budget): Ranked | undefined {
    const finding = this.#match(rule, text, at)
    if (finding !== undefined && (finding.end === text.length || !'\\\r\n'.includes(text[finding.end]!)))
      return finding
    const { grows, cut } = this.#rules[rule]!
    if (finding === undefined ? !cut : !grows) return finding
    const begin = finding?.start ?? at
    // What stands before it goes along, since rules look back.
    const before = text.slice(Math.max(0, begin - 16), begin)
    let whole: Ranked | undefined
    const joined = joinFrom(text, begin, budget, (part) => {
      if (finding !== undefined) return 'whole'
      whole = this.#match(rule, before + part, before.length)
      return whole === undefined ? 'part' : grows ? 'whole' : 'end'
    })
    if (joined === undefined) return finding
    if (finding !== undefined) {
      const end = joined.places.at(-1)! + 1
      return end > finding.end ? { ...finding, end, secret: joined.text } : finding
    }
    whole = this.#match(rule, before + joined.text, before.length)
    if (whole === undefined) return undefined
    const place = (index: number) => joined.places[index - before.length]!
    return { ...whole, start: place(whole.start), end: place(whole.end - 1) + 1 }
  }

  #match(rule: number, text: string, at: number): Ranked | undefined {
    const expression = this.#expressions[rule]!
    expression.lastIndex = at
    const match = expression.exec(text)
    return match === null ? undefined : this.#finding(rule, match)
  }

  #search(rule: number, text: string, found: Ranked[]): void {
    const expression = this.#expressions[rule]!
    for (let from = 0; from === 0 || from + OVERLAP < text.length; from += WINDOW - OVERLAP) {
      const window = text.length <= WINDOW ? text : text.slice(from, from + WINDOW)
      expression.lastIndex = 0
      for (let match = expression.exec(window); match !== null; match = expression.exec(window)) {
        if (match[0] === '') expression.lastIndex++
        const finding = this.#finding(rule, match)
        if (finding !== undefined)
          found.push({ ...finding, start: finding.start + from, end: finding.end + from })
      }
    }
  }

  #finding(rank: number, match: RegExpExecArray): Ranked | undefined {
    const rule = this.#rules[rank]!
    const name = GROUPS.find((group) => match.groups?.[group] !== undefined)
    const number = rule.group === undefined ? 0 : numberOf(match, rule.group)
    const secret = name === undefined ? match[number]! : match.groups![name]!
    if (secret === '') return undefined
    if (rule.holds !== undefined && !rule.holds(secret, match.groups ?? {})) return undefined
    const [start, end] = name === undefined ? match.indices![number]! : match.indices!.groups![name]!
    return { rule: rule.id, rank, start, end, secret }
  }
}

/** Where a rule has several places for its secret, they have names of their own. */
const GROUPS = ['secret', 'word', 'alone'] as const

const MARK_START = '[redacted:'
const MARK = /\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]/g

/** Findings but those in a mark of an earlier look, or that hold little else: what was redacted stays as it is. */
function withoutMarks(found: readonly Ranked[], text: string): Ranked[] {
  const marks = [...text.matchAll(MARK)].map(({ index, 0: mark }) => ({
    start: index,
    end: index + mark.length,
  }))
  const inside = (place: number) => marks.some(({ start, end }) => place > start && place < end)
  return found.filter(
    ({ start, end }) =>
      !inside(start) && !inside(end) && text.slice(start, end).replace(MARK, '').length >= MIN_SECRET,
  )
}

const MIN_SECRET = 3

/** As gitleaks has it: the group that was named, else the first that holds something, else all. */
function numberOf(match: RegExpExecArray, group: number): number {
  const first = match.findIndex((text, index) => index > 0 && text !== undefined && text !== '')
  return group > 0 && match[group] !== undefined ? group : Math.max(0, first)
}

/** Findings that overlap become one, which has the name of the rule that stands first in the table. */
function separate(found: readonly Ranked[], text: string): Ranked[] {
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
