/** Reads sessions of tools that write one file per event, into the subfolder `events` of the session's folder. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { type ByteSource, ofBytes, openSource } from '../../byte-source.ts'
import { readDocument } from './document.ts'
import { respaced } from './json-text.ts'

/**
 * Returns the events as lines, ordered by their numbers; `undefined` if the source is not such a folder. A file that is
 * not JSON becomes a line with its white space reduced.
 */
export async function eventsOfFolder(
  source: ByteSource,
  isEvent: (value: JsonObject) => boolean,
): Promise<ByteSource | undefined> {
  const { path } = source
  if (path === undefined || !(await isFolder(path))) return undefined
  const names = await readdir(join(path, 'events')).catch((): string[] => [])
  const lines: string[] = []
  let found = false
  for (const name of names.filter((one) => one.endsWith('.json')).sort(byNumber)) {
    const file = await openSource(join(path, 'events', name))
    const document = await readDocument(file)
    found ||= isJsonObject(document?.value) && isEvent(document.value)
    const text = document === undefined ? (await file.read(0, file.size)).toString('utf8') : document.text
    lines.push(document === undefined ? text.replace(/\s+/g, ' ') : respaced(text, 'none'))
  }
  if (!found) return undefined
  return {
    ...ofBytes(`${basename(path)}.json`, Buffer.from(lines.map((line) => `${line}\n`).join(''))),
    path,
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** Orders file names by number: `2.json` before `10.json`, `event-00002-….json` before `event-00010-….json`. */
const byNumber = (a: string, b: string): number => numberIn(a) - numberIn(b) || (a < b ? -1 : 1)

const numberIn = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? Number.POSITIVE_INFINITY)
