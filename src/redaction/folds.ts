/**
 * A token that something cut: a terminal that wrapped its line, or JSON that escaped one of its characters. From where
 * such a token begins, it is joined again.
 */

/** How many characters may still be looked at to join them: a text that is nothing but cuts ends here. */
export interface Budget {
  left: number
}

/** A token in one piece, and where each character of it stands in the text it is from. */
export interface Joined {
  readonly text: string
  readonly places: readonly number[]
}

const RUN = /[\w.~+/=%$-]{0,1000}/y
/** `\/`, escaped as often as JSON stands in JSON. */
const SLASH = /\\{1,15}\//y
/** The end of a line, as itself or escaped, and what a terminal or a tool puts before the next one. */
const WRAP = /(?:\r?\n|\\{1,15}(?:r\\{1,15})?n)(?:[ \t]{0,8}[│|>+]?[ \t]{0,8}|[ \t]{0,8}[0-9]{1,6}[→:|\t])/y
/** Fewer columns than this has no terminal. */
const NARROWEST = 20
const MOST_CUTS = 16

/**
 * What begins at `at`, with all cuts taken out, or `undefined` if there is none. Where a line was wrapped, only what
 * looks like the rest of a token is joined: a name with `=` behind it, a word or a sentence begins something else.
 *
 * @param budget is made smaller
 * @param state what has been joined so far: a `part` of a token; a `whole` one, with which only what looks random goes
 * on; or its `end`
 */
export function joinFrom(
  text: string,
  at: number,
  budget: Budget,
  state: (joined: string) => 'part' | 'whole' | 'end',
): Joined | undefined {
  if (budget.left <= 0) return undefined
  let end = runEnd(text, at)
  budget.left -= end - at
  if (end === text.length || !'\\\r\n'.includes(text[end]!)) return undefined
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
    const slash = matchAt(SLASH, text, end)
    if (slash !== undefined) {
      joined += '/'
      end += slash[0].length
      places.push(end - 1)
    } else {
      const wrap = matchAt(WRAP, text, end)
      if (wrap === undefined) break
      budget.left -= 4 * joined.length
      const now = budget.left > 0 ? state(joined) : 'end'
      if (now === 'end' || !goesOn(text, end, end + wrap[0].length, now === 'whole')) break
      end += wrap[0].length
    }
    take(runEnd(text, end))
  }
  return cuts === 0 ? undefined : { text: joined, places }
}

/** Whether a line that ends at `cut` goes on at `next`. */
function goesOn(text: string, cut: number, next: number, whole: boolean): boolean {
  if (cut < NARROWEST || /\n|\\n/.test(text.slice(cut - NARROWEST, cut))) return false
  const end = runEnd(text, next)
  const piece = text.slice(next, end)
  if (piece === '' || /[=:](?!$|=$)/.test(piece)) return false
  if (whole && !/[0-9]|[a-z][A-Z]/.test(piece)) return false
  return end === text.length || /[\s"'`\\,;)\]}<@]/.test(text[end]!)
}

const DISGUISE = /\\{1,15}u00([2-7][0-9a-fA-F])|(?:\x1b|\\{1,15}(?:u001[bB]|x1[bB]|033|e))\[[0-9;]{0,16}[mK]/g

/** The text without colours of a terminal, and with JSON's `\u002d` as what it is; `undefined` if it has neither. */
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
