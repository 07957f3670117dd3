/** Joins a token that was cut: by a terminal that wrapped its line, or by JSON that escaped one of its characters. */

/** How many characters may still be read to join tokens; it bounds the work on a text of nothing but cuts. */
export interface Budget {
  left: number
}

/** A text made of parts of another one, in order. */
export class Joined {
  text = ''
  /** Where each part starts in this text. */
  readonly #starts: number[] = []
  /** Where each part starts in the other text. */
  readonly #places: number[] = []

  add(part: string, place: number): void {
    this.begin(this.text.length, place)
    this.text += part
  }

  /** Says that from `start` on, this text is the other one from `place` on. */
  begin(start: number, place: number): void {
    this.#starts.push(start)
    this.#places.push(place)
  }

  /** Where a character of this text stands in the other one. */
  placeOf(index: number): number {
    const part = countBelow(this.#starts, index + 1) - 1
    return this.#places[part]! + index - this.#starts[part]!
  }
}

const RUN = /[\w.~+/=%$-]{0,1000}/y
/** `\/`, possibly escaped several times, as JSON inside JSON is. */
const SLASH = /\\{1,15}\//y
/** A line end, plain or escaped, and what a terminal or a tool writes at the start of the next line. */
const WRAP = /(?:\r?\n|\\{1,15}(?:r\\{1,15})?n)(?:[ \t]{0,8}[│|>+]?[ \t]{0,8}|[ \t]{0,8}[0-9]{1,6}[→:|\t])/y
/** Columns of the narrowest terminal. */
const NARROWEST = 20
const MOST_CUTS = 16

/** How many of the ascending numbers are smaller. */
export function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Returns the end of the first piece of the token that begins at `at`, or `undefined` if no cut follows it.
 *
 * @param budget is reduced by the characters read
 * @param slashes whether the token may contain a `/`
 */
export function firstCut(text: string, at: number, budget: Budget, slashes: boolean): number | undefined {
  if (budget.left <= 0) return undefined
  const end = runEnd(text, at)
  budget.left -= end - at
  return isCut(text, end, slashes) ? end : undefined
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
export function joinFrom(
  text: string,
  at: number,
  cut: number,
  budget: Budget,
  slashes: boolean,
  state: (joined: string) => 'part' | 'whole' | 'end',
): Joined | undefined {
  const joined = new Joined()
  joined.add(text.slice(at, cut), at)
  let end = cut
  let cuts = 0
  for (; cuts < MOST_CUTS; cuts++) {
    const slash = slashes ? endOf(SLASH, text, end) : undefined
    if (slash !== undefined) {
      budget.left -= 16
      if (budget.left <= 0) break
      joined.add('/', slash - 1)
      end = slash
    } else {
      const next = endOf(WRAP, text, end)
      if (next === undefined || isNarrow(text, end)) break
      budget.left -= 4 * joined.text.length
      if (budget.left <= 0 || !goesOn(text, next, false)) break
      const now = state(joined.text)
      if (now === 'end' || (now === 'whole' && !goesOn(text, next, true))) break
      end = next
    }
    const from = end
    end = runEnd(text, from)
    joined.add(text.slice(from, end), from)
  }
  return cuts === 0 ? undefined : joined
}

/** Whether a cut that may be removed is at this place. Called for each possible token. */
function isCut(text: string, at: number, slashes: boolean): boolean {
  let code = text.charCodeAt(at)
  if (code === NEWLINE || code === RETURN) return !isNarrow(text, at)
  if (code !== BACKSLASH) return false
  let end = at + 1
  while (end < at + 16 && text.charCodeAt(end) === BACKSLASH) end++
  code = text.charCodeAt(end)
  return (slashes && code === 0x2f) || ((code === 0x6e || code === 0x72) && !isNarrow(text, at))
}

/** Whether the line that ends here is shorter than the narrowest terminal. */
function isNarrow(text: string, cut: number): boolean {
  for (let at = cut - 1; at >= cut - NARROWEST; at--) {
    const code = text.charCodeAt(at)
    if (at < 0 || code === NEWLINE || (code === 0x6e && text.charCodeAt(at - 1) === BACKSLASH)) return true
  }
  return false
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const BACKSLASH = 0x5c
const ESCAPE = 0x1b
const LETTER_K = 0x4b
const LETTER_M = 0x6d

/** Whether the start of a line continues a token. */
function goesOn(text: string, next: number, whole: boolean): boolean {
  const end = runEnd(text, next)
  const piece = text.slice(next, end)
  if (piece === '' || /[=:](?!$|=$)/.test(piece)) return false
  if (whole && !/[0-9]|[a-z][A-Z]/.test(piece)) return false
  return end === text.length || /[\s"'`\\,;)\]}<@]/.test(text[end]!)
}

/** How many backslashes the expressions here read. */
const MOST_BACKSLASHES = 15
/** An escape of JSON, or a colour of a terminal. */
const DISGUISE = /\\{1,15}u00[2-7][0-9a-fA-F]|(?:\x1b|\\{1,15}(?:u001[bB]|x1[bB]|033|e))\[[0-9;]{0,16}[mK]/y

/** The text without terminal colours, and with JSON escapes such as `\u002d` decoded; `undefined` if it has neither. */
export function plainOf(text: string): Joined | undefined {
  if (!text.includes('\\u00') && !text.includes('\x1b[') && !/\\(?:x1b|x1B|033|e)\[/.test(text))
    return undefined
  const plain = new Joined()
  const codes = new Uint16Array(text.length)
  let length = 0
  plain.begin(0, 0)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH || code === ESCAPE) {
      let run = at + 1
      if (code === BACKSLASH) while (text.charCodeAt(run) === BACKSLASH) run++
      const start = Math.max(at, run - MOST_BACKSLASHES)
      const end = endOf(DISGUISE, text, start)
      for (const stop = end === undefined ? run : start; at < stop; at++) codes[length++] = code
      if (end !== undefined) {
        const last = text.charCodeAt(end - 1)
        const isColour = last === LETTER_M || last === LETTER_K
        plain.begin(length, isColour ? end : end - 1)
        if (!isColour) codes[length++] = 16 * hexValue(text.charCodeAt(end - 2)) + hexValue(last)
      }
      at = (end ?? run) - 1
      continue
    }
    codes[length++] = code
  }
  for (let at = 0; at < length; at += CHUNK)
    plain.text += String.fromCharCode(...codes.subarray(at, Math.min(length, at + CHUNK)))
  return plain
}

/** How many characters are made at once. */
const CHUNK = 4096

const hexValue = (code: number): number => (code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57)

function runEnd(text: string, at: number): number {
  RUN.lastIndex = at
  RUN.test(text)
  return RUN.lastIndex
}

/** Where a match of a sticky expression ends. */
function endOf(expression: RegExp, text: string, at: number): number | undefined {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : undefined
}
