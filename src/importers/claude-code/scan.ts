/**
 * The first of two passes over a transcript: finds the positions of the lines, their turns, and which turn continues
 * which. Holds only a few words per line, so that a transcript may be larger than memory.
 *
 * A turn is a prompt and everything below it, see `turn-tree.ts`; each line is in exactly one turn. If a transcript
 * grows, it keeps all its turns; only the last turn of a line of turns can become longer. Turn 0 contains everything
 * before the first prompt. An entry with the uuid of an earlier entry is a copy, as of a replayed history: it belongs
 * to the current turn and is otherwise ignored.
 */
import { isJsonObject } from '../../json-value.ts'
import { type ByteSource, linesOf } from '../byte-source.ts'
import { LineMemory } from '../core/lines/line-memory.ts'
import { type StraightReader, StraightTurns } from '../core/lines/straight-turns.ts'
import { type Part, TurnTree } from '../core/lines/turn-tree.ts'
import type { BuiltTurn, Cursor, FileEnd, ReadOptions, Row, Transcript, Turn, Warning } from '../importer.ts'
import { MAX_LINE, type ParsedLine, parseLine, type RawLine } from '../jsonl.ts'
import { hashCursors } from '../start-hash.ts'
import { SideChains } from './chains.ts'
import {
  type Entry,
  type EntryKind,
  hasToolResult,
  isPrompt,
  isSynthetic,
  kindOf,
  replyIdOf,
  stringAt,
  textOf,
  timeOf,
} from './entry.ts'
import { SessionFacts } from './facts.ts'
import { shortPrompt } from './prompt.ts'

/** Position of a line, and what the scan found out about it. */
export interface ScannedRow extends Row {
  /** Id of a line of the conversation, unique within the transcript: its uuid, if that is unique. */
  id?: string
  /** Key of the sub-agent's conversation that the line belongs to, if that is in the session's own file. */
  chain?: string
  /** Whether an earlier entry has the same uuid. */
  copy?: boolean
}

export interface ScannedTurn extends Turn {
  rows: ScannedRow[]
  /** Number of prompts in its line of turns up to here: 0 for the start. */
  number: number
  /** The prompt as one line. */
  prompt: string
}

/** A transcript without the function that builds its turns. */
export interface Scanned extends Omit<Transcript, 'build'> {
  turns: ScannedTurn[]
  chains: SideChains
  /** Name of the tool and line of the call, by call id. */
  toolNames: ReadonlyMap<string, { name: string; line: number }>
  /** The turn that counts the tokens of a reply, by reply id. */
  replyTurns: ReadonlyMap<string, number>
  memory: LineMemory<ParsedLine>
}

export interface ScanOptions extends Pick<ReadOptions, 'now' | 'memory' | 'taker'> {
  /** Whether the file is a sub-agent's own transcript. */
  agentFile?: boolean
  /** Builds a turn, for `taker`. */
  build?: (scanned: Built, index: number) => Promise<BuiltTurn>
}

/** What a turn is built of. */
export type Built = Pick<Scanned, 'turns' | 'firstAt' | 'chains' | 'toolNames' | 'replyTurns' | 'memory'>

export async function scanTranscript(source: ByteSource, options: ScanOptions): Promise<Scanned> {
  const scan = new Scan(source, options)
  const { taker, build } = options
  const straight = taker && build && new StraightTurns(scan.straight(build), taker)
  for await (const raw of linesOf(source)) {
    scan.add(raw)
    const given = straight?.after(raw)
    if (given !== undefined) await given
  }
  const scanned = scan.finish()
  if (straight?.end() === undefined) await hashCursors(source, scanned.turns)
  return scanned
}

const NOWHERE: Cursor = { lines: 0, bytes: 0, sha256: '' }

class Scan {
  readonly #agentFile: boolean
  readonly #facts = new SessionFacts()
  readonly #tree = new TurnTree()
  readonly #chains = new SideChains()
  readonly #toolNames = new Map<string, { name: string; line: number }>()
  readonly #replyTurns = new Map<string, number>()
  readonly #messageIds = new Set<string>()
  readonly #memory: LineMemory<ParsedLine>
  readonly #turns: ScannedTurn[] = []
  readonly #warnings: Warning[] = []
  readonly #end: FileEnd = {}
  readonly #name: string
  /** Time for entries before the first one that has a time, ISO 8601. */
  readonly #fallback: string
  #entries = 0
  #turn: ScannedTurn

  constructor({ name, modified }: ByteSource, { agentFile = false, now, memory }: ScanOptions) {
    this.#memory = new LineMemory(memory)
    this.#name = name
    this.#fallback = new Date(modified ?? now).toISOString()
    this.#agentFile = agentFile
    this.#turn = this.#newTurn('start', 0, undefined, '')
    this.#turns.push(this.#turn)
  }

  add({ line, start, end, bytes, terminator, bom, known }: RawLine): void {
    if (line === 1 && bom) this.#end.bom = true
    if (line === 1 && terminator === '\r\n') this.#end.crlf = true
    if (terminator === '') this.#end.finalNewline = false
    if (bytes === undefined) {
      this.#warn(line, `is longer than ${MAX_LINE >> 20} MiB. It is skipped`)
      return
    }
    const parsed = notCutOff(parseLine(bytes, known), bytes, terminator)
    if (parsed.kind !== 'blank')
      this.#line(parsed, start, { lines: line, bytes: end, sha256: '' }, terminator !== '')
  }

  /** What `StraightTurns` needs. */
  straight(build: NonNullable<ScanOptions['build']>): StraightReader {
    const known = {
      turns: this.#turns,
      chains: this.#chains,
      toolNames: this.#toolNames,
      replyTurns: this.#replyTurns,
      memory: this.#memory,
    }
    return {
      turns: this.#turns,
      // What is known of a sub-agent may be in a later line.
      current: () => (this.#chains.isEmpty ? this.#tree.current : -1),
      begun: () => ({
        sessionId: this.#facts.sessionId(this.#name),
        firstAt: this.#facts.firstAt,
        end: this.#end,
      }),
      build: (index) => build({ ...known, firstAt: this.#facts.firstAt }, index),
      refused: () => this.#memory.close(),
    }
  }

  #line(parsed: Exclude<ParsedLine, { kind: 'blank' }>, start: number, cursor: Cursor, ended: boolean): void {
    const { lines: line, bytes: end } = cursor
    if (parsed.kind === 'broken') {
      if (!ended) {
        this.#end.unfinished = { line, ...parsed.raw }
        delete this.#end.finalNewline
        this.#warn(line, 'was cut off, as when the tool is killed while it writes. It is kept as it is')
        return
      }
      this.#warn(line, `${parsed.reason}. It is kept as it is`)
    } else if (!isJsonObject(parsed.value)) {
      this.#warn(line, 'is not a JSON object. It is kept as it is')
    }
    const row: ScannedRow = { line, start, end, at: '' }
    if (parsed.kind === 'value' && isJsonObject(parsed.value)) this.#entry(parsed.value, row)
    else row.at = this.#facts.lastAt
    this.#turn.rows.push(row)
    this.#memory.keep(row, parsed)
    this.#turn.cursor = cursor
    this.#entries++
  }

  finish(): Scanned {
    this.#turn.about = this.#facts.about()
    const firstAt = this.#facts.firstAt || this.#fallback
    for (const { rows } of this.#turns) for (const row of rows) row.at ||= firstAt
    return {
      name: this.#name,
      turns: this.#turns,
      current: this.#tree.current,
      sessionId: this.#facts.sessionId(this.#name),
      firstAt,
      lastAt: this.#facts.lastAt || firstAt,
      entries: this.#entries,
      warnings: this.#warnings,
      end: this.#end,
      chains: this.#chains,
      agentTasks: this.#chains.tasks,
      toolNames: this.#toolNames,
      replyTurns: this.#replyTurns,
      memory: this.#memory,
    }
  }

  #entry(entry: Entry, row: ScannedRow): void {
    const uuid = stringAt(entry, 'uuid')
    if (uuid !== undefined && this.#tree.has(uuid)) {
      row.copy = true
      row.at = isoTimeOf(entry) ?? this.#facts.lastAt
      return
    }
    const kind = kindOf(entry, this.#agentFile)
    this.#place(entry, kind, row.line)
    this.#facts.see(entry, kind, timeOf(entry))
    row.at = this.#facts.lastAt
    if (kind === 'event') return
    if (kind === 'message') row.id = this.#messageId(entry, row.line)
    const chain = this.#chains.see(entry, kind === 'sidechain', this.#tree.current)
    if (chain !== undefined) row.chain = chain
    for (const [id, name] of toolCallsOf(entry)) {
      if (!this.#toolNames.has(id)) this.#toolNames.set(id, { name, line: row.line })
    }
    const reply = replyIdOf(entry)
    if (reply !== undefined && !this.#replyTurns.has(reply)) this.#replyTurns.set(reply, this.#tree.current)
  }

  /** Makes the entry's turn current. Adds a new turn if the entry starts one. */
  #place(entry: Entry, kind: EntryKind, line: number): void {
    const turns = this.#turns
    const { turn, parent } = this.#tree.place(entry, this.#partOf(entry, kind))
    if (turns[turn] === this.#turn) return
    this.#turn.about = this.#facts.about()
    if (parent !== undefined) turns.push(this.#nextTurn(entry, line, parent))
    this.#turn = turns[turn] as ScannedTurn
  }

  #partOf(entry: Entry, kind: EntryKind): Part {
    if (kind !== 'message') return 'other'
    if (isPrompt(entry)) return 'prompt'
    const reply = replyIdOf(entry)
    const begins = entry.type === 'assistant' && !(reply !== undefined && this.#replyTurns.has(reply))
    return hasToolResult(entry) || (begins && !isSynthetic(entry)) ? 'answer' : 'message'
  }

  #nextTurn(entry: Entry, line: number, parent: number): ScannedTurn {
    const before = this.#turns[parent] as ScannedTurn
    const prompt = isPrompt(entry) ? shortPrompt(textOf(entry), 72) || '[no text]' : before.prompt
    return this.#newTurn(`line-${line}`, before.number + 1, parent, prompt)
  }

  #newTurn(id: string, number: number, parent: number | undefined, prompt: string): ScannedTurn {
    const prefix = `turn ${number}: `
    const subject = parent === undefined ? 'session start' : prefix + shortPrompt(prompt, 72 - prefix.length)
    return { id, number, parent, prompt, rows: [], subject, about: this.#facts.about(), cursor: NOWHERE }
  }

  #messageId(entry: Entry, line: number): string {
    const uuid = stringAt(entry, 'uuid')
    const id = uuid === undefined || this.#messageIds.has(uuid) ? `${uuid ?? 'message'}-line-${line}` : uuid
    this.#messageIds.add(id)
    return id
  }

  #warn(line: number, message: string): void {
    this.#warnings.push({ line, message: `Line ${line} ${message}.` })
  }
}

/**
 * Treats a last line such as `12` as cut off, because it may be the beginning of `123`. An object is complete if it can
 * be parsed.
 */
function notCutOff(parsed: ParsedLine, bytes: Buffer, terminator: RawLine['terminator']): ParsedLine {
  return parsed.kind === 'value' && terminator === '' && !isJsonObject(parsed.value)
    ? { kind: 'broken', reason: 'is not a JSON object', raw: { text: bytes.toString('utf8') } }
    : parsed
}

function isoTimeOf(entry: Entry): string | undefined {
  const time = timeOf(entry)
  return time === undefined ? undefined : new Date(time).toISOString()
}

function toolCallsOf(entry: Entry): [string, string][] {
  const content = isJsonObject(entry.message) ? entry.message.content : undefined
  if (entry.type !== 'assistant' || !Array.isArray(content)) return []
  return content.flatMap((block): [string, string][] => {
    const id = stringAt(block, 'id')
    const name = stringAt(block, 'name')
    return id !== undefined && name !== undefined ? [[id, name]] : []
  })
}
