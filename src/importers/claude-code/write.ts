/** Restores the files of an imported session from its states. */
import { InvalidStateError } from '../../errors.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Message, MessagePart, Run, RunEvent, Session } from '../../state/index.ts'
import { FileLines } from '../core/file-lines.ts'
import type { ImportNote } from '../core/stored.ts'
import type { AgentSource, WrittenFiles } from '../importer.ts'
import { type RawText, rawBytes } from '../jsonl.ts'
import {
  knownOfEvent,
  knownOfMessage,
  knownOfNext,
  type RunSource,
  restoreEntry,
  type SourceLine,
} from './source-lines.ts'

/**
 * Restores the session's file and its sub-agents' files. Throws InvalidStateError if the stored data of an entry was
 * changed later.
 */
export async function writeTranscript(states: AsyncIterable<Session>): Promise<WrittenFiles> {
  const files = new Map<string | undefined, FileLines>()
  const own = new Set<string>()
  let main: ImportNote | undefined
  for await (const state of states) {
    const note = state.metadata.import as ImportNote
    if (main === undefined || note.cursor.bytes > main.cursor.bytes) main = note
    for (const id of new StateReader(files).read(state)) own.add(id)
  }
  const lines = files.get(undefined) ?? new FileLines()
  if (main !== undefined) lines.endsAs(main)
  return {
    main: lines.finish(main?.file ?? ''),
    agents: [...files].flatMap(([name, file]) => (name === undefined ? [] : [file.finish(name)])),
    own,
  }
}

/** Restores the entries of a state from its messages and runs. */
class StateReader {
  readonly #files: Map<string | undefined, FileLines>
  readonly #runs = new Map<string, Partial<RunSource>>()

  constructor(files: Map<string | undefined, FileLines>) {
    this.#files = files
  }

  /** Returns the ids of messages that did not come from a file. */
  read({ messages, runs }: Session): string[] {
    for (const [index, run] of runs.entries()) this.#run(run, index)
    const beside = new Map<string, Message>()
    for (const message of messages) {
      const of = isJsonObject(message.source) ? message.source.beside : undefined
      if (typeof of === 'string') beside.set(of, message)
    }
    return messages.flatMap((message, index) => {
      if (!isJsonObject(message.source)) return [message.id]
      if (message.source.beside === undefined) this.#message(message, index, beside.get(message.id))
      return []
    })
  }

  #run(run: Run, index: number): void {
    if (!isJsonObject(run.source)) return
    const source = run.source as Partial<RunSource> & Partial<AgentSource>
    this.#runs.set(run.id, source)
    const file = this.#file(source.file)
    if (source.file !== undefined) file.endsAs(source)
    for (const [at, event] of run.events.entries()) this.#event(event, file, source, [index, at])
  }

  #event(event: RunEvent, file: FileLines, run: Partial<RunSource>, [index, at]: [number, number]): void {
    if (!isJsonObject(event.source)) return
    const kept = event.source as unknown as SourceLine
    if (file.has(kept.line)) return
    guard(['runs', index, 'events', at, 'source'], () =>
      file.set(kept.line, rawOf(kept) ?? JSON.stringify(restoreEntry(kept, knownOfEvent(event), run))),
    )
  }

  #message(message: Message, index: number, beside: Message | undefined): void {
    const source = message.source as unknown as SourceLine & { lines?: SourceLine[] }
    const file = this.#file(undefined)
    const run = this.#runs.get(message.run ?? '') ?? {}
    const all = message.parts === undefined ? undefined : [...message.parts, ...(beside?.parts ?? [])]
    guard(['messages', index, 'source'], () => {
      let previous: unknown
      let from = 0
      for (const [at, kept] of (source.lines ?? [source]).entries()) {
        const count = source.lines === undefined ? all?.length : (kept.parts ?? 1)
        const parts = all?.slice(from, from + (count ?? 0))
        from += count ?? 0
        const raw = rawOf(kept)
        const usage = kept.usage ?? message.usage
        const known =
          at === 0
            ? knownOfMessage(message, parts, usage)
            : knownOfNext(previous, parts as MessagePart[], usage)
        previous = raw === undefined ? restoreEntry(kept, known, run) : JSON.parse(raw.toString())
        if (!file.has(kept.line)) file.set(kept.line, raw ?? JSON.stringify(previous))
      }
    })
  }

  #file(name: string | undefined): FileLines {
    const file = this.#files.get(name) ?? new FileLines()
    this.#files.set(name, file)
    return file
  }
}

const rawOf = (kept: SourceLine): Buffer | undefined =>
  kept.text === undefined && kept.base64 === undefined ? undefined : rawBytes(kept as RawText)

function guard(path: (string | number)[], restoreIt: () => void): void {
  try {
    restoreIt()
  } catch (cause) {
    const message = 'cannot be exported unchanged: it was changed after the import'
    throw new InvalidStateError([{ path, message }], undefined, { cause })
  }
}
