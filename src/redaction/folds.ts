/** Joins a token that was cut: by a terminal that wrapped its line, or by JSON that escaped one of its characters. */

/** How many characters may still be read to join tokens; it bounds the work on a text of nothing but cuts. */
export interface Budget {
  left: number
}

/** A joined token, with the place of each of its characters in the original text. */
export interface Joined {
  readonly text: string
  readonly places: readonly number[]
}

const RUN = /[\w.~+/=%$-]{0,1000}/y
/** `\/`, possibly escaped several times, as JSON inside JSON is. */
const SLASH = /\\{1,15}\//y
/** A line end, plain or escaped, and what a terminal or a tool writes at the start of the next line. */
const WRAP = /(?:\r?\n|\\{1,15}(?:r\\{1,15})?n)(?:[ \t]{0,8}[│|>+]?[ \t]{0,8}|[ \t]{0,8}[0-9]{1,6}[→:|\t])/y
/** Columns of the narrowest terminal. */
const NARROWEST = 20
const MOST_CUTS = 16

/**
 * Returns the token that begins at `at` without its cuts, or `undefined` if it has none. After a line end, only text
 * that looks like the rest of a token is joined: a name before a `=`, a word or a sentence is something else.
 *
 * @param budget is reduced by the characters read
 * @param slashes whether the token may contain a `/`
 * @param state what the joined text is so far: `part` of a token; a `whole` token, which only random-looking text can
 * continue; or its `end`
 */
export function joinFrom(
  text: string,
  at: number,
  budget: Budget,
  slashes: boolean,
  state: (joined: string) => 'part' | 'whole' | 'end',
): Joined | undefined {
  if (budget.left <= 0) return undefined
  let end = runEnd(text, at)
  budget.left -= end - at
  if (!isCut(text, end, slashes)) return undefined
  const places: number[] = []
  let joined = ''
  const take = (to: number, from = end) => {
    joined += text.slice(from, to)
    for (let place = from; place < to; place++) places.push(place)
    end = to
  }
  take(end, at)
  let cuts = 0
  for (; cuts < MOST_CUTS; cuts++) {
    const slash = slashes ? matchAt(SLASH, text, end) : undefined
    if (slash !== undefined) {
      budget.left -= 16
      if (budget.left <= 0) break
      joined += '/'
      end += slash[0].length
      places.push(end - 1)
    } else {
      const wrap = matchAt(WRAP, text, end)
      if (wrap === undefined || isNarrow(text, end)) break
      budget.left -= 4 * joined.length
      const now = budget.left > 0 ? state(joined) : 'end'
      if (now === 'end' || !goesOn(text, end + wrap[0].length, now === 'whole')) break
      end += wrap[0].length
    }
    take(runEnd(text, end))
  }
  return cuts === 0 ? undefined : { text: joined, places }
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

/** Whether the start of a line continues a token. */
function goesOn(text: string, next: number, whole: boolean): boolean {
  const end = runEnd(text, next)
  const piece = text.slice(next, end)
  if (piece === '' || /[=:](?!$|=$)/.test(piece)) return false
  if (whole && !/[0-9]|[a-z][A-Z]/.test(piece)) return false
  return end === text.length || /[\s"'`\\,;)\]}<@]/.test(text[end]!)
}

const DISGUISE = /\\{1,15}u00([2-7][0-9a-fA-F])|(?:\x1b|\\{1,15}(?:u001[bB]|x1[bB]|033|e))\[[0-9;]{0,16}[mK]/g

/** The text without terminal colours, and with JSON escapes such as `\u002d` decoded; `undefined` if it has neither. */
export function plainOf(text: string): Joined | undefined {
  if (!text.includes('\\u00') && !text.includes('\x1b[') && !/\\(?:x1b|x1B|033|e)\[/.test(text))
    return undefined
  const places: number[] = []
  let plain = ''
  let from = 0
  const take = (to: number) => {
    plain += text.slice(from, to)
    for (let place = from; place < to; place++) places.push(place)
  }
  for (const { index, 0: disguise, 1: code } of text.matchAll(DISGUISE)) {
    take(index)
    from = index + disguise.length
    if (code === undefined) continue
    plain += String.fromCharCode(Number.parseInt(code, 16))
    places.push(from - 1)
  }
  take(text.length)
  return { text: plain, places }
}

function runEnd(text: string, at: number): number {
  RUN.lastIndex = at
  RUN.test(text)
  return RUN.lastIndex
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at
  return expression.exec(text) ?? undefined
}
