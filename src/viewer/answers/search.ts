/** Searches the messages of a session. */
import { isJsonObject } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'
import { readMessage } from '../../view/message.ts'
import type { Found, Search } from '../wire.ts'

/** Finds the messages that contain the text literally, in any case; each message once. */
export async function search(items: readonly unknown[], words: string): Promise<Search> {
  const wanted = words.toLowerCase()
  const found: Found[] = []
  const slice = new TimeSlice()
  for (const [index, item] of items.entries()) {
    if (slice.isOver()) await slice.next()
    const { who, blocks } = readMessage(item)
    const hit = firstHit(blocks, wanted)
    if (hit === undefined) continue
    if (found.length === MOST) return { found, more: true }
    found.push({ index, ...(who !== undefined && { who }), ...hit })
  }
  return { found, more: false }
}

const MOST = 200
const AROUND = 60

type Hit = Pick<Found, 'before' | 'match' | 'after'>

function firstHit(value: unknown, wanted: string): Hit | undefined {
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
    const hit = firstHit(one, wanted)
    if (hit !== undefined) return hit
  }
  return undefined
}
