/** The prefilter: finds the keywords of all rules in a text, in one pass. */

/** The keywords of one owner. */
interface Given {
  readonly keywords: readonly string[]
  readonly ignoreCase: boolean
}

/** Called with the place of a keyword and the owners of all keywords there. Returns the place to continue from. */
type Found = (at: number, owners: readonly number[]) => number

/** Finds keywords in texts. Built once per table of rules. */
export class Keywords {
  /** By the first two characters: whether keywords of `#exact` (1) or of `#folded` (2) begin so. */
  readonly #begins = new Uint8Array(CODES * CODES)
  readonly #exact = new Words()
  /** Of keywords in any case, in lower case. */
  readonly #folded = new Words()

  /** Whether the prefilter can find a keyword: it looks only at characters of ASCII. */
  static canFind(word: string): boolean {
    return word.length > 1 && !/[^\0-\x7f]/.test(word)
  }

  /** @param given the keywords of each owner, who is then known by the position in this list */
  constructor(given: readonly Given[]) {
    const words = given.flatMap(({ keywords, ignoreCase }, owner) =>
      keywords
        .filter(Keywords.canFind)
        .map((word) => ({ word: ignoreCase ? word.toLowerCase() : word, ignoreCase, owner })),
    )
    // Short ones first: a word takes over the owners of those that it begins with.
    for (const { word, ignoreCase, owner } of words.toSorted((a, b) => a.word.length - b.word.length)) {
      const [words, kind] = ignoreCase ? ([this.#folded, 2] as const) : ([this.#exact, 1] as const)
      words.add(word, owner)
      for (const first of casesOf(word.charAt(0), ignoreCase))
        for (const second of casesOf(word.charAt(1), ignoreCase))
          this.#begins[first.charCodeAt(0) * CODES + second.charCodeAt(0)]! |= kind
    }
  }

  /** Whether the text contains a keyword. */
  isIn(text: string): boolean {
    let is = false
    this.each(text, () => {
      is = true
      return text.length
    })
    return is
  }

  /** Calls `found` for the keywords in the text, in order. */
  each(text: string, found: Found): void {
    const [begins, exactWords, foldedWords] = [this.#begins, this.#exact, this.#folded]
    const end = text.length - 1
    let before = text.charCodeAt(0)
    for (let at = 0; at < end; at++) {
      const next = text.charCodeAt(at + 1)
      const kinds = before < CODES && next < CODES ? begins[before * CODES + next]! : 0
      before = next
      if (kinds === 0) continue
      const exact = kinds & 1 ? exactWords.at(text, at, false) : NONE
      const folded = kinds & 2 ? foldedWords.at(text, at, true) : NONE
      let resume = at
      if (exact !== NONE) resume = found(at, exact)
      if (folded !== NONE) resume = Math.max(resume, found(at, folded))
      if (resume <= at + 1) continue
      at = resume - 1
      before = text.charCodeAt(resume)
    }
  }
}

/** Characters are looked up by their codes, which are those of ASCII. */
const CODES = 128

const NONE: readonly number[] = []

const casesOf = (letter: string, ignoreCase: boolean): readonly string[] =>
  ignoreCase ? [letter, letter.toUpperCase()] : [letter]

/** Words as a tree: each node has a row of the nodes that its next characters lead to. */
class Words {
  #rows = new Uint32Array(CODES)
  /** By node: the owners of the word that ends there, and of those that end on the way to it. */
  readonly #owners: (readonly number[])[] = [NONE]

  add(word: string, owner: number): void {
    const before = this.at(word, 0, false)
    let node = 0
    for (let i = 0; i < word.length; i++) {
      const place = node * CODES + word.charCodeAt(i)
      // Not in one statement: a new node may need longer rows.
      const next = this.#rows[place] || this.#newNode()
      this.#rows[place] = next
      node = next
    }
    this.#owners[node] = [...new Set([...before, owner])].sort((a, b) => a - b)
  }

  /** The owners of all words that begin here. */
  at(text: string, at: number, ignoreCase: boolean): readonly number[] {
    const [rows, all] = [this.#rows, this.#owners]
    let last = 0
    let node = 0
    for (let place = at; place < text.length; place++) {
      const code = text.charCodeAt(place)
      if (code >= CODES) break
      node = rows[node * CODES + (ignoreCase && code >= 65 && code <= 90 ? code | 32 : code)]!
      if (node === 0) break
      if (all[node]!.length > 0) last = node
    }
    return all[last]!
  }

  #newNode(): number {
    const node = this.#owners.push(NONE) - 1
    if (this.#rows.length < this.#owners.length * CODES) {
      const rows = new Uint32Array(2 * this.#rows.length)
      rows.set(this.#rows)
      this.#rows = rows
    }
    return node
  }
}
