/** Finds secrets in a text: whole ones, and pieces that are long enough to be useful. */

/** Shorter pieces of a secret reveal nothing. */
export const PIECE = 12
/** A shorter secret, or one made of words, is found only as a whole. */
const HAS_PIECES = 16
/** Every piece contains a stretch of this length that begins at a multiple of `STEP`. */
const PROBE = 7
const STEP = PIECE - PROBE + 1

/** From `start` up to, not including, `end`. */
export interface Range {
  start: number
  end: number
}

interface Place {
  form: string
  at: number
}

export class SecretFinder {
  readonly #forms: readonly string[]
  readonly #long: readonly string[]
  readonly #pattern: RegExp | undefined
  readonly #probes = new Set<string>()
  readonly #pieces = new Map<string, Place[]>()

  /** @param forms every form in which a secret may be written */
  constructor(forms: readonly string[]) {
    this.#forms = [...new Set(forms)].sort((a, b) => b.length - a.length)
    this.#long = this.#forms.filter(hasPieces)
    if (this.#forms.length > 0) this.#pattern = new RegExp(this.#forms.map(quoted).join('|'), 'g')
    for (const form of this.#long) {
      for (let at = 0; at + PROBE <= form.length; at++) this.#probes.add(form.slice(at, at + PROBE))
      for (let at = 0; at + PIECE <= form.length; at++) {
        const piece = form.slice(at, at + PIECE)
        this.#pieces.set(piece, [...(this.#pieces.get(piece) ?? []), { form, at }])
      }
    }
  }

  get isEmpty(): boolean {
    return this.#pattern === undefined
  }

  /** The ranges to mask, in order; they do not overlap. */
  ranges(text: string): Range[] {
    if (this.#pattern === undefined) return []
    const found: Range[] = [...text.matchAll(this.#pattern)].map(({ 0: secret, index }) => ({
      start: index,
      end: index + secret.length,
    }))
    let next = 0
    for (let probe = 0; probe + PROBE <= text.length; probe += STEP) {
      if (!this.#probes.has(text.slice(probe, probe + PROBE))) continue
      for (next = Math.max(next, probe - STEP + 1); next <= probe; next++)
        found.push(...this.#piecesAt(text, next))
    }
    return merged(found)
  }

  /** Start of the longest end of the text that may continue as a secret or a piece of one. */
  openAt(text: string): number {
    let longest = 0
    for (const form of this.#long) {
      // If the end of a text is a piece, its shorter ends are pieces too.
      let [low, high] = [longest, Math.min(form.length - 1, text.length)]
      while (low < high) {
        const middle = Math.ceil((low + high) / 2)
        if (form.includes(text.slice(text.length - middle))) low = middle
        else high = middle - 1
      }
      longest = Math.max(longest, low)
    }
    for (const form of this.#forms) {
      if (hasPieces(form)) continue
      for (let length = Math.min(form.length - 1, text.length); length > longest; length--) {
        if (form.startsWith(text.slice(text.length - length))) longest = length
      }
    }
    return text.length - longest
  }

  #piecesAt(text: string, start: number): Range[] {
    return (this.#pieces.get(text.slice(start, start + PIECE)) ?? []).flatMap(({ form, at }) => {
      let length = PIECE
      while (at + length < form.length && text[start + length] === form[at + length]) length++
      const isEnd = at === 0 || at + length === form.length
      return isEnd || !isWord(text.slice(start, start + length)) ? [{ start, end: start + length }] : []
    })
  }
}

const hasPieces = (form: string): boolean => form.length >= HAS_PIECES && !isWord(form)

/** Letters of one case are words, which also occur elsewhere. */
const isWord = (piece: string): boolean =>
  [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(piece)).length < 2

function merged(ranges: readonly Range[]): Range[] {
  const out: Range[] = []
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = out.at(-1)
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end)
    else out.push({ start, end })
  }
  return out
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
