/**
 * The importer of tools that write one line of JSON per entry, except for the meaning of an entry. Each line is stored
 * unchanged, next to the message or event that was made of it.
 */
import { InvalidStateError } from '../../../errors.ts'
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import type { Session } from '../../../state/index.ts'
import { type ByteSource, linesOf } from '../../byte-source.ts'
import type { BuiltTurn, ReadOptions, Transcript, WrittenFiles } from '../../importer.ts'
import { parseLine, readLines } from '../../jsonl.ts'
import { hashCursors } from '../../start-hash.ts'
import { FileLines } from '../file-lines.ts'
import type { ImportNote } from '../stored.ts'
import { type KeptLine, lineOf } from './kept-line.ts'
import { LineReader, type LineTurn } from './line-reader.ts'
import type { Meaning, MeaningOf } from './meaning.ts'
import { type StraightReader, StraightTurns } from './straight-turns.ts'
import { buildLineTurn } from './turn-builder.ts'

/**
 * Whether one of the first 20 entries of a file is one of the tool's. True for an empty file, which may be a session
 * that has just begun.
 */
export async function detectByLine(
  source: ByteSource,
  isEntry: (entry: JsonObject) => boolean,
): Promise<boolean> {
  let seen = 0
  for await (const { bytes } of readLines(source.chunks())) {
    const parsed = bytes && parseLine(bytes)
    if (parsed === undefined || parsed.kind === 'blank') continue
    if (parsed.kind === 'value' && isJsonObject(parsed.value) && isEntry(parsed.value)) return true
    if (++seen === 20) return false
  }
  return seen === 0
}

/**
 * Reads a file line by line.
 *
 * @param ofDocument returns what a document says about all its entries; gets the document without its entries
 */
export async function readByLine(
  source: ByteSource,
  { now, memory, taker }: ReadOptions,
  meaningOf: MeaningOf,
  ofDocument?: (rest: JsonObject) => Meaning,
): Promise<Transcript> {
  const reader = new LineReader(meaningOf, memory)
  const { frame } = source
  const rest: unknown = frame === undefined || frame.kind === 'text' ? undefined : JSON.parse(frame.text)
  if (isJsonObject(rest) && ofDocument !== undefined) reader.document(ofDocument(rest))
  const build = (index: number, firstAt: string) => {
    const turn = reader.turns[index] as LineTurn
    return buildLineTurn(turn, firstAt, reader.linesOf(source, turn.rows))
  }
  const straight = taker && new StraightTurns(straightReader(reader, build), taker)
  for await (const line of linesOf(source)) {
    reader.line(line)
    const given = straight?.after(line)
    if (given !== undefined) await given
  }
  const given = straight?.end()
  if (given === undefined) await hashCursors(source, reader.turns)
  const firstAt = reader.firstAt || new Date(source.modified ?? now).toISOString()
  for (const { rows } of reader.turns) for (const row of rows) row.at ||= firstAt
  const { turns, tree, sessionId, lastAt, warnings, end } = reader
  return {
    name: source.name,
    turns,
    current: tree.current,
    sessionId,
    firstAt,
    lastAt: lastAt || firstAt,
    entries: given?.entries ?? turns.reduce((sum, { rows }) => sum + rows.length, 0),
    warnings,
    end: frame === undefined ? end : { frame },
    build: (index) => build(index, firstAt),
  }
}

const straightReader = (
  reader: LineReader,
  build: (index: number, firstAt: string) => Promise<BuiltTurn>,
): StraightReader => ({
  turns: reader.turns,
  current: () => reader.tree.current,
  begun: () => ({ sessionId: reader.sessionId, firstAt: reader.firstAt, end: reader.end }),
  build: (index) => build(index, reader.firstAt),
  refused: () => reader.forgetNext(),
})

/**
 * Restores the file that `readByLine` read. Throws InvalidStateError if the stored data of a line was changed later.
 */
export async function writeByLine(states: AsyncIterable<Session>): Promise<WrittenFiles> {
  const file = new FileLines()
  const own = new Set<string>()
  let note: ImportNote | undefined
  for await (const { messages, runs, metadata } of states) {
    const here = metadata.import as ImportNote
    if (note === undefined || here.cursor.bytes > note.cursor.bytes) note = here
    for (const [index, message] of messages.entries()) {
      if (!isJsonObject(message.source)) own.add(message.id)
      else keep(file, message, message.source, ['messages', index])
    }
    for (const [index, run] of runs.entries()) {
      for (const [at, event] of run.events.entries())
        if (isJsonObject(event.source)) keep(file, event, event.source, ['runs', index, 'events', at])
    }
  }
  if (note !== undefined) file.endsAs(note)
  return { main: file.finish(note?.file ?? ''), agents: [], own }
}

function keep(file: FileLines, item: JsonObject, source: JsonObject, path: (string | number)[]): void {
  if (source.beside !== undefined) return
  const lines = Array.isArray(source.lines) ? source.lines : [source]
  for (const kept of lines as KeptLine[]) {
    if (file.has(kept.line)) continue
    try {
      file.set(kept.line, lineOf(kept, item))
    } catch (cause) {
      const message = 'cannot be exported unchanged: it was changed after the import'
      throw new InvalidStateError([{ path: [...path, 'source'], message }], undefined, { cause })
    }
  }
}
