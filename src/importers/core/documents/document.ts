/**
 * For tools that write a session as one JSON document: its entries become lines, the rest is a frame. So a document
 * that was rewritten with more entries is a file that has grown.
 */
import { isUtf8 } from 'node:buffer'
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { type ByteSource, ofBytes } from '../../byte-source.ts'
import type { Frame } from './frame.ts'
import { respaced, spacingOf, spansOf } from './json-text.ts'

/** Position of a line in a document with several lists. */
export interface Position {
  list: string
  index: number
}

/** Returns the positions of all entries of several lists, in the order in which the entries were created. */
export type Order = (lists: ReadonlyMap<string, readonly unknown[]>) => readonly Position[]

/** Maximum size of a document in bytes, because the whole document is held in memory. */
const MAX_DOCUMENT = 256 << 20

/** Returns the text and value of a document; `undefined` if the bytes are not JSON, or too many. */
export async function readDocument(
  source: ByteSource,
): Promise<{ text: string; value: unknown } | undefined> {
  if (source.size > MAX_DOCUMENT || !(await beginsAsJson(source))) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of source.chunks()) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  try {
    return { text, value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

/**
 * Implements `Importer.sessions` for a tool that writes one document per session.
 *
 * @param isDocument tells whether a JSON value is one of the tool's documents
 */
export async function* sessionOfDocument(
  source: ByteSource,
  lists: readonly string[],
  isDocument: (value: unknown) => boolean,
  order?: Order,
): AsyncGenerator<ByteSource> {
  const document = await readDocument(source)
  if (document !== undefined && isDocument(document.value))
    yield { ...linesOfDocument(document, source, lists, order), ...pathOf(source) }
}

/**
 * Converts the entries of a document to lines.
 *
 * @param lists keys of the lists of entries; empty for a document that is itself a list
 */
export function linesOfDocument(
  { text, value }: { text: string; value: unknown },
  { name, modified }: Pick<ByteSource, 'name' | 'modified'>,
  lists: readonly string[],
  order: Order = oneAfterTheOther,
): ByteSource {
  const body = text.trim()
  const entries = new Map<string, string[]>()
  let rest = Array.isArray(value) ? '[]' : ''
  if (Array.isArray(value)) entries.set('', textsOf(body, 0))
  else {
    const members = spansOf(body).map(({ key = '', start, end }) => {
      const list = JSON.parse(key) as string
      if (!lists.includes(list) || body[start] !== '[') return `${key}:${compact(body.slice(start, end))}`
      entries.set(list, textsOf(body, start))
      return `${key}:[]`
    })
    rest = `{${members.join(',')}}`
  }
  const present = lists.filter((list) => entries.has(list))
  const values = new Map(present.map((list) => [list, (value as JsonObject)[list] as unknown[]]))
  const lines =
    present.length > 1
      ? order(values).map(({ list, index }) => `{${JSON.stringify(list)}:${entries.get(list)?.[index]}}`)
      : ([...entries.values()][0] ?? [])
  const spacing = spacingOf(body)
  const frame: Frame = {
    text: rest,
    ...(present.length === 0 ? {} : { lists: present }),
    ...(spacing === undefined ? {} : { spacing }),
    ...(text.endsWith('\n') ? { finalNewline: true } : {}),
  }
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  return { ...ofBytes(name, bytes), modified, frame }
}

/** Restores the document. */
export function documentOfLines(
  { text, lists, spacing, finalNewline, kind }: Frame,
  lines: readonly string[],
): string {
  if (kind === 'head') return [text, ...lines, ...(finalNewline === true ? [''] : [])].join('\n')
  if (kind === 'text') return lines.map((line) => (JSON.parse(line) as { text: string }).text).join('')
  const several = (lists?.length ?? 0) > 1
  const entries = new Map<string, string[]>(lists?.map((list) => [list, []]) ?? [])
  for (const line of lines) {
    const [span] = several ? spansOf(line) : []
    const list = span?.key === undefined ? (lists?.[0] ?? '') : (JSON.parse(span.key) as string)
    const entry = span === undefined ? line : line.slice(span.start, span.end)
    entries.set(list, [...(entries.get(list) ?? []), entry])
  }
  const joined = (list: string) => `[${(entries.get(list) ?? []).join(',')}]`
  const members = spansOf(text).map(({ key = '', start, end }) => {
    const list = JSON.parse(key) as string
    return `${key}:${lists?.includes(list) ? joined(list) : text.slice(start, end)}`
  })
  const whole = lists === undefined && text.startsWith('[') ? joined('') : `{${members.join(',')}}`
  return respaced(whole, spacing ?? 'none') + (finalNewline === true ? '\n' : '')
}

/** Returns the entry in a line, and its list, for a document with several lists; otherwise the line itself. */
export function entryOfLine(line: JsonObject, lists: readonly string[]): { list: string; entry: JsonObject } {
  const [list = '', ...more] = Object.keys(line)
  const entry = line[list]
  return more.length === 0 && lists.includes(list) && isJsonObject(entry)
    ? { list, entry }
    : { list: '', entry: line }
}

async function beginsAsJson(source: ByteSource): Promise<boolean> {
  const start = await source.read(0, Math.min(source.size, 64)).catch(() => Buffer.alloc(0))
  return /^\ufeff?\s*[{[]/.test(start.toString('utf8'))
}

const pathOf = ({ path }: ByteSource) => (path === undefined ? {} : { path })

const compact = (text: string): string => respaced(text, 'none')

const textsOf = (text: string, from: number): string[] =>
  spansOf(text, from).map(({ start, end }) => compact(text.slice(start, end)))

const oneAfterTheOther: Order = (lists) =>
  [...lists].flatMap(([list, entries]) => entries.map((_, index) => ({ list, index })))
