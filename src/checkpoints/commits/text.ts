/** Text as a commit shows it: subjects on one line, bodies without what a terminal would obey. */
import { cut } from '../../excerpt.ts'

/** Characters of a subject. */
export const WIDTH = 72

/** The subject of a fork's own commit, such as `fork of my-review at 3f2a91bc04`. */
export function forkSubject(session: string, checkpoint: string): string {
  const end = ` at ${checkpoint.slice(0, 10)}`
  return `fork of ${cut(oneLine(session), WIDTH - 'fork of '.length - end.length)}${end}`
}

/** The text on one line: white space becomes one space, control and bidirectional characters go. */
export const oneLine = (text: string): string => (PLAIN.test(text) ? text : cleanLine(text))

const PLAIN = /^[!-~]+(?: [!-~]+)*$/

const cleanLine = (text: string): string =>
  text.toWellFormed().replace(/\s+/gu, ' ').replace(CONTROL, '').replace(/ +/g, ' ').trim()

/**
 * The text as the body of a checkpoint: lines end with a line feed alone and without spaces, no blank lines stand at
 * its start and end, control (other than tab) and bidirectional characters go.
 */
export const cleanBody = (text: string): string => (text === '' ? '' : cleanText(text))

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
const CONTROL_IN_TEXT = new RegExp(`(?![\\n\\t])[\\p{Cc}${BIDIRECTIONAL}${INVISIBLE}]`, 'gu')
