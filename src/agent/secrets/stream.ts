/** Masks secrets in a text that comes in pieces: text that may continue as a secret is held back. */
import { PIECE, type Range, type SecretFinder } from './finder.ts'

export class MaskedStream {
  readonly #finder: SecretFinder
  #held = ''

  constructor(finder: SecretFinder) {
    this.#finder = finder
  }

  /** The masked text that is certain so far. */
  push(text: string): string {
    if (this.#finder.isEmpty) return text
    const all = this.#held + text
    const ranges = this.#finder.ranges(all)
    const open = this.#finder.openAt(all)
    const crossed = ranges.find(({ start, end }) => start < open && end > open)
    const clear = crossed?.start ?? open
    this.#held = all.slice(clear)
    return maskedText(
      all.slice(0, clear),
      ranges.filter(({ end }) => end <= clear),
    )
  }

  /** The text that was held back; call it at the end. */
  end(): string {
    const held = this.#held
    this.#held = ''
    return maskedText(held, this.#finder.ranges(held))
  }

  /**
   * Releases held-back text that is too short to reveal anything, because other output comes before more of this text.
   */
  pause(): string {
    return this.#held.length < PIECE ? this.end() : ''
  }
}

export const MASK = '[secret]'

/** The text with its ranges masked. */
export function maskedText(text: string, ranges: readonly Range[]): string {
  let out = ''
  let at = 0
  for (const { start, end } of ranges) {
    out += text.slice(at, start) + MASK
    at = end
  }
  return ranges.length === 0 ? text : out + text.slice(at)
}
