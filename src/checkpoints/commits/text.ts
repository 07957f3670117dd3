/** Cleans text for commit messages: subjects become one line, bodies lose characters that control a terminal. */
import { beginningInWords, cut } from '../../excerpt.ts'

/** Most characters of a subject. */
export const WIDTH = 72

/** Returns the subject of a fork's own commit, such as `fork of my-review at 3f2a91bc04`. */
export function forkSubject(session: string, checkpoint: string): string {
  const end = ` at ${checkpoint.slice(0, 10)}`
  return `fork of ${cut(oneLine(session), WIDTH - 'fork of '.length - end.length)}${end}`
}

// Pages have the full texts; longer bodies would take a third of a session's disk space.
/** Most UTF-16 units of a prompt, and of an answer, in the body of a turn. */
const PROMPT_ROOM = 400
const ANSWER_ROOM = 200

/** Returns the body of a turn: the quoted prompt and the beginning of the answer, each unless it is empty. */
export function turnBody({ prompt, answer }: { prompt: string; answer: string }): string {
  const asked = passage(prompt, PROMPT_ROOM)
  const said = [asked === '' ? '' : asked.replace(/^.*$/gm, quoted), passage(answer, ANSWER_ROOM)]
  return said.filter((text) => text !== '').join('\n\n')
}

const quoted = (line: string): string => (line === '' ? '>' : `> ${line}`)

function passage(text: string, units: number): string {
  const rest = text.trimStart()
  const shown = rest.length <= units ? rest : beginningInWords(rest, units - 1)
  const clean = cleanBody(shown).replace(/\n{3,}/g, '\n\n')
  return shown === rest ? clean : `${clean}…`
}

/**
 * Returns the text on one line: replaces white space by single spaces, and removes control and bidirectional
 * characters.
 */
export const oneLine = (text: string): string => (PLAIN.test(text) ? text : cleanLine(text))

const PLAIN = /^[!-~]+(?: [!-~]+)*$/

const cleanLine = (text: string): string =>
  text.toWellFormed().replace(/\s+/gu, ' ').replace(CONTROL, '').replace(/ +/g, ' ').trim()

/**
 * Returns the text as the body of a checkpoint: ends lines with a line feed, removes spaces at their ends, blank lines
 * at the start and end, control characters other than tab, and bidirectional characters.
 */
export const cleanBody = (text: string): string =>
  isPlainText(text) || (text.isWellFormed() && !UNCLEAN.test(text)) ? text : cleanText(text)

/** Returns whether the text is clean ASCII. Faster than the general rules, which take a step for each word. */
const isPlainText = (text: string): boolean =>
  !UNUSUAL.test(text) &&
  !text.includes(' \n') &&
  !text.includes('\t\n') &&
  !(text.startsWith('\n') || /\s$/.test(text.slice(-1)))

const cleanText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(CONTROL_IN_TEXT, '')
    .replace(/[^\S\n]+$/gm, '')
    .replace(/^\n+|\n+$/g, '')

const BIDIRECTIONAL = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
const INVISIBLE = '\\u200b\\u2060\\ufeff'
const CONTROL = new RegExp(`[\\p{Cc}${BIDIRECTIONAL}${INVISIBLE}]`, 'gu')
const IN_TEXT = `[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f${BIDIRECTIONAL}${INVISIBLE}]`
const CONTROL_IN_TEXT = new RegExp(IN_TEXT, 'g')
const UNUSUAL = /[^\t\n\x20-\x7e]/
/** Finds in one pass that a text is clean, as most texts are. */
const UNCLEAN = new RegExp(`${IN_TEXT}|[\\u2028\\u2029]|[^\\S\\n](?:\\n|$)|^\\n|\\n$`)
