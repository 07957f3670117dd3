/** Builds messages and runs of a session from the entries of one turn. The same entries always give the same result. */
import { excerpt } from '../../excerpt.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Message, MessagePart, Role, Usage } from '../../state/index.ts'
import { textOfParts } from '../../state/index.ts'
import type { ByteSource } from '../byte-source.ts'
import type { BuiltTurn } from '../importer.ts'
import { type ParsedLine, parseLine, unsaid } from '../jsonl.ts'
import { identical } from '../remainder.ts'
import { blocksOf, contentOf, type Entry, isPrompt, kindOf, replyIdOf, textOf } from './entry.ts'
import { isToolResult, toPart } from './parts.ts'
import { plainPrompt } from './prompt.ts'
import { RunBuilder } from './run-builder.ts'
import type { Built, ScannedRow, ScannedTurn } from './scan.ts'
import { knownOfMessage, knownOfNext, type SourceLine } from './source-lines.ts'
import { usageOf } from './usage.ts'

/** Maximum length in characters of the prompt in a run. The message has the whole prompt. */
const PROMPT_LIMIT = 1000

/** @param agentFile whether the file is a sub-agent's own transcript */
export async function buildTurn(
  transcript: Built,
  index: number,
  source: ByteSource,
  agentFile = false,
): Promise<BuiltTurn> {
  const builder = new TurnBuilder(transcript, index, agentFile)
  const { rows } = transcript.turns[index] as ScannedTurn
  const lines = transcript.memory.take(source, rows, (_, bytes) => parseLine(bytes))
  for await (const [row, parsed] of lines) builder.line(row, parsed)
  return builder.finish()
}

/** Returns a prompt for a run, shortened if needed. */
export function promptOfRun(text: string): string {
  const plain = plainPrompt(text)
  return excerpt(plain, PROMPT_LIMIT + 1)
}

/** A message while its lines are being read. */
interface Draft {
  message: Pick<Message, 'id' | 'role' | 'content' | 'createdAt'> & {
    parts?: MessagePart[]
    usage?: Usage
  }
  /** The stored lines, with all properties. Default values are left out at the end. */
  lines: SourceLine[]
  /** The last entry of the message. */
  entry: Entry
  /** Id of the message that stores the entry, if it is another one. */
  beside?: string
}

class TurnBuilder {
  readonly #transcript: Built
  readonly #index: number
  readonly #turn: ScannedTurn
  readonly #agentFile: boolean
  readonly #run: RunBuilder
  readonly #agents = new Map<string, RunBuilder>()
  readonly #drafts: Draft[] = []
  readonly #replies = new Map<string, Draft>()
  #prompt: string | undefined

  constructor(transcript: Built, index: number, agentFile: boolean) {
    this.#transcript = transcript
    this.#index = index
    this.#turn = transcript.turns[index] as ScannedTurn
    this.#agentFile = agentFile
    this.#run = new RunBuilder(this.#turn.id)
  }

  line(row: ScannedRow, parsed: ParsedLine): void {
    if (parsed.kind === 'blank') return
    this.#run.touch(row)
    if (parsed.kind === 'broken') this.#run.raw(row, parsed.raw)
    else if (!isJsonObject(parsed.value)) this.#run.odd(row, parsed.value)
    else this.#entry(row, parsed.value, unsaid(parsed))
  }

  finish(): BuiltTurn {
    const { chains } = this.#transcript
    const agents = [...this.#agents].map(([chain, run]) => {
      const prompt = chains.prompt(chain)
      return run.finish({ prompt: promptOfRun(prompt), agent: chains.info(chain, prompt) })
    })
    const { rows, id } = this.#turn
    const own = rows.length === 0 ? [] : [this.#run.finish({ prompt: this.#prompt ?? '' })]
    // The turn's own run comes last, because a checkpoint names its last run.
    const runs = [...agents, ...own]
    return {
      messages: this.#drafts.map((draft) => finishMessage(draft, id)),
      runs,
      endedAt: own[0]?.endedAt ?? this.#transcript.firstAt,
    }
  }

  #entry(row: ScannedRow, entry: Entry, text: string | undefined): void {
    if (row.copy) {
      this.#run.event(row, entry, text, 'copy')
      return
    }
    const kind = kindOf(entry, this.#agentFile)
    if (kind === 'sidechain' && row.chain !== undefined) {
      const agent = this.#agents.get(row.chain) ?? new RunBuilder(`agent-line-${row.line}`)
      this.#agents.set(row.chain, agent)
      agent.event(row, entry, text)
      agent.outcome.see(entry, kind, row.at)
      agent.count(entry)
      return
    }
    this.#run.outcome.see(entry, kind, row.at)
    if (kind === 'event') this.#run.event(row, entry, text)
    else this.#message(row, entry, text)
  }

  #message(row: ScannedRow, entry: Entry, text: string | undefined): void {
    if (this.#prompt === undefined && isPrompt(entry)) this.#prompt = promptOfRun(textOf(entry))
    const reply = replyIdOf(entry)
    const counts = reply === undefined || this.#transcript.replyTurns.get(reply) === this.#index
    if (counts) this.#run.count(entry)
    const usage = counts ? usageOf(entry) : undefined
    const before = reply === undefined ? undefined : this.#replies.get(reply)
    if (before?.message.parts !== undefined && Array.isArray(contentOf(entry))) {
      this.#more(before, row, entry, text)
    } else {
      const draft = this.#first(row, entry, text)
      if (reply !== undefined) this.#replies.set(reply, draft)
    }
    const draft = reply === undefined ? this.#drafts.at(-1) : this.#replies.get(reply)
    if (usage !== undefined && draft !== undefined) draft.message.usage = usage
  }

  /** Adds a line to a reply that has begun. */
  #more(draft: Draft, row: ScannedRow, entry: Entry, text: string | undefined): void {
    const parts = this.#parts(row, entry)
    const kept = this.#keep(row, entry, knownOfNext(draft.entry, parts, usageOf(entry)), text)
    draft.lines.push({ ...kept, parts: parts.length })
    draft.message.parts?.push(...parts)
    draft.entry = entry
  }

  #first(row: ScannedRow, entry: Entry, text: string | undefined): Draft {
    const content = contentOf(entry)
    const parts = typeof content === 'string' ? undefined : this.#parts(row, entry)
    const results = parts?.filter(isToolResult) ?? []
    const rest = parts?.filter((part) => !isToolResult(part)) ?? []
    const mixed = entry.type === 'user' && results.length > 0 && rest.length > 0
    const role: Role = entry.type === 'assistant' ? 'assistant' : results.length > 0 ? 'tool' : 'user'
    const ordered = mixed ? [...results, ...rest] : parts
    const message: Draft['message'] = {
      id: row.id as string,
      role,
      content: typeof content === 'string' ? content : '',
      createdAt: row.at,
      ...(parts === undefined ? {} : { parts: mixed ? results : parts }),
    }
    const kept = this.#keep(row, entry, knownOfMessage(message, ordered, usageOf(entry)), text)
    const draft: Draft = { message, lines: [{ ...kept, parts: parts?.length ?? 0 }], entry }
    this.#drafts.push(draft)
    if (mixed) {
      // The AI SDK allows no text among tool results, so the text becomes a separate message.
      const { id, createdAt } = message
      this.#drafts.push({
        message: { id: `${id}-2`, role: 'user', content: '', parts: rest, createdAt },
        lines: [{ line: row.line }],
        entry,
        beside: id,
      })
    }
    return draft
  }

  #parts(row: ScannedRow, entry: Entry): MessagePart[] {
    const { toolNames } = this.#transcript
    // Only earlier calls count, because later lines were missing if the file was imported earlier.
    const toolName = (id: string): string | undefined => {
      const call = toolNames.get(id)
      return call !== undefined && call.line < row.line ? call.name : undefined
    }
    return blocksOf(entry).map((block) => toPart(block, toolName))
  }

  #keep(
    row: ScannedRow,
    entry: Entry,
    known: Readonly<Record<string, unknown>>,
    text: string | undefined,
  ): SourceLine {
    const { shared } = this.#run
    const kept = text === undefined ? shared.keep(entry, known, row.line) : { line: row.line, text }
    const usage = usageOf(entry)
    return entry.type === 'assistant' && usage !== undefined ? { ...kept, usage } : kept
  }
}

function finishMessage({ message, lines, beside }: Draft, run: string): Message {
  const { id, role, content, parts, createdAt, usage } = message
  const kept = lines.map((line) => finishLine(line, lines.length === 1, usage))
  return {
    id,
    role,
    content: parts === undefined ? content : textOfParts(parts),
    ...(parts === undefined ? {} : { parts }),
    createdAt,
    run,
    ...(usage === undefined ? {} : { usage }),
    source: {
      ...(beside === undefined ? {} : { beside }),
      ...(kept.length === 1 ? kept[0] : { lines: kept }),
    },
  }
}

/** Removes default values from a stored line: the tokens of the message, and the default number of parts. */
function finishLine({ line, parts, usage, ...rest }: SourceLine, whole: boolean, known?: Usage): SourceLine {
  return {
    line,
    ...(whole || parts === 1 || parts === undefined ? {} : { parts }),
    ...(usage === undefined || identical(usage, known) ? {} : { usage }),
    ...rest,
  }
}
