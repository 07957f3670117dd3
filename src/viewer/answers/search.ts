/** Searches the messages of a session. */
import { TimeSlice } from '../../time-slice.ts'
import { readMessage } from '../../view/message.ts'
import { hitIn } from '../hit.ts'
import type { Found, Search } from '../wire.ts'

/** Finds the messages that contain the text literally, in any case; each message once. */
export async function search(items: readonly unknown[], words: string): Promise<Search> {
  const wanted = words.toLowerCase()
  const found: Found[] = []
  const slice = new TimeSlice()
  for (const [index, item] of items.entries()) {
    if (slice.isOver()) await slice.next()
    const { who, blocks } = readMessage(item)
    const hit = hitIn(blocks, wanted)
    if (hit === undefined) continue
    if (found.length === MOST) return { found, more: true }
    found.push({ index, who, ...hit })
  }
  return { found, more: false }
}

const MOST = 200
