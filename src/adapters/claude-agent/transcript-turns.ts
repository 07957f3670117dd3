/** Entries of a transcript cut into turns, and what git's log says of each. Nothing here changes an entry. */

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
  /** `save`: with these the turn is over. `step`: it goes on, or what is new belongs to none yet. */
  kind: 'save' | 'step'
  /** What the turn was asked, on one line; empty when it is not known. */
  prompt: string
  /** The prompt of a turn that is not over after these. */
  open: string | undefined
}

/**
 * A turn starts with a prompt. It is over when the assistant ends it, or the next prompt comes: so a segment can be
 * without entries.
 *
 * @param open the prompt of a turn that the entries before have begun and not ended
 * @param agent whether it is a sub-agent's transcript: there all is side chain
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

/** What `git log --oneline` shows: the turn by its prompt, a step by what is new in it. At most 72 characters. */
export function subjectOf({ entries, kind, prompt }: Segment<Entry>, seq: number): string {
  const prefix = kind === 'step' ? 'step: ' : `turn ${seq}: `
  const text = kind === 'save' && prompt !== '' ? prompt : describe(entries)
  return prefix + cut(oneLine(text) || 'nothing to read', WIDTH - prefix.length)
}

/** Of a turn that is over: its prompt, and the beginning of what was answered last. */
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

/** Why a reply ended, if the turn ended with it. A turn goes on after a call of a tool, or a pause. */
const GOES_ON = new Set<unknown>(['tool_use', 'pause_turn'])

/** A reply is split into one entry a block, each with the reason why the reply ended: the thinking is not its end. */
function endsTurn(entry: Entry): boolean {
  if (entry.type !== 'assistant' || !isJsonObject(entry.message)) return false
  const types = blocksOf(entry).map((block) => (isJsonObject(block) ? block.type : undefined))
  if (types.includes('tool_use') || GOES_ON.has(entry.message.stop_reason)) return false
  return types.some((type) => type !== 'thinking' && type !== 'redacted_thinking')
}

/** Enough of a text to fill a line. */
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

/** The text that the assistant wrote last. */
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
