/** Finds a text in the blocks of a message. */
import { isJsonObject } from '../json-value.ts'
import type { Found } from './wire.ts'

export type Hit = Pick<Found, 'before' | 'match' | 'after'>

/** Characters before and after what was found. */
const AROUND = 60

/**
 * Returns the first place where it stands, in any text of the value.
 *
 * @param wanted in lower case
 */
export function hitIn(value: unknown, wanted: string): Hit | undefined {
  if (typeof value === 'string') {
    const at = value.toLowerCase().indexOf(wanted)
    if (at === -1) return undefined
    const end = at + wanted.length
    return {
      before: value.slice(Math.max(0, at - AROUND), at),
      match: value.slice(at, end),
      after: value.slice(end, end + AROUND),
    }
  }
  const inner = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : []
  for (const one of inner) {
    const hit = hitIn(one, wanted)
    if (hit !== undefined) return hit
  }
  return undefined
}
