/**
 * A tool that writes one line of JSON an entry: everything of its importer but what an entry means. Each line is kept
 * as it is, beside the message or the event that was made of it.
 */

import { createHash } from 'node:crypto'
import { cut } from '../../excerpt.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Message, MessagePart, Role, RunEvent, Session, Usage } from '../../state/index.ts'
import { textOfParts } from '../../state/index.ts'
import { type ByteSource, readRanges } from '../byte-source.ts'
import type {
  About,
  BuiltTurn,
  FileEnd,
  ReadOptions,
  Row,
  Transcript,
  Turn,
  Warning,
  WrittenFiles,
} from '../importer.ts'
import {
  MAX_LINE,
  type ParsedLine,
  parseLine,
  type RawLine,
  type RawText,
  rawBytes,
  readLines,
} from '../jsonl.ts'
import { FileLines } from './file-lines.ts'
import type { ImportNote } from './stored.ts'
import { TurnTree } from './turn-tree.ts'
import { addUsage } from './usage.ts'

/** What an entry says. All of it may be absent. */
export interface Meaning {
  /** What the user asked, as one line: the entry starts a turn. */
  prompt?: string
  /** Somebody said something. Without it the entry becomes an event of its turn. */
  message?: { role: Role; content: string } | { role: Role; parts: MessagePart[] }
  /** Tokens of the message. */
  usage?: Usage
  /** Id of the entry. One that came before is a copy, and says nothing. */
  id?: string
  /** Id of the entry that it follows, null for the first; absent in a tool without such ids: the one above. */
  parent?: string | null
  /** Milliseconds. */
  time?: number
  /** The kind of event. */
  type?: string
  sessionId?: string
  about?: About
}

export type MeaningOf = (entry: JsonObject) => Meaning

/** Reads a file line by line. `meaningOf` is asked twice, and has to say the same. */
export async function readByLine(
  source: ByteSource,
  { now }: ReadOptions,
  meaningOf: MeaningOf,
): Promise<Transcript> {
  const reader = new LineReader(meaningOf)
  const hash = createHash('sha256')
  for await (const line of readLines(source.chunks(), hash)) {
    reader.line(line, () => hash.copy().digest('hex'))
  }
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
    entries: turns.reduce((sum, { rows }) => sum + rows.length, 0),
    warnings,
    end,
    build: (index) => build(source, turns[index] as Turn, firstAt, meaningOf),
  }
}

class LineReader {
  readonly tree = new TurnTree()
  readonly turns: LineTurn[] = []
  readonly warnings: Warning[] = []
  readonly end: FileEnd = {}
  sessionId: string | undefined
  /** ISO 8601; empty before the first entry that has a time. */
  firstAt = ''
  lastAt = ''
  readonly #meaningOf: MeaningOf
  #about: About = {}

  constructor(meaningOf: MeaningOf) {
    this.#meaningOf = meaningOf
    this.#start('start', undefined, 'session start')
  }

  line({ line, bytes, terminator, bom, start, end }: RawLine, sha256: () => string): void {
    if (line === 1 && bom) this.end.bom = true
    if (line === 1 && terminator === '\r\n') this.end.crlf = true
    if (bytes === undefined) {
      this.#warn(line, `is longer than ${MAX_LINE >> 20} MiB. It is skipped`)
      return
    }
    const parsed = parseLine(bytes)
    if (parsed.kind === 'blank') return
    const meaning = meaningIn(parsed, this.#meaningOf)
    if (meaning === undefined) {
      const reason = parsed.kind === 'broken' ? parsed.reason : 'is not a JSON object'
      this.#warn(line, `${reason}. It is kept as it is`)
      if (terminator === '') {
        this.end.unfinished = { line, ...rawOf(parsed, bytes) }
        return
      }
    }
    if (terminator === '') this.end.finalNewline = false
    const copy = meaning?.id !== undefined && this.tree.has(meaning.id)
    if (meaning !== undefined && !copy) this.#place(meaning, line)
    const turn = this.turns[this.tree.current] as LineTurn
    turn.rows.push({ line, start, end, at: this.lastAt, ...(copy ? { copy } : {}) })
    turn.about = this.#about
    turn.cursor = { lines: line, bytes: end, sha256: sha256() }
  }

  #place(meaning: Meaning, line: number): void {
    const { id, parent: parentUuid, prompt, message, time } = meaning
    if (time !== undefined) this.lastAt = new Date(time).toISOString()
    this.firstAt ||= this.lastAt
    this.sessionId ??= meaning.sessionId
    const part = prompt !== undefined ? 'prompt' : message !== undefined ? 'message' : 'other'
    const { parent } = this.tree.place({ uuid: id, parentUuid }, part)
    this.#about = { ...this.#about, ...meaning.about }
    if (parent === undefined) return
    const number = (this.turns[parent] as LineTurn).number + 1
    this.#start(`line-${line}`, parent, cut(`turn ${number}: ${prompt}`, 72), number)
  }

  #start(id: string, parent: number | undefined, subject: string, number = 0): void {
    const cursor = { lines: 0, bytes: 0, sha256: EMPTY }
    this.turns.push({ id, parent, rows: [], subject, about: this.#about, cursor, number })
  }

  #warn(line: number, message: string): void {
    this.warnings.push({ line, message: `Line ${line} ${message}.` })
  }
}

interface LineTurn extends Turn {
  rows: LineRow[]
  /** How many prompts its line of turns has up to here. */
  number: number
}

interface LineRow extends Row {
  copy?: boolean
}

const EMPTY = createHash('sha256').digest('hex')

const rawOf = (parsed: ParsedLine, bytes: Buffer): RawText =>
  parsed.kind === 'broken' ? parsed.raw : { text: bytes.toString('utf8') }

function meaningIn(parsed: ParsedLine, meaningOf: MeaningOf): Meaning | undefined {
  return parsed.kind === 'value' && isJsonObject(parsed.value) ? meaningOf(parsed.value) : undefined
}

async function build(
  source: ByteSource,
  { id: run, rows }: Turn,
  firstAt: string,
  meaningOf: MeaningOf,
): Promise<BuiltTurn> {
  const messages: Message[] = []
  const events: RunEvent[] = []
  let prompt = ''
  let usage: Usage = {}
  for await (const [row, bytes] of readRanges(source, rows as readonly LineRow[])) {
    const parsed = parseLine(bytes)
    const kept = { line: row.line, ...rawOf(parsed, bytes) }
    const isEntry = parsed.kind === 'value' && isJsonObject(parsed.value)
    const { message, type, id, ...meaning } = isEntry
      ? meaningOf(parsed.value as JsonObject)
      : ({} as Meaning)
    if (message === undefined || row.copy) {
      const kind = row.copy ? 'copy' : (type ?? 'unknown')
      events.push({ sequence: events.length + 1, at: row.at, type: kind, source: kept })
      continue
    }
    prompt ||= meaning.prompt ?? ''
    usage = addUsage(usage, meaning.usage)
    messages.push({
      id: id ?? `message-line-${row.line}`,
      content: 'parts' in message ? textOfParts(message.parts) : message.content,
      ...message,
      createdAt: row.at,
      run,
      ...(meaning.usage === undefined ? {} : { usage: meaning.usage }),
      source: kept,
    } as Message)
  }
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return { messages, runs: [], endedAt: firstAt }
  const own = {
    id: run,
    status: 'completed',
    prompt,
    startedAt: first.at,
    endedAt: last.at,
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
    source: { lines: [first.line, last.line] as [number, number] },
    events,
  }
  return { messages, runs: [own], endedAt: last.at }
}

/** The file that `readByLine` read. */
export async function writeByLine(states: AsyncIterable<Session>): Promise<WrittenFiles> {
  const file = new FileLines()
  const own = new Set<string>()
  let note: ImportNote | undefined
  for await (const { messages, runs, metadata } of states) {
    const here = metadata.import as ImportNote
    if (note === undefined || here.cursor.bytes > note.cursor.bytes) note = here
    for (const { id, source } of messages) {
      if (isJsonObject(source)) keep(file, source)
      else own.add(id)
    }
    for (const { source } of runs.flatMap(({ events }) => events))
      if (isJsonObject(source)) keep(file, source)
  }
  if (note !== undefined) file.endsAs(note)
  return { main: file.finish(note?.file ?? ''), agents: [], own }
}

function keep(file: FileLines, source: JsonObject): void {
  const { line, ...raw } = source as unknown as { line: number } & RawText
  if (!file.has(line)) file.set(line, rawBytes(raw as RawText))
}
