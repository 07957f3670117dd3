/** The words of a search: finds them in texts, and excludes files without them by their bytes. */
import { asBuffer } from '../../git/objects/object.ts'

/** Words that must all be in one text. A word in lower case matches any case; a word with a capital matches exactly. */
export class Words {
  readonly #words: readonly { text: string; isExact: boolean; trace: string }[]

  /** Throws TypeError if `words` is not a list of texts, or has no word in it. */
  constructor(words: readonly string[]) {
    if (!Array.isArray(words) || words.some((word) => typeof word !== 'string'))
      throw new TypeError("A search takes a list of words: store.search(['timeout', 'socket']).")
    const texts = words.map((word) => word.trim()).filter((word) => word !== '')
    if (texts.length === 0) throw new TypeError('Name at least one word to search for.')
    this.#words = texts.map((text) => ({ text, isExact: text !== text.toLowerCase(), trace: traceOf(text) }))
  }

  /** Whether files may contain all the words. If not, they need not be decoded. */
  mayBeIn(files: Iterable<Uint8Array>): boolean {
    const left = new Set(this.#words.map(({ trace }) => trace))
    left.delete('')
    for (const bytes of files) {
      if (left.size === 0) return true
      const text = asBuffer(bytes).toString('latin1').toLowerCase()
      for (const trace of left) if (text.includes(trace)) left.delete(trace)
    }
    return left.size === 0
  }

  /** Returns the places of the words in a text, in order; `undefined` if a word is missing. */
  placesIn(text: string): Place[] | undefined {
    const folded = this.#words.some(({ isExact }) => !isExact) ? folding(text) : text
    const places: Place[] = []
    for (const { text: word, isExact } of this.#words) {
      const inside = isExact ? text : folded
      let at = inside.indexOf(word)
      if (at === -1) return undefined
      for (let n = 0; at !== -1 && n < MOST_PLACES; n++, at = inside.indexOf(word, at + word.length))
        places.push({ start: at, end: at + word.length })
    }
    return places.sort((a, b) => a.start - b.start)
  }
}

export interface Place {
  start: number
  end: number
}

/** The most places of one word in one text. */
const MOST_PLACES = 1000

/** Returns the text in lower case, with every character at the same index. */
function folding(text: string): string {
  const folded = text.toLowerCase()
  if (folded.length === text.length) return folded
  return text.replace(/./gsu, (one) => (one.toLowerCase().length === one.length ? one.toLowerCase() : one))
}

/** Returns the longest piece of a word that is the same in JSON as in the text. */
const traceOf = (word: string): string =>
  (word.match(/[ !#-[\]-~]+/g) ?? [])
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '')
    .toLowerCase()
