/** Checkpoints, messages and values as lines for people. */
import { excerpt } from '../excerpt.ts'
import type { CheckpointSignature } from '../git/signing/commit-signature.ts'
import type { SignedCheckpoint } from '../store/git/options.ts'
import type { Checkpoint } from '../store/session-store.ts'
import type { Block } from '../view/block.ts'
import { readMessage } from '../view/message.ts'
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
  const { who = 'item', at, blocks } = readMessage(written)
  const time = at === undefined ? '' : dim(`  ${when(at)}`)
  return [
    line`${dim(`#${index} `)}${bold(who)}${time}`,
    ...blocks.flatMap((block) => blockLines(block, style)).map((text) => line`    ${text}`),
  ]
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

function blockLines(block: Block, { full }: MessageStyle): Line[] {
  const most = (lines: number) => (full ? Number.POSITIVE_INFINITY : lines)
  switch (block.kind) {
    case 'text':
      return textLines(block.text, most(TEXT_LINES))
    case 'thinking':
      return textLines(block.text, most(RESULT_LINES)).map(
        (one, index) => line`${dim(index === 0 ? 'thinking: ' : '')}${dim(one)}`,
      )
    case 'call':
      return [line`${cyan(`→ ${block.tool}`)} ${valueText(block.input, most(160))}`]
    case 'result': {
      const { output } = block
      const text = typeof output === 'string' ? output : (JSON.stringify(output) ?? '')
      const result = textLines(text, most(RESULT_LINES))
      return [line`${cyan(`← ${block.tool}`.trimEnd())}`, ...result.map((one) => line`  ${dim(one)}`)]
    }
    case 'file':
      return [line`${dim(`[${block.about}]`)}`]
    case 'error':
      return textLines(block.text, most(RESULT_LINES)).map((one) => line`${red('error: ')}${one}`)
    case 'other':
      return block.type === undefined
        ? [line`${valueText(block.value, most(200))}`]
        : [line`${dim(`[${block.type}]`)}`]
  }
}

export const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
