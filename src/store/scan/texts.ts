/** All texts of a value, streamed ones in one piece. */

import { isJsonObject } from '../../json-value.ts'
import { deltaGroups } from '../redaction/deltas.ts'

export interface FoundText {
  readonly text: string
  /** Key under which it stands; `undefined` for a key itself. */
  readonly key: string | number | undefined
  readonly path: readonly (string | number)[]
}

/** Every string and every key of the value. */
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

/** The texts that arrived in pieces, whole. */
export const streamedIn = (events: readonly unknown[]): string[] =>
  deltaGroups(events)
    .filter(({ indexes }) => indexes.length > 1)
    .map(({ text }) => text)
