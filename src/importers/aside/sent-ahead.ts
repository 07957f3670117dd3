/** A turn that was encoded in the other thread: the bytes of all its files in one buffer, which is not copied. */
import { EncodedItem, type EncodedPage } from '../../codec/index.ts'
import type { Message, Usage } from '../../state/index.ts'
import { type AheadPlace, type AheadRules, encodeAhead } from '../../store/git/ahead.ts'
import type { BuiltTurn, ImportedRun } from '../importer.ts'

export interface SentAhead {
  bytes: ArrayBuffer
  messages: readonly SentItem[]
  runs: readonly SentItem[]
  body: string
  endedAt: string
}

interface SentItem {
  id: string
  index: number
  /** Path and end in the buffer of each file, in the order of the buffer. */
  files: readonly (readonly [path: string, end: number])[]
  page?: { path: string; seq: number; end: number }
  usage?: Usage
}

/** A run that was encoded. Its usage is needed for that of the session. */
class EncodedRun extends EncodedItem {
  usage: Usage | undefined
}

export async function sentAhead(
  { messages, runs, endedAt }: BuiltTurn,
  place: AheadPlace,
  rules: AheadRules,
): Promise<SentAhead> {
  const ahead = await encodeAhead({ messages, runs }, place, rules)
  const pieces: Uint8Array[] = []
  let end = 0
  const put = (bytes: Uint8Array): number => {
    pieces.push(bytes)
    end += bytes.length
    return end
  }
  const sent = ({ id = '', index, files, page }: EncodedItem): SentItem => ({
    id,
    index,
    files: [...files].map(([path, bytes]) => [path, put(bytes)] as const),
    ...(page && { page: { path: page.path, seq: page.seq, end: put(page.bytes) } }),
  })
  const items = {
    messages: ahead.messages.map(sent),
    runs: ahead.runs.map((run, n) => ({ ...sent(run), ...(runs[n]?.usage && { usage: runs[n].usage }) })),
  }
  const bytes = new Uint8Array(end)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return { ...items, bytes: bytes.buffer, body: ahead.body, endedAt }
}

/** Returns the turn. Its messages and runs are encoded items, which a store takes as well. */
export function receivedAhead({ bytes, messages, runs, body, endedAt }: SentAhead): BuiltTurn {
  let at = 0
  const take = (end: number): Buffer => {
    const taken = Buffer.from(bytes, at, end - at)
    at = end
    return taken
  }
  const files = (sent: SentItem) => new Map(sent.files.map(([path, end]) => [path, take(end)] as const))
  const page = ({ page: given }: SentItem): EncodedPage | undefined =>
    given && { path: given.path, seq: given.seq, bytes: take(given.end) }
  const items = messages.map(
    (sent) => new EncodedItem({ ...sent, collection: 'messages' }, files(sent), page(sent)),
  )
  const encodedRuns = runs.map((sent) => {
    const run = new EncodedRun({ ...sent, collection: 'runs' }, files(sent))
    run.usage = sent.usage
    return run
  })
  return {
    messages: items as unknown as Message[],
    runs: encodedRuns as unknown as ImportedRun[],
    body,
    endedAt,
  }
}
