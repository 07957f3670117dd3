/** The first of two passes over a file of lines: finds their positions and their turns. */
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import type { Usage } from '../../../state/index.ts'
import type { ByteSource } from '../../byte-source.ts'
import type { About, Cursor, FileEnd, Row, Turn, Warning } from '../../importer.ts'
import { asText, MAX_LINE, type ParsedLine, parseLine, type RawLine, type RawText } from '../../jsonl.ts'
import { LineMemory } from './line-memory.ts'
import { inFull, type LineContext, type Meaning, type MeaningOf } from './meaning.ts'
import { oneLine } from './one-line.ts'
import { TurnTree } from './turn-tree.ts'

export interface LineTurn extends Turn {
  rows: LineRow[]
  /** Number of this turn within its line of turns; 0 for the start. */
  number: number
  /** Whether the turn has no subject yet. Its first prompt becomes the subject. */
  announced: boolean
  /** Tokens of the session before this turn, if the tool counts them per session. */
  total: Usage
}

export interface LineRow extends Row {
  /** Set if an earlier entry has the same id. `newer`: this entry is a newer version of it, in the same turn. */
  again?: 'copy' | 'newer'
}

/** A line's text and meaning. */
export interface ReadLine {
  raw: RawText
  meaning: Meaning
}

export class LineReader {
  readonly tree = new TurnTree()
  readonly turns: LineTurn[] = []
  readonly warnings: Warning[] = []
  readonly end: FileEnd = {}
  sessionId: string | undefined
  /** Time of the first entry that has one, ISO 8601; empty before that. */
  firstAt = ''
  lastAt = ''
  readonly #meaningOf: MeaningOf
  /** Tool and line of each call, by the call's id. */
  readonly #calls = new Map<string, { tool: string; line: number }>()
  /** Turn of each entry, by the entry's id. */
  readonly #turnOf = new Map<string, number>()
  /** Whether the file marks the beginning of its turns. */
  #announces = false
  #about: About = {}
  #total: Usage = {}
  readonly #memory: LineMemory<ReadLine>
  /** Text of the first prompt: the title, if the tool gives none. */
  #asked: string | undefined

  /** @param memory see `ReadOptions.memory` */
  constructor(meaningOf: MeaningOf, memory?: number) {
    this.#meaningOf = meaningOf
    this.#memory = new LineMemory(memory)
    this.#start('start', undefined, 0)
  }

  /**
   * Returns only what the lines before this one say, because later lines were missing if the file was imported earlier.
   */
  contextOf(line: number): LineContext {
    return {
      line,
      toolName: (callId) => {
        const call = this.#calls.get(callId)
        return call !== undefined && call.line < line ? call.tool : undefined
      },
    }
  }

  /** Remembers no further lines. */
  forgetNext(): void {
    this.#memory.close()
  }

  /** Yields the lines of a turn. Lines that are not remembered are read again. */
  linesOf(source: ByteSource, rows: readonly LineRow[]): AsyncIterable<[LineRow, ReadLine]> {
    return this.#memory.take(source, rows, ({ line }, bytes) => {
      const parsed = parseLine(bytes)
      const entry = entryOf(parsed)
      const meaning = inFull(entry === undefined ? {} : this.#meaningOf(entry, this.contextOf(line)))
      return { raw: rawOf(parsed), meaning }
    })
  }

  line({ line, bytes, terminator, bom, start, end, known }: RawLine): void {
    if (line === 1 && bom) this.end.bom = true
    if (line === 1 && terminator === '\r\n') this.end.crlf = true
    if (bytes === undefined) {
      this.#warn(line, `is longer than ${MAX_LINE >> 20} MiB. It is skipped`)
      return
    }
    const parsed = parseLine(bytes, known)
    if (parsed.kind === 'blank') return
    const entry = entryOf(parsed)
    if (entry === undefined) {
      const reason = parsed.kind === 'broken' ? parsed.reason : 'is not a JSON object'
      this.#warn(line, `${reason}. It is kept as it is`)
      if (terminator === '') {
        this.end.unfinished = { line, ...rawOf(parsed) }
        return
      }
    }
    if (terminator === '') this.end.finalNewline = false
    const meaning = entry && inFull(this.#meaningOf(entry, this.contextOf(line)))
    const again = meaning && this.#again(meaning)
    if (meaning !== undefined && again !== 'copy') this.#see(meaning, line, again === 'newer')
    const turn = this.turns[this.tree.current] as LineTurn
    const row = { line, start, end, at: this.lastAt, ...(again === undefined ? {} : { again }) }
    turn.rows.push(row)
    turn.about = this.#about
    turn.cursor = { lines: line, bytes: end, sha256: '' }
    this.#memory.keep(row, { raw: rawOf(parsed), meaning: meaning ?? NONE })
  }

  /** Applies what a document says about all its entries. */
  document({ sessionId, about, time }: Meaning): void {
    this.sessionId = sessionId
    this.#about = { ...about }
    if (time !== undefined && time >= 0 && time < MAX_TIME) this.lastAt = new Date(time).toISOString()
    this.firstAt = this.lastAt
    for (const turn of this.turns) turn.about = this.#about
  }

  #again({ id, newer }: Meaning): LineRow['again'] {
    const turn = id === undefined ? undefined : this.#turnOf.get(id)
    if (turn === undefined) return undefined
    return newer === true && turn === this.tree.current ? 'newer' : 'copy'
  }

  #see(meaning: Meaning, line: number, newer: boolean): void {
    const { id, message, time, sessionId, about, prompt, rewind } = meaning
    if (time !== undefined && Number.isFinite(time) && time >= 0 && time < MAX_TIME)
      this.lastAt = new Date(time).toISOString()
    this.firstAt ||= this.lastAt
    this.sessionId ??= sessionId
    if (prompt !== undefined) this.#asked ||= oneLine(prompt)
    this.#learn(about)
    if (!newer) this.#place(meaning, line)
    if (id !== undefined && !newer) this.#turnOf.set(id, this.tree.current)
    if (rewind !== undefined) this.#rewind(rewind)
    this.#total = meaning.total ?? this.#total
    for (const part of message !== undefined && 'parts' in message ? message.parts : []) {
      const { type, toolCallId, toolName } = part
      if (type !== 'tool-call' || typeof toolCallId !== 'string' || this.#calls.has(toolCallId)) continue
      this.#calls.set(toolCallId, { tool: String(toolName), line })
    }
  }

  #learn(about: About | undefined): void {
    const { title: before = this.#asked, ...known } = this.#about
    const { title = before, ...more } = about ?? {}
    if (title === this.#about.title && Object.keys(more).length === 0) return
    this.#about = { ...known, ...more, ...(title ? { title } : {}) }
  }

  #place({ id, parent: parentUuid, prompt, starts, message }: Meaning, line: number): void {
    if (starts !== undefined) this.#announces = true
    const begins = starts !== undefined || (prompt !== undefined && !this.#announces)
    const answers = message?.role === 'assistant' || message?.role === 'tool'
    const part = begins ? 'prompt' : answers ? 'answer' : message !== undefined ? 'message' : 'other'
    const { parent } = this.tree.place({ uuid: id, parentUuid }, part)
    if (parent !== undefined) this.#start(`line-${line}`, parent, (this.turns[parent] as LineTurn).number + 1)
    const turn = this.turns[this.tree.current] as LineTurn
    const subject = oneLine(starts || prompt || '', 60)
    if (!turn.announced || subject === '') return
    turn.subject = `turn ${turn.number}: ${subject}`
    turn.announced = false
  }

  #rewind(to: NonNullable<Meaning['rewind']>): void {
    let turn: number | undefined = this.tree.current
    if ('turns' in to) {
      for (let n = Math.min(to.turns, this.turns.length); n > 0 && turn !== undefined; n--)
        turn = this.turns[turn]?.parent
    } else {
      const named = this.#turnOf.get(to.before)
      turn = named === undefined ? undefined : this.turns[named]?.parent
    }
    this.tree.rewind(turn ?? 0)
  }

  #start(id: string, parent: number | undefined, number: number): void {
    const cursor: Cursor = { lines: 0, bytes: 0, sha256: '' }
    const subject = parent === undefined ? 'session start' : `turn ${number}: [no text]`
    const announced = parent !== undefined
    this.turns.push({
      id,
      parent,
      rows: [],
      subject,
      about: this.#about,
      cursor,
      number,
      announced,
      total: this.#total,
    })
  }

  #warn(line: number, message: string): void {
    this.warnings.push({ line, message: `Line ${line} ${message}.` })
  }
}

const entryOf = (parsed: ParsedLine): JsonObject | undefined =>
  parsed.kind === 'value' && isJsonObject(parsed.value) ? parsed.value : undefined

function rawOf(parsed: ParsedLine): RawText {
  if (parsed.kind === 'broken') return parsed.raw
  return parsed.kind === 'value' ? asText(parsed.text) : { text: '' }
}

const NONE = inFull({})

// The last year with four digits in ISO 8601.
const MAX_TIME = Date.UTC(9999, 11, 31)
