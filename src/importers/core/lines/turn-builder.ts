/** The second pass: one turn's lines as messages and events, each beside the line it was made of. */
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { type Message, type RunEvent, textOfParts, type Usage } from '../../../state/index.ts'
import { type ByteSource, readRanges } from '../../byte-source.ts'
import type { BuiltTurn } from '../../importer.ts'
import { parseLine, type RawText } from '../../jsonl.ts'
import { addUsage } from '../usage.ts'
import { keepLine } from './kept-line.ts'
import { type LineRow, type LineTurn, rawOf } from './line-reader.ts'
import type { LineContext, Meaning, MeaningOf } from './meaning.ts'

interface Draft {
  id: string
  said: NonNullable<Meaning['message']>
  at: string
  usage: Usage | undefined
  lines: { line: number; raw: RawText }[]
}

export async function buildLineTurn(
  source: ByteSource,
  turn: LineTurn,
  firstAt: string,
  contextOf: (line: number) => LineContext,
  meaningOf: MeaningOf,
): Promise<BuiltTurn> {
  const { id: run, rows } = turn
  const builder = new TurnBuilder()
  for await (const [row, bytes] of readRanges(source, rows)) {
    const parsed = parseLine(bytes)
    const isEntry = parsed.kind === 'value' && isJsonObject(parsed.value)
    const meaning = isEntry ? meaningOf(parsed.value as JsonObject, contextOf(row.line)) : {}
    builder.see(row, rawOf(parsed, bytes), meaning)
  }
  const messages = builder.drafts.map((draft) => finish(draft, run))
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return { messages, runs: [], endedAt: firstAt }
  const counted = builder.total === undefined ? {} : addUsage(builder.total, turn.total, -1)
  const usage = messages.reduce<Usage>((sum, message) => addUsage(sum, message.usage), counted)
  const own = {
    id: run,
    status: builder.status,
    prompt: builder.prompt,
    startedAt: first.at,
    endedAt: last.at,
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
    source: { lines: [first.line, last.line] as [number, number] },
    events: builder.events,
  }
  return { messages, runs: [own], endedAt: last.at }
}

class TurnBuilder {
  readonly drafts: Draft[] = []
  readonly events: RunEvent[] = []
  prompt = ''
  status = 'completed'
  total: Usage | undefined

  see({ line, at, again }: LineRow, raw: RawText, meaning: Meaning): void {
    const { message, type, subtype, id, usage } = meaning
    if (again !== 'copy') {
      this.prompt ||= meaning.prompt ?? meaning.starts ?? ''
      this.status = meaning.status ?? this.status
      this.total = meaning.total ?? this.total
    }
    const last = this.drafts.at(-1)
    const older = again === 'newer' ? this.drafts.find((draft) => draft.id === id) : undefined
    if (message === undefined || again === 'copy' || (again === 'newer' && older === undefined)) {
      const kind = again === 'copy' ? 'copy' : (type ?? 'unknown')
      const source = keepLine(line, raw, undefined)
      const more = subtype === undefined ? {} : { subtype }
      this.events.push({ sequence: this.events.length + 1, at, type: kind, ...more, source })
    } else if (older !== undefined) {
      older.said = message
      older.usage = usage ?? older.usage
      older.lines.push({ line, raw })
    } else if (meaning.joins === true && last !== undefined && canJoin(last.said, message)) {
      last.said = { role: message.role, parts: [...partsOf(last.said), ...partsOf(message)] }
      last.usage = usage === undefined ? last.usage : addUsage(last.usage ?? {}, usage)
      last.lines.push({ line, raw })
    } else {
      this.drafts.push({ id: id ?? `message-line-${line}`, said: message, at, usage, lines: [{ line, raw }] })
    }
  }
}

const partsOf = (said: Draft['said']) =>
  'parts' in said ? said.parts : [{ type: 'text', text: said.content }]

const canJoin = (before: Draft['said'], next: Draft['said']): boolean => before.role === next.role

function finish({ id, said, at, usage, lines }: Draft, run: string): Message {
  const content = 'parts' in said ? textOfParts(said.parts) : said.content
  const message = { id, content, ...said, createdAt: at, run, ...(usage === undefined ? {} : { usage }) }
  const kept = lines.map(({ line, raw }) => keepLine(line, raw, message))
  return { ...message, source: kept.length === 1 ? kept[0] : { lines: kept } }
}
