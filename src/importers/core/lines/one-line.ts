/** Shortens text to one line, for subjects and titles. */
import { cut } from '../../../excerpt.ts'

const LONG = 72

/**
 * Returns the text as one line of at most `limit` characters, without control characters; empty if the text has no
 * visible characters.
 */
export const oneLine = (text: string, limit: number = LONG): string =>
  cut(
    text
      .slice(0, 10_000)
      .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim(),
    limit,
  )
