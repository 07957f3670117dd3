/** The prefilter: finds the keywords of all rules in a text, in one pass. */

export interface Hit {
  readonly at: number
  /** Positions of the keyword's owners in the list that the constructor got. */
  readonly owners: readonly number[]
}

interface Keyword {
  readonly text: string
  readonly ignoreCase: boolean
  readonly owners: number[]
}

/** How many pairs of first two characters there are. Keywords are looked up by their pair. */
const PAIRS = 128 * 128

/** Finds keywords in texts. Built once per table of rules. */
export class Keywords {
  readonly #begins = new Uint8Array(PAIRS)
  readonly #byPair = new Map<number, Keyword[]>()

  /** @param given the keywords of each owner; keywords with characters beyond ASCII are not found */
  constructor(given: readonly { keywords: readonly string[]; ignoreCase: boolean }[]) {
    const known = new Map<string, Keyword>()
    for (const [owner, { keywords, ignoreCase }] of given.entries()) {
      for (const word of new Set(keywords.map((word) => (ignoreCase ? word.toLowerCase() : word)))) {
        const name = `${ignoreCase} ${word}`
        const keyword = known.get(name) ?? { text: word, ignoreCase, owners: [] }
        keyword.owners.push(owner)
        if (!known.has(name)) this.#add(keyword)
        known.set(name, keyword)
      }
    }
  }

  #add(keyword: Keyword): void {
    const [first = '', second = ''] = keyword.text
    const cases = (letter: string) =>
      keyword.ignoreCase ? new Set([letter, letter.toUpperCase()]) : new Set([letter])
    for (const a of cases(first)) {
      for (const b of cases(second)) {
        const pair = (a.charCodeAt(0) << 7) | b.charCodeAt(0)
        this.#begins[pair] = 1
        this.#byPair.set(pair, [...(this.#byPair.get(pair) ?? []), keyword])
      }
    }
  }

  /** Calls `found` for each keyword in the text, in order. `found` returns the position to continue from. */
  each(text: string, found: (hit: Hit) => number): void {
    const end = text.length - 1
    let before = text.charCodeAt(0)
    for (let at = 0; at < end; at++) {
      const next = text.charCodeAt(at + 1)
      if (before < 128 && next < 128 && this.#begins[(before << 7) | next] === 1) {
        const owners = this.#at(text, at, (before << 7) | next)
        if (owners.length > 0) {
          const resume = found({ at, owners })
          if (resume > at + 1) {
            at = resume - 1
            before = text.charCodeAt(resume)
            continue
          }
        }
      }
      before = next
    }
  }

  #at(text: string, at: number, pair: number): readonly number[] {
    let owners: number[] | undefined
    for (const keyword of this.#byPair.get(pair)!) {
      if (!startsAt(text, keyword, at)) continue
      owners = owners === undefined ? keyword.owners : [...owners, ...keyword.owners]
    }
    return owners ?? NONE
  }
}

const NONE: readonly number[] = []

function startsAt(text: string, { text: word, ignoreCase }: Keyword, at: number): boolean {
  if (!ignoreCase) return text.startsWith(word, at)
  for (let i = 2; i < word.length; i++) {
    const code = text.charCodeAt(at + i)
    if ((code >= 65 && code <= 90 ? code | 32 : code) !== word.charCodeAt(i)) return false
  }
  return at + word.length <= text.length
}
