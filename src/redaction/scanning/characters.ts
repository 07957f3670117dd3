/** Sets of characters, and the ends of the runs that consist of them. */

/** Codes below this are looked up. */
const ASCII = 128

export class Characters {
  readonly #ascii = new Uint8Array(ASCII)
  readonly #others: boolean

  /**
   * @param one matches one character of the set. Of the characters outside of ASCII, all or none belong to it, but never
   * white space.
   */
  constructor(one: RegExp) {
    for (let code = 0; code < ASCII; code++) this.#ascii[code] = one.test(String.fromCharCode(code)) ? 1 : 0
    this.#others = one.test('é')
  }

  /** Where the run of these characters that begins at `at` ends, or `limit` if it is longer. */
  endOf(text: string, at: number, limit = text.length): number {
    const [ascii, others] = [this.#ascii, this.#others]
    let end = at
    for (const last = Math.min(limit, text.length); end < last; end++) {
      const code = text.charCodeAt(end)
      if (code < ASCII ? ascii[code] === 0 : !others || isSpace(code)) break
    }
    return end
  }
}

const isSpace = (code: number): boolean =>
  code === 0xa0 || code === 0x1680 || (code >= 0x2000 && /\s/.test(String.fromCharCode(code)))

/** The ends of runs in one text. Each run is read once, however many places in it are asked for. */
export class RunEnds {
  readonly #characters: Characters
  readonly #text: string
  #from = 0
  #end = -1

  constructor(characters: Characters, text: string) {
    this.#characters = characters
    this.#text = text
  }

  /** Where the run that contains `at` ends. */
  of(at: number): number {
    if (at < this.#from || at > this.#end) {
      this.#from = at
      this.#end = this.#characters.endOf(this.#text, at)
    }
    return this.#end
  }
}
