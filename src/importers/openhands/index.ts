/** OpenHands: events in one list, one per line, one per file in a folder `events`, or as `history` of a result row. */
import { basename, dirname } from 'node:path'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { type ByteSource, openSource } from '../byte-source.ts'
import { linesOfDocument, readDocument, sessionOfDocument } from '../core/documents/document.ts'
import { eventsOfFolder } from '../core/documents/event-folder.ts'
import { filesBelow } from '../core/files-below.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { Meaning } from '../core/lines/meaning.ts'
import { known } from '../core/lines/parts.ts'
import type { Importer, Located } from '../importer.ts'
import { parseLine, readLines } from '../jsonl.ts'
import { isEvent, meaningOf } from './event.ts'

export const openHands: Importer = {
  name: 'openhands',
  title: 'OpenHands',
  description: 'OpenHands conversations and results',
  input: 'a file of events, output.jsonl, or a folder of conversations such as ~/.openhands',
  folder: '~/.openhands',
  format: 1,
  extension: '.json',
  sessions,
  locate,
  read: (source, options) => readByLine(source, options, meaningOf, rowMeaning),
  write: writeByLine,
}

async function* sessions(source: ByteSource): AsyncGenerator<ByteSource> {
  const folder = await eventsOfFolder(source, isEvent)
  if (folder !== undefined) {
    yield folder
    return
  }
  if (await detectByLine(source, isEvent)) {
    yield source
  } else if (await detectByLine(source, isRow)) yield* rowsOf(source)
  else yield* sessionOfDocument(source, ['history'], isDocument)
}

const isDocument = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some((item) => isJsonObject(item) && isEvent(item))
    : isJsonObject(value) && isRow(value)

const isRow = ({ history, instance_id: id }: JsonObject): boolean =>
  Array.isArray(history) &&
  history.length > 0 &&
  (typeof id === 'string' || history.flat().some((item) => isJsonObject(item) && isEvent(item)))

/** Yields a session per line. Each line is the result of one run. */
async function* rowsOf(source: ByteSource): AsyncGenerator<ByteSource> {
  for await (const { bytes, line } of readLines(source.chunks())) {
    const parsed = bytes && parseLine(bytes)
    if (parsed?.kind !== 'value' || !isJsonObject(parsed.value) || !isRow(parsed.value)) continue
    const { instance_id: id } = parsed.value
    const name = `${typeof id === 'string' ? id.replace(/[^\w.-]/g, '_') : `${source.name}-${line}`}.json`
    const document = { text: bytes?.toString('utf8') ?? '', value: parsed.value }
    yield linesOfDocument(document, { name, modified: source.modified }, ['history'])
  }
}

/**
 * Finds sessions. A folder of conversations contains one folder per conversation, and its subfolder `events` contains
 * one file per event.
 */
async function* locate(folder: string): AsyncGenerator<Located> {
  const seen = new Set<string>()
  for (const located of [...(await filesBelow(folder, '.json')), ...(await filesBelow(folder, '.jsonl'))]) {
    const events = dirname(located.path)
    if (located.error !== undefined || basename(events) !== 'events' || !(await isEventFile(located.path)))
      yield located
    else if (!seen.has(events)) {
      seen.add(events)
      yield { path: dirname(events) }
    }
  }
}

async function isEventFile(path: string): Promise<boolean> {
  const document = await readDocument(await openSource(path)).catch(() => undefined)
  return isJsonObject(document?.value) && isEvent(document.value)
}

function rowMeaning({ instance_id: id, metadata }: JsonObject): Meaning {
  const config = isJsonObject(metadata) && isJsonObject(metadata.llm_config) ? metadata.llm_config : {}
  return known<Meaning>({
    sessionId: typeof id === 'string' && id !== '' ? id : undefined,
    about: known({
      title: typeof id === 'string' ? id : undefined,
      model: typeof config.model === 'string' ? config.model : undefined,
    }),
  })
}
