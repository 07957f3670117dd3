/**
 * The message of a checkpoint's commit: a subject, an optional body, and a last block of trailers that only forkpoint
 * writes. `docs/format.md`, "Commits".
 */
import { isObjectId } from '../../ids.ts'
import type { Author, Checkpoint, CheckpointKind } from './checkpoint.ts'
import { cleanBody, oneLine } from './text.ts'

/** The values of a message: those of a checkpoint, without those that the commit object itself has. */
export type MessageFields = Omit<Checkpoint, 'id' | 'parents' | 'author' | 'createdAt'> & {
  /** The type of the session's documents. */
  type: string
  /** When the checkpoint was made, in milliseconds. */
  at: number
  /** More trailers, by name without `Forkpoint-`. */
  trailers?: Readonly<Record<string, string>>
}

const PREFIX = 'Forkpoint-'
const FORMAT = '1'
/** Names of trailers that only forkpoint sets. */
const RESERVED = new Set(
  [
    'Session',
    'Type',
    'Branch',
    'Seq',
    'Kind',
    'At',
    'Messages',
    'Run',
    'Status',
    'Model',
    'Tokens',
    'Forked-From',
    'Key',
    'Format',
    'Redacted',
    'Thinned',
    'Files',
    'Nonce',
    'Continues',
  ].map((name) => name.toLowerCase()),
)

/** Returns whether callers must not set a trailer of this name (without `Forkpoint-`). */
export const isReservedTrailer = (name: string): boolean => RESERVED.has(name.toLowerCase())

/** Returns the text of a message, and what `parseMessage` returns for it. */
export function composeMessage(fields: MessageFields): { text: string; parsed: ParsedMessage } {
  const { messages, forkedFrom } = fields
  const values: [string, string | undefined][] = [
    ['Session', fields.session],
    ['Type', fields.type],
    ['Branch', fields.branch],
    ['Seq', String(fields.seq)],
    ['Kind', fields.kind],
    ['At', String(fields.at)],
    ['Messages', messages && `${messages.from}..${messages.to}`],
    ['Run', fields.run],
    ['Status', fields.status],
    ['Model', fields.model],
    ['Tokens', fields.tokens === undefined ? undefined : String(fields.tokens)],
    ['Forked-From', forkedFrom && `${encodeSource(forkedFrom.session)}@${forkedFrom.checkpoint}`],
    ['Key', fields.key],
    ...Object.entries(fields.trailers ?? {}),
    ['Format', FORMAT],
  ]
  const trailers = new Map<string, string>()
  for (const [name, value] of values) if (value !== undefined) trailers.set(name, value.toWellFormed())
  const parsed = { subject: oneLine(fields.subject) || 'checkpoint', body: cleanBody(fields.body), trailers }
  return { text: messageText(parsed), parsed }
}

/** Returns the text for which `parseMessage` returns these values. Subject and body must be clean. */
export function messageText({ subject, body, trailers }: Required<ParsedMessage>): string {
  let block = ''
  for (const [name, value] of trailers ?? [])
    block += `${PREFIX}${name}: ${name === 'Forked-From' ? value : encodeValue(value)}\n`
  return `${subject}\n\n${body === '' ? '' : `${body}\n\n`}${block}`
}

/** A parsed message; that of another tool's commit has only subject and body. */
export interface ParsedMessage {
  subject: string
  body: string
  /** Trailers by name without `Forkpoint-`; `undefined` if forkpoint did not write this message. */
  trailers: ReadonlyMap<string, string> | undefined
}

/** Parses a message. Only the last block of lines is read as trailers; other text may look like trailers. */
export function parseMessage(message: string): ParsedMessage {
  const text = message.replace(/\n+$/, '')
  const trailers = trailersOf(text)
  const rest = trailers === undefined ? text : text.slice(0, text.lastIndexOf('\n\n'))
  const end = rest.indexOf('\n')
  return {
    subject: oneLine(end === -1 ? rest : rest.slice(0, end)),
    body: end === -1 ? '' : cleanBody(rest.slice(end + 1)),
    trailers,
  }
}

/** Parses only the trailers, for callers that read many messages. */
export function trailersOf(message: string): ReadonlyMap<string, string> | undefined {
  const text = message.replace(/\n+$/, '')
  const cut = text.lastIndexOf('\n\n')
  return cut === -1 ? undefined : parseTrailers(text.slice(cut + 2))
}

/** Returns a commit as a checkpoint. `asked`: the session through which the commit was reached. */
export function checkpointOf(
  id: string,
  parents: readonly string[],
  { subject, body, trailers }: ParsedMessage,
  commit: { at: number; author: Author },
  asked: { session: string; branch: string; seq: number },
): Checkpoint {
  const base = { id, parents, subject, body, author: commit.author }
  if (trailers === undefined) {
    return {
      ...base,
      session: asked.session,
      branch: asked.branch,
      createdAt: iso(commit.at),
      kind: 'foreign',
      seq: asked.seq,
    }
  }
  const text = (name: string) => trailers.get(name)
  const messages = /^(\d+)\.\.(\d+)$/.exec(text('Messages') ?? '')
  const forkedFrom = parseSource(text('Forked-From'))
  const tokens = numberOf(text('Tokens'))
  return {
    ...base,
    session: text('Session') ?? asked.session,
    branch: text('Branch') ?? asked.branch,
    createdAt: iso(timeOf(trailers) ?? commit.at),
    kind: (text('Kind') ?? 'save') as CheckpointKind,
    seq: numberOf(text('Seq')) ?? asked.seq,
    ...(messages && { messages: { from: Number(messages[1]), to: Number(messages[2]) } }),
    ...optional('run', text('Run')),
    ...optional('status', text('Status')),
    ...optional('model', text('Model')),
    ...(tokens !== undefined && { tokens }),
    ...(forkedFrom && { forkedFrom }),
    ...optional('key', text('Key')),
  }
}

/** Returns the time in the trailer `At`, in milliseconds. */
export const timeOf = (trailers: ReadonlyMap<string, string>): number | undefined => {
  const at = numberOf(trailers.get('At'))
  return at === undefined || at > 253402300799999 ? undefined : at
}

export const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined

function parseTrailers(block: string): Map<string, string> | undefined {
  const trailers = new Map<string, string>()
  for (const line of block.split('\n')) {
    const match = /^Forkpoint-([A-Za-z][A-Za-z0-9-]*): (.*)$/.exec(line)
    if (match === null) return undefined
    const [, name, value] = match as unknown as [string, string, string]
    trailers.set(name, name === 'Forked-From' ? value : decodeValue(value))
  }
  return trailers.has('Format') ? trailers : undefined
}

/**
 * Encodes a value: keeps printable ASCII, and writes `%`, spaces at the ends and all other characters as `%xx` of their
 * UTF-8 bytes.
 */
function encodeValue(value: string): string {
  if (/^[!-$&-~](?:[ -$&-~]*[!-$&-~])?$/.test(value)) return value
  const text = value.toWellFormed().replace(/[^\x20-\x7e]|%/gu, escapeAll)
  return text.replace(/^ +| +$/g, escapeAll)
}

const encodeSource = (session: string): string => encodeValue(session).replace(/[@ ]/g, escapeAll)

const escapeAll = (text: string): string =>
  [...Buffer.from(text, 'utf8')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

function decodeValue(text: string): string {
  if (!text.includes('%')) return text
  const bytes = text.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function parseSource(text: string | undefined): { session: string; checkpoint: string } | undefined {
  const at = text?.lastIndexOf('@') ?? -1
  if (text === undefined || at < 1 || !isObjectId(text.slice(at + 1))) return undefined
  return { session: decodeValue(text.slice(0, at)), checkpoint: text.slice(at + 1) }
}

const optional = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: string }

const iso = (at: number): string => new Date(at).toISOString()
