/** Splits the entries of a transcript into turns, with the subject of each. No entry is changed. */

import { oneLine, turnBody, WIDTH } from '../../checkpoints/commits/text.ts'
import { beginning, cut } from '../../excerpt.ts'
import {
  blocksOf,
  type Entry,
  isPrompt,
  kindOf,
  stringAt,
  textOf,
} from '../../importers/claude-code/entry.ts'
import { plainPrompt, shortPrompt } from '../../importers/claude-code/prompt.ts'
import { isJsonObject } from '../../json-value.ts'

/** Entries that become one checkpoint. */
export interface Segment<E> {
  entries: readonly E[]
  /** `save`: these entries end the turn. `step`: the turn continues, or the entries belong to no turn yet. */
  kind: 'save' | 'step'
  /** The prompt of the turn on one line; empty when it is not known. */
  prompt: string
  /** The prompt of a turn that these entries do not end. */
  open: string | undefined
}

/**
 * A turn starts with a prompt, and ends when the assistant ends it or the next prompt comes: so a segment can be empty.
 *
 * @param open the prompt of a turn that earlier entries have begun and not ended
 * @param agent whether it is a sub-agent's transcript, in which all entries are side chains
 */
export function cutTurns<E>(
  entries: readonly E[],
  entryOf: (one: E) => Entry,
  { open, agent }: { open: string | undefined; agent: boolean },
): Segment<E>[] {
  const segments: Segment<E>[] = []
  let [current, prompt, ended]: [E[], string | undefined, boolean] = [[], open, false]
  for (const one of entries) {
    const entry = entryOf(one)
    if (kindOf(entry, agent) === 'message') {
      if (isPrompt(entry)) {
        if (prompt !== undefined || ended) {
          segments.push({ entries: current, kind: 'save', prompt: prompt ?? '', open: undefined })
          current = []
        }
        prompt = shortPrompt(textOf(entry))
      }
      ended = endsTurn(entry)
    }
    current.push(one)
  }
  if (current.length > 0) {
    const kind = ended ? 'save' : 'step'
    segments.push({ entries: current, kind, prompt: prompt ?? '', open: ended ? undefined : prompt })
  }
  return segments
}

/** The subject: a turn's prompt, or what is new in a step. At most 72 characters. */
export function subjectOf({ entries, kind, prompt }: Segment<Entry>, seq: number): string {
  const prefix = kind === 'step' ? 'step: ' : `turn ${seq}: `
  const text = kind === 'save' && prompt !== '' ? prompt : describe(entries)
  return prefix + cut(oneLine(text) || 'nothing to read', WIDTH - prefix.length)
}

/** The body of a finished turn: its prompt and the beginning of the last answer. */
export function bodyOf({ entries, kind, prompt }: Segment<Entry>): string {
  if (kind === 'step') return ''
  const asked = entries.find((entry) => isMessage(entry) && isPrompt(entry))
  return turnBody({
    prompt:
      asked === undefined || shortPrompt(textOf(asked)) !== prompt ? prompt : plainPrompt(textOf(asked)),
    answer: answerIn(entries) ?? '',
  })
}

/** The model that answered last. */
export function modelOf(entries: readonly Entry[]): string | undefined {
  const models = entries.flatMap((entry) =>
    entry.type === 'assistant' ? (stringAt(entry.message, 'model') ?? []) : [],
  )
  return models.findLast((model) => model !== '<synthetic>')
}

/** Why a reply ended, if the turn ended with it. A turn continues after a tool call or a pause. */
const GOES_ON = new Set<unknown>(['tool_use', 'pause_turn'])

/** A reply is split into one entry per block, each with the reply's stop reason; a block of thinking is not its end. */
function endsTurn(entry: Entry): boolean {
  if (entry.type !== 'assistant' || !isJsonObject(entry.message)) return false
  const types = blocksOf(entry).map((block) => (isJsonObject(block) ? block.type : undefined))
  if (types.includes('tool_use') || GOES_ON.has(entry.message.stop_reason)) return false
  return types.some((type) => type !== 'thinking' && type !== 'redacted_thinking')
}

/** The start of a text, enough for one line. */
const ENOUGH = 500

function describe(entries: readonly Entry[]): string {
  const prompt = entries.find((entry) => isMessage(entry) && isPrompt(entry))
  if (prompt !== undefined) return shortPrompt(textOf(prompt)) || 'prompt'
  const text = answerIn(entries)
  if (text !== undefined) return beginning(text, ENOUGH)
  const blocks = entries.filter(isMessage).flatMap((entry) => [...blocksOf(entry)])
  const tools = blocks.flatMap((block) =>
    isJsonObject(block) && block.type === 'tool_use' ? (stringAt(block, 'name') ?? []) : [],
  )
  if (tools.length > 0) return [...new Set(tools)].join(', ')
  const title = entries.map((entry) => stringAt(entry, 'customTitle')).findLast((one) => one !== undefined)
  if (title !== undefined) return `title ${beginning(title, ENOUGH)}`
  return [...new Set(entries.map(nameOf))].join(', ')
}

/** The last text of the assistant. */
function answerIn(entries: readonly Entry[]): string | undefined {
  const answers = entries.filter((entry) => entry.type === 'assistant' && isMessage(entry))
  return answers.map((entry) => textOf(entry).trim()).findLast((one) => one !== '')
}

const isMessage = (entry: Entry): boolean => kindOf(entry, true) === 'message'

function nameOf(entry: Entry): string {
  const types = blocksOf(entry).map((block) => (isJsonObject(block) ? block.type : undefined))
  if (types.includes('tool_result')) return 'tool result'
  if (entry.type === 'assistant' && types.includes('thinking')) return 'thinking'
  return beginning(stringAt(entry, 'type') ?? 'entry', 40)
}
