/** Imports a new straight file while it is being read in another thread, which encodes its turns. */
import type { SessionStore } from '../../store/session-store.ts'
import { receivedTurn } from '../aside/exchange.ts'
import { type StraightReading, ThreadEnded } from '../aside/reading.ts'
import { receivedAhead } from '../aside/sent-ahead.ts'
import type { Importer, Transcript, Turn } from '../importer.ts'
import type { ImportOptions, ImportResult } from './import-result.ts'
import { TOGETHER } from './session-import.ts'
import type { StoredBranch } from './stored.ts'
import { SessionWriter, type TurnContent } from './writing/writer.ts'

/** What was stored. Without `ended`, the thread has ended early: the rest of the file has to be imported. */
export type StraightResult = Pick<ImportResult, 'checkpoints' | 'messages' | 'added' | 'redacted'> & {
  ended?: Pick<ImportResult, 'title' | 'entries' | 'turns' | 'branches' | 'head' | 'warnings'>
}

export async function importStraight(
  tool: Importer,
  reading: StraightReading,
  { session, file, size }: { session: string; file: string; size: number },
  store: SessionStore,
  { author, files, onProgress }: ImportOptions,
): Promise<StraightResult> {
  const turns: Turn[] = []
  // Its last turn, and how it ends, is known at the end.
  const transcript: Transcript & { turns: Turn[] } = {
    ...{ name: file, turns, current: -1, ...reading.begun, lastAt: '', entries: 0, warnings: [] },
    build: () => Promise.reject(new TypeError('Its turns are built in the other thread.')),
  }
  const writer = new SessionWriter(tool, store, session, transcript, author)
  writer.files = files
  let branch: StoredBranch | undefined
  let contents: TurnContent[] = []
  let [bytes, read, added, done] = [0, 0, 0, 0]
  let entries: number[] = []
  const write = async (): Promise<void> => {
    const [first] = contents as [TurnContent]
    if (branch === undefined) branch = await writer.create('main', contents.shift() ?? first)
    if (contents.length > 0) await writer.add(branch, contents)
    for (const count of entries) {
      added += count
      done++
      const total = Math.max(done, Math.round((done * size) / Math.max(read, 1)))
      onProgress?.({ session, file, done, total: transcript.current === -1 ? total : turns.length })
    }
    ;[contents, entries, bytes] = [[], [], 0]
  }
  const result = (more: Partial<StraightResult> = {}): StraightResult => {
    const { checkpoints, messages } = writer
    return { checkpoints, messages, added, redacted: {}, ...more }
  }
  try {
    for await (const { turn: sent, built, ended, ...more } of reading.turns()) {
      const turn = receivedTurn(sent)
      if (contents.length > 0 && bytes + more.bytes > TOGETHER) await write()
      turns.push(turn)
      contents.push({ turn, built: 'bytes' in built ? receivedAhead(built) : built, agents: [] })
      entries.push(more.entries)
      bytes += more.bytes
      read += more.bytes
      if (ended === undefined) continue
      const { redacted, ...rest } = ended
      Object.assign(transcript, rest, { current: turns.length - 1 })
      await write()
      const { name, head } = branch as unknown as StoredBranch
      return result({
        redacted,
        ended: {
          title: turn.about.title,
          entries: rest.entries,
          turns: turns.length - 1,
          branches: [name],
          head,
          warnings: rest.warnings.map((one) => ({ file, ...one })),
        },
      })
    }
  } catch (error) {
    if (!(error instanceof ThreadEnded)) throw error
  }
  return result()
}
