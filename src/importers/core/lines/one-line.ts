/** Text as one line, for subjects and titles. */
import { cut } from '../../../excerpt.ts'

const LONG = 72

/** One line of at most `limit` characters, without control characters; empty when the text has none that show. */
export const oneLine = (text: string, limit: number = LONG): string =>
  cut(
    text
      .slice(0, 10_000)
      .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim(),
    limit,
  )
