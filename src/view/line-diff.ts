/**
 * Diffs of two lists of texts: the lines of two texts, or the words of two lines. The result must never change, since
 * pages contain it.
 */

/** `+`: added; `-`: removed; space: in both. */
export interface DiffLine {
  sign: '+' | '-' | ' '
  text: string
}

/**
 * Returns a shortest diff of two lists. For long lists, everything between their common start and end counts as
 * changed.
 */
export function listDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++
  let end = 0
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end))
    end++
  const kept = (text: string): DiffLine => ({ sign: ' ', text })
  return [
    ...before.slice(0, start).map(kept),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(kept),
  ]
}

/** Returns the diff of the lines of two texts. */
export const lineDiff = (before: string, after: string): DiffLine[] =>
  listDiff(linesOf(before), linesOf(after))

/** Returns the diff of the words of two texts. The entries with `-` and space, joined, are the first text. */
export const wordDiff = (before: string, after: string): DiffLine[] =>
  listDiff(wordsOf(before), wordsOf(after))

/** Most cells of the table for a shortest diff. */
const MOST_CELLS = 1_000_000

/** Longest common subsequence by a table (Wagner and Fischer). */
function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const [rows, columns] = [before.length, after.length]
  const removed = before.map((text): DiffLine => ({ sign: '-', text }))
  const added = after.map((text): DiffLine => ({ sign: '+', text }))
  if (rows === 0 || columns === 0 || rows * columns > MOST_CELLS) return [...removed, ...added]
  const width = columns + 1
  const common = new Uint32Array((rows + 1) * width)
  for (let a = rows - 1; a >= 0; a--) {
    for (let b = columns - 1; b >= 0; b--) {
      const at = a * width + b
      common[at] =
        before[a] === after[b] ? common[at + width + 1]! + 1 : Math.max(common[at + width]!, common[at + 1]!)
    }
  }
  const lines: DiffLine[] = []
  let [a, b] = [0, 0]
  while (a < rows && b < columns) {
    const at = a * width + b
    if (before[a] === after[b]) {
      lines.push({ sign: ' ', text: before[a]! })
      a++
      b++
    } else if (common[at + width]! >= common[at + 1]!) lines.push(removed[a++]!)
    else lines.push(added[b++]!)
  }
  return [...lines, ...removed.slice(a), ...added.slice(b)]
}

/** An empty text has no lines, and a final line feed does not begin one. */
const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/))

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? []
