/** One JSON file of a tree, with the files beside it. */
import { CorruptError } from '../errors.ts'
import { type StatePath, textOfParts } from '../state/index.ts'
import { isShallow, parseJson, textOf } from './json-reader.ts'
import { writeJson } from './json-writer.ts'
import type { KeyOrder } from './layout.ts'
import { type Beside, isPartsMarker, marksOf, revive } from './markers.ts'
import { isSideFile } from './place.ts'

type Files = Map<string, Uint8Array>
type ReadonlyFiles = ReadonlyMap<string, Uint8Array>

/** Encodes a value as a JSON file and the files beside it. `base` is the path without `.json`. */
export function jsonFile(base: string, value: unknown, path: StatePath, order: KeyOrder | undefined): Files {
  const file = `${base}.json`
  const files: Files = new Map([[file, EMPTY]])
  const beside: Beside = { stem: base, count: 0, files }
  files.set(file, Buffer.from(`${writeJson(value, { path, order, marks: marksOf(beside) })}\n`))
  return files
}

/** Decodes the value of a JSON file and the files beside it. */
export function readJsonFile(file: string, files: ReadonlyFiles): unknown {
  const bytes = files.get(file)
  if (bytes === undefined) throw new CorruptError(`'${file}' is missing.`, { file })
  const text = textOf(bytes, file)
  const value = parseJson(text, file)
  if (!text.includes('"$') && isShallow(text)) return value
  const source = { file, stem: file.slice(0, -'.json'.length), files }
  if (!hasPartsMarker(value)) return revive(value, source)
  value.content = ''
  const message = revive(value, source) as { content: unknown; parts?: unknown }
  if (!Array.isArray(message.parts)) {
    throw new CorruptError(`'${file}' says that its content is in its parts, but has no parts.`, { file })
  }
  message.content = textOfParts(message.parts)
  return message
}

/** Whether the path is a file beside this JSON file. */
export function isBeside(path: string, jsonFile: string): boolean {
  const folder = jsonFile.slice(0, jsonFile.lastIndexOf('/') + 1)
  return (
    path.startsWith(folder) &&
    isSideFile(path.slice(folder.length), jsonFile.slice(folder.length, -'.json'.length))
  )
}

/** The error for a file that forkpoint does not write at this path. */
export const stranger = (file: string): CorruptError =>
  new CorruptError(`'${file}' is not a file that forkpoint writes there.`, { file })

const EMPTY = new Uint8Array()

function hasPartsMarker(value: unknown): value is { content: unknown } {
  return typeof value === 'object' && value !== null && 'content' in value && isPartsMarker(value.content)
}
