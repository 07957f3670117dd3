/**
 * Reads a session from opencode's storage: `session/<project>/<id>.json`, `message/<id>/*.json`,
 * `part/<message>/*.json`.
 */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import { type ByteSource, openSource } from '../byte-source.ts'
import { linesOfDocument, readDocument } from '../core/documents/document.ts'

/** Returns the session in the format of `opencode export`; `undefined` if the file is not part of the storage. */
export async function storedSession(source: ByteSource): Promise<ByteSource | undefined> {
  const { path, name, modified } = source
  if (path === undefined || !/^ses_\w+\.json$/.test(name)) return undefined
  const info = await valueAt(path)
  if (!isJsonObject(info) || typeof info.id !== 'string' || info.messages !== undefined) return undefined
  const storage = dirname(dirname(dirname(path)))
  const messages: unknown[] = []
  for (const message of await valuesIn(join(storage, 'message', info.id))) {
    const id = isJsonObject(message) && typeof message.id === 'string' ? message.id : undefined
    if (id === undefined || /[\\/]/.test(id)) continue
    messages.push({ info: message, parts: await valuesIn(join(storage, 'part', id)) })
  }
  const value = { info, messages }
  const text = JSON.stringify(value, null, 2)
  return { ...linesOfDocument({ text, value }, { name, modified }, ['messages']), path }
}

/** Reads the JSON files of a folder in order of their names, which are ids that grow with time. */
async function valuesIn(folder: string): Promise<unknown[]> {
  const names = await readdir(folder).catch((): string[] => [])
  const values: unknown[] = []
  for (const name of names.filter((one) => one.endsWith('.json')).sort())
    values.push(await valueAt(join(folder, name)))
  return values.filter((value) => value !== undefined)
}

const valueAt = async (path: string): Promise<unknown> => (await readDocument(await openSource(path)))?.value
