/** Finds secrets in a text: the prefilter finds keywords, and rules are tried there. */

import type { Finding, TableRule } from '../rule.ts'
import { formOf } from './form.ts'
import { countBelow } from './joined.ts'
import { Keywords } from './keywords.ts'
import { plainOf } from './plain.ts'
import { type Compiled, movedTo, type Ranked, Search } from './search.ts'

const DATA_URL = ';base64,'
/** Its slashes may be escaped, as in JSON. */
const DATA = /(?:[A-Za-z0-9+/]|\\{1,15}\/)*={0,2}/y

export class Scanner {
  readonly #table: readonly Compiled[]
  readonly #keywords: Keywords
  /** Rules without keywords, or with one that the prefilter cannot find. */
  readonly #always: readonly number[]

  constructor(rules: readonly TableRule[]) {
    this.#table = rules.map((rule) => ({ rule, form: formOf(rule) }))
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
      const known = found.length
      let next = 0
      for (const finding of this.#find(plain.text)) {
        const [start, end] = [plain.placeOf(finding.start), plain.endOf(finding.end - 1)]
        // Most are found in both texts.
        while (next < known && found[next]!.start < start) next++
        const same = next < known ? found[next]! : undefined
        if (same === undefined || same.start !== start || same.end !== end || same.rank !== finding.rank)
          found.push(movedTo(finding, start, end))
      }
    }
    const fresh = found.length > 0 && text.includes(MARK_START) ? withoutMarks(found, text) : found
    return fresh.length < 2 ? fresh : separate(fresh, text)
  }

  #find(text: string): Ranked[] {
    // Most texts are short and without a keyword, and need neither.
    let search: Search | undefined
    let anywhere = this.#always.length === 0 ? undefined : new Set(this.#always)
    this.#keywords.each(text, (at, owners) => {
      let resume = at
      for (const owner of owners) {
        if (owner === this.#table.length) {
          DATA.lastIndex = at + DATA_URL.length
          DATA.test(text)
          return DATA.lastIndex
        }
        search ??= new Search(this.#table, text)
        if (this.#table[owner]!.rule.anchored) resume = Math.max(resume, search.tryAt(owner, at))
        else anywhere = (anywhere ?? new Set()).add(owner)
      }
      return resume
    })
    if (anywhere !== undefined) {
      search ??= new Search(this.#table, text)
      for (const rule of anywhere) search.everywhere(rule)
    }
    return search === undefined ? [] : search.found
  }

  has(rule: string): boolean {
    return this.#table.some(({ rule: { id } }) => id === rule)
  }

  /** Whether the text contains a keyword of any rule, or a rule needs none. */
  concerns(text: string): boolean {
    let any = this.#always.length > 0
    this.#keywords.each(text, (at, owners) => {
      any ||= owners.some((owner) => owner < this.#table.length)
      return any ? text.length : at
    })
    return any
  }
}

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
