/** Where nested parts of a shell command end. */

/** What a command means is not certain. */
export class Unclear extends Error {}

/** Index of the parenthesis that closes the one at `open`. */
export function closing(text: string, open: number): number {
  let depth = 0
  for (let index = open; index < text.length; index++) {
    const char = text[index]
    if (char === '\\') index++
    else if (char === "'") {
      const end = text.indexOf("'", index + 1)
      if (end === -1) throw new Unclear()
      index = end
    } else if (char === '"') index = closingQuote(text, index)
    else if (char === '`' || char === '#') {
      // A comment or backticks may hide a parenthesis.
      if (char === '`' || /[\s;&|(]/.test(text[index - 1] ?? ' ')) throw new Unclear()
    } else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return index
  }
  throw new Unclear()
}

function closingQuote(text: string, open: number): number {
  for (let index = open + 1; index < text.length; index++) {
    const char = text[index]
    if (char === '\\') index++
    else if (char === '"') return index
    else if (char === '`') throw new Unclear()
    else if (char === '$' && text[index + 1] === '(') index = closing(text, index + 1)
  }
  throw new Unclear()
}
