/** The second pass: converts the lines of a turn to messages and events, each stored with its line. */
import {
  type Message,
  type MessagePart,
  type RunEvent,
  textOfParts,
  type Usage,
} from '../../../state/index.ts'
import type { BuiltTurn } from '../../importer.ts'
import type { RawText } from '../../jsonl.ts'
import { addUsage } from '../usage.ts'
import { keepLine, textsOf } from './kept-line.ts'
import type { LineRow, LineTurn, ReadLine } from './line-reader.ts'
import type { Meaning, Said } from './meaning.ts'

interface Draft {
  id: string
  said: Said
  more: readonly Said[]
  at: string
  usage: Usage | undefined
  lines: { line: number; raw: RawText }[]
}

export async function buildLineTurn(
  turn: LineTurn,
  firstAt: string,
  lines: AsyncIterable<[LineRow, ReadLine]>,
): Promise<BuiltTurn> {
  const { id: run, rows } = turn
  const builder = new TurnBuilder()
  for await (const [row, { raw, meaning }] of lines) builder.see(row, raw, meaning)
  const messages = builder.drafts.flatMap((draft) => finish(draft, run))
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
    const { message, type, subtype, id, usage, joins = false, more = [] } = meaning
    if (again !== 'copy') {
      this.prompt ||= meaning.prompt ?? meaning.starts ?? ''
      this.status = meaning.status ?? this.status
      this.total = meaning.total ?? this.total
    }
    const last = this.drafts.at(-1)
    const older = again === 'newer' ? this.drafts.find((draft) => draft.id === id) : undefined
    if (message === undefined || again === 'copy' || (again === 'newer' && older === undefined)) {
      const kind = again === 'copy' ? 'copy' : (type ?? 'unknown')
      const source = keepLine(line, raw)
      const more = subtype === undefined ? {} : { subtype }
      this.events.push({ sequence: this.events.length + 1, at, type: kind, ...more, source })
    } else if (older !== undefined) {
      older.said = message
      older.more = more
      older.usage = usage ?? older.usage
      older.lines.push({ line, raw })
    } else if (joins !== false && last?.said.role === message.role && last.more.length === 0) {
      last.said = joined(last.said, message, joins === 'text')
      last.more = more
      last.usage = usage === undefined ? last.usage : addUsage(last.usage ?? {}, usage)
      last.lines.push({ line, raw })
    } else {
      this.drafts.push({
        id: id ?? `message-line-${line}`,
        said: message,
        more,
        at,
        usage,
        lines: [{ line, raw }],
      })
    }
  }
}

const partsOf = (said: Said): MessagePart[] =>
  'parts' in said ? said.parts : [{ type: 'text', text: said.content }]

function joined(before: Said, next: Said, asText: boolean): Said {
  if (asText && 'content' in before && 'content' in next) {
    return { role: before.role, content: before.content + next.content }
  }
  return { role: before.role, parts: [...partsOf(before), ...partsOf(next)] }
}

function finish({ id, said, more, at, usage, lines }: Draft, run: string): Message[] {
  const base = { createdAt: at, run }
  const message = { id, content: textOf(said), ...said, ...base, ...(usage === undefined ? {} : { usage }) }
  const texts = textsOf(message)
  const kept = lines.map(({ line, raw }) => keepLine(line, raw, texts))
  const source = kept.length === 1 ? kept[0] : { lines: kept }
  const beside = { beside: id, line: lines.at(-1)?.line }
  const others = more.map((one, n) => ({
    id: `${id}-${n + 2}`,
    content: textOf(one),
    ...one,
    ...base,
    source: beside,
  }))
  return [{ ...message, source }, ...others]
}

const textOf = (said: Said): string => ('parts' in said ? textOfParts(said.parts) : said.content)
