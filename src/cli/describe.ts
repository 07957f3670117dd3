/** Checkpoints, messages and values as lines for people. */
import { excerpt } from '../excerpt.ts'
import type { CheckpointSignature } from '../git/signing/commit-signature.ts'
import type { SignedCheckpoint } from '../store/git/git-session-store.ts'
import type { Checkpoint } from '../store/session-store.ts'
import { bold, count, cyan, dim, green, type Line, line, red, short, yellow } from './text.ts'

/** Ids are shown as git shows them, long enough to type. */
export const shortId = (id: string): string => id.slice(0, 10)

/** `2025-11-03 09:12`, local time; what is no time stays as it is. */
export function when(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return time
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Branches and tags at a checkpoint, by checkpoint. */
export interface Names {
  branches: readonly { name: string; head: string; active: boolean }[]
  tags: readonly { name: string; checkpoint: string }[]
}

export function namesAt(id: string, { branches, tags }: Names): { branches: string[]; tags: string[] } {
  return {
    branches: branches.filter(({ head }) => head === id).map(({ name }) => name),
    tags: tags.filter(({ checkpoint }) => checkpoint === id).map(({ name }) => name),
  }
}

/** One line of the log. */
export function checkpointLine(
  { id, createdAt, subject, kind, signature }: SignedCheckpoint,
  names: Names,
): Line {
  const { branches, tags } = namesAt(id, names)
  const labels = [
    ...branches.map((name) => green(name)),
    ...tags.map((name) => yellow(`tag: ${name}`)),
    ...(kind === 'foreign' ? [dim('by another tool')] : []),
    ...(signature === undefined ? [] : [signatureLabel(signature)]),
  ]
  return line`${yellow(shortId(id))}  ${dim(when(createdAt))}  ${subject}${listed(labels)}`
}

/** Who signed; what is wrong with it where it is not good. */
function signatureLabel({ status, principal, key = '', reason = '' }: CheckpointSignature): Line {
  if (status === 'good') return dim(`signed by ${principal ?? key}`)
  return status === 'bad' ? red(`BAD signature: it ${reason}`) : yellow(`signature unknown: it ${reason}`)
}

/** What is known of a checkpoint, a line each; with the ref that it was reached by, if that was one. */
export function checkpointDetails(checkpoint: Checkpoint, names: Names, ref?: string): Line[] {
  const { branches, tags } = namesAt(checkpoint.id, names)
  const { messages, forkedFrom } = checkpoint
  const facts: [string, string | undefined][] = [
    ['date', when(checkpoint.createdAt)],
    ['session', checkpoint.session],
    ['ref', ref],
    ['saved on', checkpoint.branch || undefined],
    ['head of', branches.join(', ') || undefined],
    ['tags', tags.join(', ') || undefined],
    ['kind', checkpoint.kind],
    ['status', checkpoint.status],
    ['model', checkpoint.model],
    ['tokens', checkpoint.tokens?.toLocaleString('en-US')],
    ['run', checkpoint.run],
    [
      'messages',
      messages &&
        (messages.from === messages.to ? `#${messages.from}` : `#${messages.from} to #${messages.to}`),
    ],
    ['forked from', forkedFrom && `${forkedFrom.session} at ${shortId(forkedFrom.checkpoint)}`],
  ]
  return [
    line`${yellow(`checkpoint ${checkpoint.id}`)}`,
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [line`${dim(name.padEnd(12))}${value}`])),
    line``,
    line`    ${bold(checkpoint.subject)}`,
    ...(checkpoint.body === '' ? [] : ['', ...checkpoint.body.split('\n')].map((text) => line`    ${text}`)),
  ]
}

export interface MessageStyle {
  /** Show all of it, however long. */
  full: boolean
}

/** A message: who and when, then what was said, indented. Copes with the messages of any tool. */
export function messageLines(written: unknown, index: number, style: MessageStyle): Line[] {
  const message = plainMessage(written)
  return [line`${messageHead(message, index)}`, ...bodyLines(message, style).map((text) => line`    ${text}`)]
}

/** `#12 assistant  2025-11-03 09:12` */
export function messageHead(message: unknown, index: number): Line {
  const { role, type, createdAt } = fieldsOf(plainMessage(message))
  const who = typeof role === 'string' ? role : typeof type === 'string' ? type : 'item'
  const at = typeof createdAt === 'string' ? dim(`  ${when(createdAt)}`) : ''
  return line`${dim(`#${index} `)}${bold(who)}${at}`
}

/** A value on one line of this many characters. */
export const valueText = (value: unknown, width: number): string =>
  short(typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing'), width)

/** The first lines of a text, and how many are left out. */
export function textLines(text: string, most: number): Line[] {
  const lines = text.replace(/\n+$/, '').split(/\r?\n/)
  const shown = lines.length > most + 1 ? lines.slice(0, most) : lines
  const rest = lines.length - shown.length
  return [
    ...shown.map((one) => line`${most === Number.POSITIVE_INFINITY ? one : cutLine(one)}`),
    ...(rest > 0 ? [line`${dim(`… ${count(rest, 'more line')}`)}`] : []),
  ]
}

export const listed = (labels: readonly Line[]): Line =>
  labels.length === 0
    ? []
    : line`  (${labels.flatMap((label, index) => (index === 0 ? label : [...line`, `, ...label]))})`

const TEXT_LINES = 40
const RESULT_LINES = 6
const LINE_WIDTH = 2000

const cutLine = (text: string): string => excerpt(text, LINE_WIDTH + 1)

/** A message with a role and parts, whichever framework wrote it; what is none we know stays as it is. */
function plainMessage(message: unknown): unknown {
  const { lc, type, id, kwargs, name, arguments: args, output } = fieldsOf(message)
  switch (type) {
    // What LangChain serializes: `{ lc: 1, type: 'constructor', id: [..., 'AIMessage'], kwargs }`.
    case 'constructor': {
      if (lc !== 1 || !Array.isArray(id)) return message
      const { content, tool_calls: calls } = fieldsOf(kwargs)
      const said = typeof content === 'string' ? [content].filter((text) => text !== '') : content
      const called = Array.isArray(calls)
        ? calls.map((call) => ({ ...fieldsOf(call), type: 'tool_use' }))
        : []
      const role = String(id.at(-1)).replace(/Message(?:Chunk)?$/, '')
      return {
        role: role.toLowerCase(),
        content: '',
        parts: [...(Array.isArray(said) ? said : []), ...called],
      }
    }
    // Items of OpenAI's Responses API and Agents SDK.
    case 'function_call':
      return { role: 'assistant', content: '', parts: [{ type: 'tool_use', name, input: parsed(args) }] }
    case 'function_call_result':
    case 'function_call_output':
      return { role: 'tool', content: '', parts: [{ type: 'tool-result', name, output }] }
    default:
      return message
  }
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text
  } catch {
    return text
  }
}

function bodyLines(message: unknown, { full }: MessageStyle): Line[] {
  const most = (lines: number) => (full ? Number.POSITIVE_INFINITY : lines)
  const { content, parts, text } = fieldsOf(message)
  const all = Array.isArray(parts) ? parts : Array.isArray(content) ? content : []
  const said = [content, text].find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined
  // Where the parts have a text or a result, they have all of it.
  const inParts = all.some((part) => ['text', 'tool-result'].includes(String(fieldsOf(part).type)))
  const lines = [
    ...(said !== undefined && !inParts ? textLines(said, most(TEXT_LINES)) : []),
    ...all.flatMap((part) => partLines(part, most)),
  ]
  if (lines.length > 0 || all.length > 0 || content === '') return lines
  return [line`${valueText(message, full ? Number.POSITIVE_INFINITY : 200)}`]
}

function partLines(part: unknown, most: (lines: number) => number): Line[] {
  if (typeof part === 'string') return textLines(part, most(TEXT_LINES))
  const { type, text, toolName, name, input, args, output, mediaType } = fieldsOf(part)
  const tool = String(toolName ?? name ?? '')
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return textLines(String(text), most(TEXT_LINES))
    case 'reasoning':
      return textLines(String(text ?? ''), most(RESULT_LINES)).map(
        (one, index) => line`${dim(index === 0 ? 'thinking: ' : '')}${dim(one)}`,
      )
    case 'tool-call':
    case 'tool_use': {
      const given = valueText(input ?? args ?? {}, most(1) === 1 ? 160 : Number.POSITIVE_INFINITY)
      return [line`${cyan(`→ ${tool}`)} ${given}`]
    }
    case 'tool-result': {
      const result = textLines(outputText(output), most(RESULT_LINES))
      return [line`${cyan(`← ${tool}`)}`, ...result.map((one) => line`  ${dim(one)}`)]
    }
    default:
      return [line`${dim(`[${[type, mediaType].filter((one) => typeof one === 'string').join(' ')}]`)}`]
  }
}

/** What a tool gave back: `{ type: 'text', value }` of the AI SDK, or whatever it is. */
function outputText(output: unknown): string {
  const { value, text } = fieldsOf(output)
  const inner = value ?? text ?? output
  if (typeof inner === 'string') return inner
  if (Array.isArray(inner) && inner.every((one) => typeof fieldsOf(one).text === 'string')) {
    return inner.map((one) => fieldsOf(one).text).join('\n')
  }
  return JSON.stringify(inner) ?? ''
}

export const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
