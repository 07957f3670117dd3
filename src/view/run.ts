/** Reads runs of every framework: how they went, and their events. */
import { isJsonObject, type JsonObject } from '../json-value.ts'
import { type Block, NOTHING_SAID, type ReadMessage, type ReadUsage } from './block.ts'
import { numberOf, objectOf, textAmong, textOf } from './fields.ts'
import { readMessage } from './message.ts'
import { readUsage } from './usage.ts'

export interface ReadRun {
  id: string | undefined
  /** `completed`, `failed`, … */
  status: string | undefined
  prompt: string
  /** ISO 8601. */
  startedAt: string | undefined
  endedAt: string | undefined
  usage: ReadUsage | undefined
  model: string | undefined
  /** Text of the error, if the run failed. */
  error: string | undefined
  /** The sub-agent, if this is the run of one. */
  agent: ReadAgent | undefined
}

export interface ReadAgent {
  id: string
  description: string | undefined
  type: string | undefined
  /** Id of the call that started the sub-agent. */
  call: string | undefined
}

export interface ReadEvent {
  sequence: number | undefined
  /** ISO 8601. */
  at: string | undefined
  /** For example `tool-start`, `text`, or `progress/agent_progress` of another tool. */
  type: string
  /** The text, call or result of the event; `undefined` if it has none. */
  message: ReadMessage | undefined
  /** Id of the call that the event belongs to. */
  call: string | undefined
}

/** Reads a run, without its events. */
export function readRun(run: unknown): ReadRun {
  const { id, status, prompt, startedAt, endedAt, usage, model, error, agent } = objectOf(run)
  return {
    id: textAmong(id),
    status: textAmong(status),
    prompt: textOf(prompt),
    startedAt: textAmong(startedAt),
    endedAt: textAmong(endedAt),
    usage: readUsage(usage),
    model: textAmong(model),
    error: errorText(error),
    agent: isJsonObject(agent) ? readAgent(agent) : undefined,
  }
}

/** Reads an event. */
export function readEvent(event: unknown): ReadEvent {
  const item = objectOf(event)
  const { sequence, at, call } = item
  const entry = importedEntry(item)
  return {
    sequence: numberOf(sequence),
    at: textAmong(at),
    type: typeOfEvent(item),
    message: entry === undefined ? ownEvent(item) : readEntry(entry),
    call: textAmong(call, entry?.parentToolUseID),
  }
}

/** Returns the type of an event: see `ReadEvent`. */
export function typeOfEvent(event: unknown): string {
  const { type, subtype } = objectOf(event)
  const [first, second] = [textOf(type), textOf(subtype)]
  return first === '' || second === '' ? first + second : `${first}/${second}`
}

/** Whether an event is a sub-agent's, so that its text is not in a message of the session. */
export const isOfSubAgent = (run: ReadRun, { type }: Pick<ReadEvent, 'type'>): boolean =>
  type !== 'copy' &&
  !type.endsWith('/copy') &&
  (run.agent !== undefined || type === 'progress/agent_progress')

const readAgent = ({ id, description, type, toolCallId }: JsonObject): ReadAgent => ({
  id: textOf(id),
  description: textAmong(description),
  type: textAmong(type),
  call: textAmong(toolCallId),
})

/** Returns the line of another tool's transcript that an importer kept. */
function importedEntry({ type, at, source }: JsonObject): JsonObject | undefined {
  if (!isJsonObject(source)) return undefined
  const { fields, entry } = source
  if (isJsonObject(entry)) return entry
  return isJsonObject(fields) ? { type, timestamp: at, ...fields } : undefined
}

function readEntry(entry: JsonObject): ReadMessage | undefined {
  const { data, message, attachment } = entry
  if (isJsonObject(message) || entry.type === 'system') {
    const read = readMessage(entry)
    return read.blocks.some(({ kind }) => kind !== 'other') ? read : undefined
  }
  const inner = objectOf(data).message
  if (isJsonObject(inner)) {
    const agent = textAmong(objectOf(data).agentId) ?? 'agent'
    return { ...readMessage(inner), agent }
  }
  const { prompt, type } = objectOf(attachment)
  if (type !== 'queued_command') return undefined
  return { ...readMessage({ role: 'user', content: prompt }), at: textAmong(entry.timestamp) }
}

/** Reads an event of forkpoint's agent. */
function ownEvent(event: JsonObject): ReadMessage | undefined {
  const says = (who: string, ...blocks: Block[]): ReadMessage => ({
    ...NOTHING_SAID,
    who,
    at: textAmong(event.at),
    blocks,
  })
  const tool = textOf(event.tool)
  const id = textAmong(event.call)
  switch (event.type) {
    case 'run-start':
      return says('user', { kind: 'text', text: textOf(event.prompt) })
    case 'text':
      return says('assistant', { kind: 'text', text: textOf(event.text) })
    case 'reasoning':
      return says('assistant', { kind: 'thinking', text: textOf(event.text) })
    case 'tool-start':
      return says('assistant', { kind: 'call', id, tool, input: event.input ?? {} })
    case 'tool-output':
      return says('tool', { kind: 'result', id, tool, output: event.text, failed: false })
    case 'tool-rejected':
      return says('tool', { kind: 'result', id, tool, output: event.message ?? event.reason, failed: true })
    case 'error':
    case 'retry':
      return says('system', { kind: 'error', text: errorText(event.error) ?? '' })
    default:
      return undefined
  }
}

/** Returns an error as text. */
function errorText(error: unknown): string | undefined {
  if (error === undefined || error === null) return undefined
  if (typeof error === 'string') return error
  const { message, name, code } = objectOf(error)
  return textAmong(message, name, code) ?? JSON.stringify(error)
}
