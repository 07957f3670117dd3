/**
 * The first of two passes over a transcript: where its lines are, which turns they belong to and how the turns hang
 * together. Holds a few words a line, so that a transcript may be larger than memory.
 *
 * A turn is a stretch of lines, from a prompt up to the next one. So a transcript that has grown since keeps all
 * the turns it had; at most the last became longer. Turn 0 holds what stands before the first prompt.
 */
import { createHash } from 'node:crypto'
import type { ByteSource } from '../byte-source.ts'
import { type ParsedLine, parseLine, type RawLine, type RawText, readLines } from '../jsonl.ts'
import { isObject } from '../remainder.ts'
import { SideChains } from './chains.ts'
import { type Entry, isPrompt, kindOf, replyIdOf, stringAt, textOf, timeOf } from './entry.ts'
import { type About, SessionFacts } from './facts.ts'
import { shortPrompt } from './prompt.ts'
import { TurnTree } from './turn-tree.ts'

/** Where a line is. */
export interface Row {
  line: number
  start: number
  end: number
  /** ISO 8601; that of the line before, when the entry has none. */
  at: string
  /** Of a line of the conversation: unique within the transcript, its uuid where that is. */
  id?: string
  /** Which sub-agent's conversation the line belongs to, if it stands in the session's own file. */
  chain?: string
}

/** How much of a transcript was read: enough to tell later whether a file is its continuation. */
export interface Cursor {
  /** Number of the last line. */
  lines: number
  /** Offset behind it, its line end not included. */
  bytes: number
  /** Of these bytes. */
  sha256: string
}

export interface Turn {
  /** `start`, or `line-48` for the turn whose prompt stands on line 48. */
  id: string
  /** How many prompts its line of turns has up to here: 0 for the start. */
  number: number
  /** Index of the turn it continues; `undefined` for the start. */
  parent: number | undefined
  rows: Row[]
  /** One line. */
  subject: string
  /** What is known of the session once the turn is over. */
  about: About
  cursor: Cursor
}

export interface Warning {
  line: number
  message: string
}

export interface Transcript {
  name: string
  turns: Turn[]
  /** The session's id as its entries give it. */
  sessionId: string | undefined
  /** ISO 8601: the first time in the transcript. */
  firstAt: string
  entries: number
  warnings: Warning[]
  /** A last line that was cut off. */
  tail: ({ line: number } & RawText) | undefined
  bom: boolean
  crlf: boolean
  finalNewline: boolean
  chains: SideChains
  /** By call id: the name of the tool, and the line of the call. */
  toolNames: ReadonlyMap<string, { name: string; line: number }>
  /** By reply id: the turn that its tokens count in. */
  replyTurns: ReadonlyMap<string, number>
}

export interface ScanOptions {
  /** Whether it is a sub-agent's own transcript. */
  agentFile?: boolean
  /** Milliseconds, for a transcript that says no time at all. */
  now: number
}

export async function scanTranscript(source: ByteSource, options: ScanOptions): Promise<Transcript> {
  const scan = new Scan(source, options)
  const hash = createHash('sha256')
  for await (const raw of readLines(source.chunks())) {
    if (raw.bom) hash.update(Buffer.from([0xef, 0xbb, 0xbf]))
    hash.update(raw.bytes)
    scan.endLine(raw.terminator, raw.bom, raw.line)
    const parsed = notCutOff(parseLine(raw.bytes), raw)
    if (parsed.kind !== 'blank') {
      const cursor = { lines: raw.line, bytes: raw.end, sha256: hash.copy().digest('hex') }
      scan.line(parsed, raw.start, cursor, raw.terminator !== '')
    }
    hash.update(raw.terminator)
  }
  return scan.finish()
}

const NOWHERE: Cursor = { lines: 0, bytes: 0, sha256: createHash('sha256').digest('hex') }

class Scan {
  readonly #agentFile: boolean
  readonly #facts = new SessionFacts()
  readonly #tree = new TurnTree()
  readonly #chains = new SideChains()
  readonly #toolNames = new Map<string, { name: string; line: number }>()
  readonly #replyTurns = new Map<string, number>()
  readonly #messageIds = new Set<string>()
  readonly #result: Transcript
  #turn: Turn

  constructor(source: ByteSource, { agentFile = false, now }: ScanOptions) {
    this.#agentFile = agentFile
    this.#turn = this.#newTurn('start', 0, undefined, 'session start')
    this.#result = {
      name: source.name,
      turns: [this.#turn],
      sessionId: undefined,
      firstAt: new Date(source.modified ?? now).toISOString(),
      entries: 0,
      warnings: [],
      tail: undefined,
      bom: false,
      crlf: false,
      finalNewline: true,
      chains: this.#chains,
      toolNames: this.#toolNames,
      replyTurns: this.#replyTurns,
    }
  }

  endLine(terminator: string, bom: boolean, line: number): void {
    if (line === 1) {
      this.#result.bom = bom
      this.#result.crlf = terminator === '\r\n'
    }
    this.#result.finalNewline = terminator !== ''
  }

  line(parsed: Exclude<ParsedLine, { kind: 'blank' }>, start: number, cursor: Cursor, ended: boolean): void {
    const { lines: line, bytes: end } = cursor
    if (parsed.kind === 'broken') {
      if (!ended) {
        this.#result.tail = { line, ...parsed.raw }
        this.#warn(line, 'was cut off, as when the tool is killed while it writes. It is kept as it is')
        return
      }
      this.#warn(line, `${parsed.reason}. It is kept as it is`)
    } else if (!isObject(parsed.value)) {
      this.#warn(line, 'is no JSON object. It is kept as it is')
    }
    const row: Row = { line, start, end, at: '' }
    if (parsed.kind === 'value' && isObject(parsed.value)) this.#entry(parsed.value, row)
    else row.at = this.#facts.lastAt
    this.#turn.rows.push(row)
    this.#turn.cursor = cursor
    this.#result.entries++
  }

  finish(): Transcript {
    this.#turn.about = this.#facts.about()
    const { firstAt } = this.#facts
    if (firstAt !== '') this.#result.firstAt = firstAt
    for (const turn of this.#result.turns) {
      for (const row of turn.rows) if (row.at === '') row.at = this.#result.firstAt
    }
    this.#result.sessionId = this.#facts.sessionId(this.#result.name)
    return this.#result
  }

  #entry(entry: Entry, row: Row): void {
    const kind = kindOf(entry, this.#agentFile)
    const main = kind === 'message'
    if (main && isPrompt(entry)) this.#startTurn(entry, row.line)
    this.#facts.see(entry, kind, timeOf(entry))
    row.at = this.#facts.lastAt
    this.#tree.node(entry, main)
    if (kind === 'event') return
    if (main) row.id = this.#messageId(entry, row.line)
    const chain = this.#chains.see(entry, kind === 'sidechain', this.#result.turns.length - 1)
    if (chain !== undefined) row.chain = chain
    for (const [id, name] of toolCallsOf(entry)) {
      if (!this.#toolNames.has(id)) this.#toolNames.set(id, { name, line: row.line })
    }
    const reply = replyIdOf(entry)
    if (reply !== undefined && !this.#replyTurns.has(reply)) {
      this.#replyTurns.set(reply, this.#result.turns.length - 1)
    }
  }

  #startTurn(entry: Entry, line: number): void {
    this.#turn.about = this.#facts.about()
    const { turns } = this.#result
    const parent = this.#tree.startTurn(entry.parentUuid)
    const number = (turns[parent] as Turn).number + 1
    const prefix = `turn ${number}: `
    const subject = prefix + (shortPrompt(textOf(entry), 72 - prefix.length) || '[no text]')
    this.#turn = this.#newTurn(`line-${line}`, number, parent, subject)
    turns.push(this.#turn)
  }

  #newTurn(id: string, number: number, parent: number | undefined, subject: string): Turn {
    return { id, number, parent, rows: [], subject, about: this.#facts.about(), cursor: NOWHERE }
  }

  #messageId(entry: Entry, line: number): string {
    const uuid = stringAt(entry, 'uuid')
    const id = uuid === undefined || this.#messageIds.has(uuid) ? `${uuid ?? 'message'}-line-${line}` : uuid
    this.#messageIds.add(id)
    return id
  }

  #warn(line: number, message: string): void {
    this.#result.warnings.push({ line, message: `Line ${line} ${message}.` })
  }
}

/** A last line such as `12` may be the beginning of `123`; an object is whole once it parses. */
function notCutOff(parsed: ParsedLine, { bytes, terminator }: RawLine): ParsedLine {
  return parsed.kind === 'value' && terminator === '' && !isObject(parsed.value)
    ? { kind: 'broken', reason: 'is no JSON object', raw: { text: bytes.toString('utf8') } }
    : parsed
}

function toolCallsOf(entry: Entry): [string, string][] {
  const content = isObject(entry.message) ? entry.message.content : undefined
  if (entry.type !== 'assistant' || !Array.isArray(content)) return []
  return content.flatMap((block): [string, string][] => {
    const id = stringAt(block, 'id')
    const name = stringAt(block, 'name')
    return id !== undefined && name !== undefined ? [[id, name]] : []
  })
}
