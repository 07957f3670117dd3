/** Joins tokens that were cut: by a terminal that wrapped its line, or by JSON that escaped one of their characters. */

import { Characters, RunEnds } from './characters.ts'
import { Joined } from './joined.ts'

/** What tokens consist of. */
const TOKEN = new Characters(/[\w.~+/=%$-]/)
/** How much of a token is read at once. */
const LONGEST_PIECE = 1000
/** Fewer characters than a token of any rule has, without its cuts. */
export const SHORTEST_TOKEN = 14
/** `\/`, possibly escaped several times, as JSON inside JSON is. */
const SLASH = /\\{1,15}\//y
const BLANK = String.raw`(?:[ \t]|\\{1,15}t)`
/** A line end, plain or escaped, and what stands before the rest: a line number; marks of quotes, boxes, diffs and comments. */
const WRAP = new RegExp(
  String.raw`(?:\\?\r?\n|\\{1,15}(?:r\\{1,15})?n)${BLANK}{0,8}(?:[0-9]{1,6}(?:[ \t]{0,4}[→:|│]|${BLANK}))?${BLANK}{0,8}(?:(?:[│|>+#*]|\/\/[ \t])${BLANK}{0,4}){0,2}`,
  'y',
)
/** Columns of the narrowest terminal. */
const NARROWEST = 20
const MOST_CUTS = 16
/** Characters that joining may read, in addition to the length of the text. */
const LEAST_BUDGET = 64 * 1024

/** Joining over a line end takes as long as reading this many characters. */
const COST_OF_WRAP = 64

/** The cut tokens of one text. The work is bounded, also for a text of nothing but cuts. */
export class Folds {
  readonly #text: string
  readonly #ends: RunEnds
  /** How many characters may still be read. */
  #left: number
  /** The place that was last asked about, and what it is. */
  #asked = { at: -1, slashes: false, isCut: false }

  constructor(text: string) {
    this.#text = text
    this.#ends = new RunEnds(TOKEN, text)
    this.#left = LEAST_BUDGET + text.length
  }

  /**
   * Whether a whole token or the first piece of one may begin at `at`. Called for each keyword, also those that come close together.
   *
   * @param slashes whether the token may contain a `/`
   */
  mayBegin(at: number, slashes: boolean): boolean {
    const end = this.#ends.of(at)
    return end - at >= SHORTEST_TOKEN || this.#isCut(end, slashes)
  }

  /** Returns the end of the first piece of the token that begins at `at`, or `undefined` if no cut follows it. */
  firstCut(at: number, slashes: boolean): number | undefined {
    if (this.#left <= 0) return undefined
    const end = Math.min(this.#ends.of(at), at + LONGEST_PIECE)
    this.#left -= end - at
    return this.#isCut(end, slashes) ? end : undefined
  }

  /**
   * Returns the token that begins at `at` without its cuts, or `undefined` if what follows the cut is something else.
   * After a line end, only text that looks like the rest of a token is joined: a name before a `=`, a word or a sentence
   * is something else.
   *
   * @param cut what `firstCut` returned
   * @param state what the joined text is so far: `part` of a token; a `whole` token, which only random-looking text can
   * continue; or its `end`
   */
  joinFrom(
    at: number,
    cut: number,
    slashes: boolean,
    state: (joined: string) => 'part' | 'whole' | 'end',
  ): Joined | undefined {
    const text = this.#text
    let joined: Joined | undefined
    let end = cut
    for (let cuts = 0; cuts < MOST_CUTS; cuts++) {
      const slash = slashes ? endOf(SLASH, text, end) : undefined
      const next = slash ?? endOf(WRAP, text, end)
      const length = joined?.text.length ?? cut - at
      if (next === undefined) break
      this.#left -= slash === undefined ? COST_OF_WRAP + 4 * length : 16
      if (this.#left <= 0) break
      if (slash === undefined) {
        if ((cuts > 0 && isNarrow(text, end)) || !goesOn(text, next, false)) break
        const now = length < SHORTEST_TOKEN ? 'part' : state(joined?.text ?? text.slice(at, cut))
        if (now === 'end' || (now === 'whole' && !goesOn(text, next, true))) break
      }
      joined ??= new Joined(text.slice(at, cut), at)
      if (slash !== undefined) joined.add('/', slash - 1)
      end = pieceEnd(text, next)
      joined.add(text.slice(next, end), next)
    }
    return joined
  }

  /** Whether a cut that may be removed is at this place. */
  #isCut(at: number, slashes: boolean): boolean {
    const asked = this.#asked
    if (asked.at === at && asked.slashes === slashes) return asked.isCut
    asked.at = at
    asked.slashes = slashes
    asked.isCut = this.#looksCut(at, slashes)
    return asked.isCut
  }

  #looksCut(at: number, slashes: boolean): boolean {
    const text = this.#text
    let code = text.charCodeAt(at)
    if (code === NEWLINE || code === RETURN) return !isNarrow(text, at)
    if (code !== BACKSLASH) return false
    let end = at + 1
    while (end < at + 16 && text.charCodeAt(end) === BACKSLASH) end++
    code = text.charCodeAt(end)
    if (slashes && code === 0x2f) return true
    const isEnd = code === 0x6e || code === 0x72 || code === NEWLINE || code === RETURN
    return isEnd && !isNarrow(text, at)
  }
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const BACKSLASH = 0x5c

/** Whether the line that ends here is shorter than the narrowest terminal. */
function isNarrow(text: string, cut: number): boolean {
  for (let at = cut - 1; at >= cut - NARROWEST; at--) {
    const code = text.charCodeAt(at)
    if (at < 0 || code === NEWLINE || (code === 0x6e && text.charCodeAt(at - 1) === BACKSLASH)) return true
  }
  return false
}

/** Whether the start of a line continues a token. */
function goesOn(text: string, next: number, whole: boolean): boolean {
  const end = pieceEnd(text, next)
  const piece = text.slice(next, end)
  if (piece === '' || /[=:](?!$|=$)/.test(piece)) return false
  if (whole && !/[0-9]|[a-z][A-Z]/.test(piece)) return false
  return end === text.length || /[\s"'`\\,;)\]}<@]/.test(text[end]!)
}

const pieceEnd = (text: string, at: number): number => TOKEN.endOf(text, at, at + LONGEST_PIECE)

/** Where a match of a sticky expression ends. */
function endOf(expression: RegExp, text: string, at: number): number | undefined {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : undefined
}
