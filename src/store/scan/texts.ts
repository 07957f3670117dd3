/** All texts of a value; streamed texts are joined. */

import { isJsonObject } from '../../json-value.ts'
import { deltaGroups } from '../redaction/deltas.ts'

export interface FoundText {
  readonly text: string
  /** The key of the text; `undefined` if the text is a key itself. */
  readonly key: string | number | undefined
  readonly path: readonly (string | number)[]
}

/** Yields every string and every key of the value, and its streamed texts. */
export function* textsOf(value: unknown, path: readonly (string | number)[] = []): Generator<FoundText> {
  if (typeof value === 'string') yield { text: value, key: path.at(-1), path }
  else if (Array.isArray(value)) {
    if (path.at(-1) === 'events') for (const text of streamedIn(value)) yield { text, key: 'text', path }
    for (const [index, item] of value.entries()) yield* textsOf(item, [...path, index])
  } else if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      yield { text: key, key: undefined, path }
      yield* textsOf(inner, [...path, key])
    }
  }
}

/** Returns the streamed texts of several pieces, joined. */
export const streamedIn = (events: readonly unknown[]): string[] =>
  deltaGroups(events)
    .filter(({ indexes }) => indexes.length > 1)
    .map(({ text }) => text)
