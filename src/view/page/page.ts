/**
 * The page of a turn: its messages as Markdown that reads well in `git log -p` and on a git host. It depends only on
 * the turn's items, so that it can be made again and compared: `docs/format.md`, "Pages".
 */
import type { Block, ReadMessage } from '../block.ts'
import { listDiff } from '../line-diff.ts'
import { readMessage } from '../message.ts'
import { isOfSubAgent, type ReadAgent, type ReadRun, readEvent, readRun, typeOfEvent } from '../run.ts'
import { blockMarkdown, type Source } from './blocks.ts'
import { pageFoot } from './foot.ts'
import { code, fenced } from './markdown.ts'

/** The first line of every page. Its number changes with the renderer. */
export const PAGE_START = '<!-- forkpoint page 1 -->'

/** A message of a turn. */
export interface PageItem extends Source {
  /** Position in the collection. */
  index: number
  item: unknown
  /** The item that was at this position before; `undefined` if it is new. */
  before?: unknown
}

/** A run that the turn began or continued. */
export interface PageRun extends Source {
  run: unknown
  /** The events that the turn added. */
  events: readonly unknown[]
}

export interface PageTurn {
  items: Iterable<PageItem>
  /** Positions of removed items. */
  removed: readonly number[]
  runs: readonly PageRun[]
}

/**
 * Yields the page: its first line, then the text of one item after the other.
 *
 * @param longest characters after which the page ends early
 */
export function* pageOfTurn(
  { items, removed, runs }: PageTurn,
  longest = Number.POSITIVE_INFINITY,
): Generator<string> {
  const page = new PageText(`${PAGE_START}\n`, longest)
  yield page.take()
  if (removed.length > 0) page.add(`*removed: ${rangesOf(removed)}*`)
  const talk = new Talk(page)
  const known: Pick<ReadMessage, 'model' | 'usage'>[] = []
  for (const one of items) {
    const message = readMessage(one.item)
    const { model, usage } = message
    if (model !== undefined || usage !== undefined) known.push({ model, usage })
    if (one.before !== undefined) talk.changed(message, readMessage(one.before), one)
    else talk.said(message, one, one.index)
    yield page.take()
  }
  const read = runs.map(({ run }) => readRun(run))
  for (let n = 0; n < runs.length; n++) yield* subAgents(page, read[n]!, runs[n]!)
  const foot = pageFoot(
    known,
    read.filter(({ agent }) => agent === undefined),
  )
  if (foot !== '' || page.isFull) page.add(foot)
  yield page.take()
}

/** Writes what sub-agents said in a run, which no message contains. */
function* subAgents(page: PageText, run: ReadRun, { events, ...source }: PageRun): Generator<string> {
  let said: { agent: string; talk: Talk } | undefined
  for (const one of events) {
    if (!isOfSubAgent(run, { type: typeOfEvent(one) })) continue
    const event = readEvent(one)
    const { message } = event
    if (message === undefined || message.blocks.length === 0) continue
    const agent = run.agent?.id ?? message.agent ?? ''
    if (said?.agent !== agent) {
      page.add(`## sub-agent ${agentFacts(run.agent, agent)}`)
      said = { agent, talk: new Talk(page, '###') }
    }
    said.talk.said({ ...message, at: message.at ?? event.at }, source)
    yield page.take()
  }
}

/** The text of a page, made of pieces with an empty line before each. */
class PageText {
  #text: string
  #length: number
  readonly #longest: number
  #endsInFence = false
  #isCut = false

  constructor(start: string, longest: number) {
    this.#text = start
    this.#length = start.length
    this.#longest = longest
  }

  /** Whether the next piece is left out. */
  get isFull(): boolean {
    return this.#length > this.#longest
  }

  /** Adds a piece, without line feeds around it. */
  add(piece: string): void {
    if (this.#isCut) return
    if (this.isFull) {
      this.#text += '\n… and more, each in its file.\n'
      this.#isCut = true
      return
    }
    // Only a heading needs an empty line after a fence.
    const joins = this.#endsInFence && /^[→←`]/.test(piece)
    this.#endsInFence = piece.endsWith('```')
    const text = joins ? `${piece}\n` : `\n${piece}\n`
    this.#length += text.length
    this.#text += text
  }

  /** Returns what was added since the last call. */
  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}

function agentFacts(about: ReadAgent | undefined, id: string): string {
  const facts = [about?.type, about?.description].filter((fact) => fact !== undefined)
  return (facts.length === 0 ? [id] : facts).map((fact) => code(fact.slice(0, 200))).join(' · ')
}

/** Writes consecutive messages. Speaker, day and tool names are not repeated. */
class Talk {
  readonly #page: PageText
  readonly #level: string
  #who: string | undefined
  #day = ''
  readonly #tools = new Map<string, string>()

  constructor(page: PageText, level = '##') {
    this.#page = page
    this.#level = level
  }

  /** @param number number of the item; `undefined` if the message is not an item */
  said(message: ReadMessage, source: Source, number?: number): void {
    const page = this.#page
    const { blocks } = message
    if (this.#needsNone(message)) {
      for (const block of blocks) page.add(blockMarkdown(this.#named(block), source, number))
      return
    }
    const start = blocks[0]
    const isThought =
      start?.kind === 'thinking' && start.text !== '' && !blocks.some((one) => one !== start && isSaid(one))
    const head = this.#heading(message, number, isThought ? 'thinking' : undefined)
    const sections = this.#sections(message, source, isThought)
    const first = sections[0]
    page.add(first === undefined ? head : `${head}\n${first}`)
    for (let n = 1; n < sections.length; n++) page.add(sections[n]!)
  }

  /** Writes a changed message, before and after. */
  changed(message: ReadMessage, before: ReadMessage, source: PageItem): void {
    const head = this.#heading(message, source.index, 'changed')
    const [was, is] = [textAlone(before), textAlone(message)]
    if (was !== undefined && is !== undefined && was !== is && `${was}${is}`.includes('\n')) {
      const lines = listDiff(was.split('\n'), is.split('\n')).map(({ sign, text }) => sign + text)
      this.#page.add(`${head}\n${fenced(lines.join('\n'), 'diff')}`)
      return
    }
    const sections = listDiff(this.#sections(before, source), this.#sections(message, source)).flatMap(
      ({ sign, text }) => (sign === ' ' ? [] : [sign === '-' ? `*was*\n${text}` : `*is*\n${text}`]),
    )
    this.#page.add(
      `${head}\n${sections.length === 0 ? '*in what is not shown here*' : sections.join('\n\n')}`,
    )
  }

  /** @param isPlain whether the heading already says that it is thinking */
  #sections({ blocks }: ReadMessage, source: Source, isPlain = false): string[] {
    const sections: string[] = []
    let before: string | undefined
    for (const block of blocks) {
      if (block.kind === 'thinking' && block.text === '') continue
      const text = blockMarkdown(this.#named(block), source)
      const says = before === 'thinking' && block.kind === 'text'
      before = block.kind
      sections.push(
        block.kind === 'thinking' && !isPlain ? `*thinking*\n${text}` : says ? `*says*\n${text}` : text,
      )
    }
    return sections
  }

  /** Adds the tool's name to a result if only its call has it. */
  #named(block: Block): Block {
    if (block.kind === 'call' && block.id !== undefined) this.#tools.set(block.id, block.tool)
    if (block.kind !== 'result' || block.tool !== '' || block.id === undefined) return block
    return { ...block, tool: this.#tools.get(block.id) ?? '' }
  }

  /** Whether the message needs no heading: results, and further calls by the last speaker. */
  #needsNone({ who, blocks, about }: ReadMessage): boolean {
    if (blocks.length === 0 || about !== undefined) return false
    if (blocks.every(({ kind }, n) => kind === 'result' || (kind === 'file' && n > 0))) return true
    return blocks.every(({ kind }) => kind === 'call') && this.#who === wordOf(who)
  }

  #heading({ who, at, about }: ReadMessage, number: number | undefined, note?: string): string {
    this.#who = wordOf(who)
    let head = number === undefined ? `${this.#level} ${this.#who}` : `${this.#level} ${number} ${this.#who}`
    if (at !== undefined && TIME.test(at)) head += ` · ${this.#time(at)}`
    if (about !== undefined) head += about === 'compaction' ? ' · summary of all before' : ' · notice'
    return note === undefined ? head : `${head} · ${note}`
  }

  /** Formats a time, with the day only if it changed. */
  #time(at: string): string {
    const day = at.slice(0, 10)
    const time = at.slice(11, 16)
    if (day === this.#day) return time
    this.#day = day
    return `${day} ${time}`
  }
}

const isSaid = ({ kind }: Block): boolean => kind === 'text' || kind === 'thinking'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/

/** Returns the text of a message that is nothing but text. */
function textAlone({ blocks }: ReadMessage): string | undefined {
  const [first, second] = blocks
  return first?.kind === 'text' && second === undefined ? first.text : undefined
}

/** Formats numbers as `3, 5 to 8`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ')
}

/** Returns the speaker as a word without Markdown. */
function wordOf(who = 'item'): string {
  if (WORD.test(who)) return who
  const word = who
    .slice(0, 40)
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return word || 'item'
}

const WORD = /^[A-Za-z0-9]{1,40}$/
