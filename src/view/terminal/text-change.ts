/** Shows a changed text by its words, or by its lines if hardly a word stayed. */
import { type DiffLine, lineDiff, wordDiff } from '../line-diff.ts'
import { count, dim, green, type Line, line, red } from './line.ts'
import type { Fullness } from './value.ts'

/**
 * Returns the changed lines with one line of context: `[-removed-]` and `{+added+}` as git's `--word-diff`, else `-`
 * and `+`.
 */
export function textChange(before: string, after: string, { full }: Fullness): Line[] {
  const words = before.length + after.length <= LONGEST ? wordDiff(before, after) : []
  const rows = isMostlyKept(words, Math.max(before.length, after.length))
    ? wordRows(words)
    : lineDiff(before, after).map(lineRow)
  const near = rows.filter((_, n) => full || [n - 1, n, n + 1].some((at) => rows[at]?.isChanged === true))
  const shown = full ? near : near.slice(0, MOST_LINES)
  const lines: Line[] = []
  let last = -1
  for (const row of shown) {
    const at = rows.indexOf(row, last + 1)
    if (at > last + 1) lines.push(dim('…'))
    lines.push(row.text)
    last = at
  }
  if (last < rows.length - 1 && near.length === shown.length) lines.push(dim('…'))
  const rest = near.length - shown.length
  return rest > 0 ? [...lines, dim(`… ${count(rest, 'more line')}`)] : lines
}

/** Whether a word diff of two texts is easier to read than both texts. */
export const keepsWords = (before: string, after: string): boolean =>
  before.length + after.length <= LONGEST &&
  isMostlyKept(wordDiff(before, after), Math.max(before.length, after.length))

/** Most characters of two texts whose words are compared. */
const LONGEST = 100_000
const MOST_LINES = 20

interface Row {
  text: Line
  isChanged: boolean
}

function isMostlyKept(words: readonly DiffLine[], length: number): boolean {
  const kept = words.reduce((sum, { sign, text }) => sum + (sign === ' ' ? text.trim().length : 0), 0)
  return kept >= length / 3
}

const lineRow = ({ sign, text }: DiffLine): Row => ({
  text: sign === '-' ? red(`- ${text}`) : sign === '+' ? green(`+ ${text}`) : line`  ${text}`,
  isChanged: sign !== ' ',
})

function wordRows(words: readonly DiffLine[]): Row[] {
  const rows: { text: Line[]; isChanged: boolean }[] = [{ text: [], isChanged: false }]
  for (const { sign, text } of together(words)) {
    for (const [n, piece] of text.split('\n').entries()) {
      if (n > 0) {
        rows.at(-1)!.isChanged ||= sign !== ' '
        rows.push({ text: [], isChanged: sign !== ' ' })
      }
      if (piece === '') continue
      const row = rows.at(-1)!
      row.isChanged ||= sign !== ' '
      row.text.push(
        sign === '-' ? red(`[-${piece}-]`) : sign === '+' ? green(`{+${piece}+}`) : line`${piece}`,
      )
    }
  }
  return rows.map(({ text, isChanged }) => ({ text: text.flat(), isChanged }))
}

const isChange = (word: DiffLine | undefined): boolean => word !== undefined && word.sign !== ' '

/** Joins consecutive words of one sign. Between two kept words, removed text comes first. */
function together(words: readonly DiffLine[]): DiffLine[] {
  const all: DiffLine[] = []
  let [removed, added] = ['', '']
  const end = (): void => {
    if (removed !== '') all.push({ sign: '-', text: removed })
    if (added !== '') all.push({ sign: '+', text: added })
    ;[removed, added] = ['', '']
  }
  for (const [n, { sign, text }] of words.entries()) {
    // A kept space between two changed words joins them.
    const joins = removed !== '' && added !== '' && /^[ \t]+$/.test(text) && isChange(words[n + 1])
    if (sign === '-' || joins) removed += text
    if (sign === '+' || joins) added += text
    if (sign === ' ' && !joins) {
      end()
      all.push({ sign, text })
    }
  }
  end()
  return all
}
