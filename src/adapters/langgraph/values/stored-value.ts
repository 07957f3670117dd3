/**
 * What the serializer makes of a value, as it is stored: JSON is kept as JSON, so that people and git can read it;
 * whatever else the serializer marks with a type is kept as raw bytes beside a file that has the type:
 *
 *     { "$serialized": "msgpack", "data": { "$file": "000000.1.bin", "encoding": "base64" } }
 *
 * A key of the value's own that looks like `$serialized` gains one `$` and loses it on reading.
 */
import type { SerializerProtocol } from '@langchain/langgraph-checkpoint'
import { decodeItem, jsonFile } from '../../../codec/index.ts'
import { CorruptError, ForkpointError, InvalidStateError } from '../../../errors.ts'
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { redactValue } from '../../../redaction/redact.ts'
import type { Redact } from '../../../store/session-store.ts'

/** A value on its way to a file. */
export type StoredValue = { json: unknown } | { type: string; bytes: Uint8Array }

export type Path = readonly (string | number)[]

/** The serializer, and what new values pass through. */
export interface ValueRules {
  serde: SerializerProtocol
  redact: Redact | undefined
}

/**
 * Serializes a value. The serializer is called before this returns, so a value may change afterwards. Throws
 * InvalidStateError, with the serializer's own error as cause.
 */
export async function serialize(
  { serde, redact }: ValueRules,
  value: unknown,
  path: Path,
): Promise<StoredValue> {
  let type: string
  let bytes: Uint8Array
  try {
    ;[type, bytes] = await serde.dumpsTyped(value)
  } catch (cause) {
    const message = `cannot be serialized: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new InvalidStateError([{ path, message }], undefined, { cause })
  }
  const parsed = type === 'json' ? parseExactly(bytes) : undefined
  if (parsed !== undefined) {
    return {
      json: redact === undefined ? parsed.json : ((await redactValue(parsed.json, redact, path)) ?? null),
    }
  }
  if (redact === undefined) return { type, bytes }
  const wrapped = { [SERIALIZED]: type, data: base64Of(bytes) }
  const kept = await redactValue(wrapped, redact, path)
  return kept === wrapped ? { type, bytes } : (unwrap(kept) ?? { json: kept ?? null })
}

/**
 * The JSON that stands for a value inside another document, such as `session.json`: what is not JSON is base64 there.
 */
export const embedded = (stored: StoredValue): unknown =>
  'json' in stored ? withEscapes(stored.json) : { [SERIALIZED]: stored.type, data: base64Of(stored.bytes) }

/**
 * The file of a value, and what stands beside it. Throws InvalidStateError for a value that is too large.
 *
 * @param base its path without `.json`
 * @param wrap makes the file's value of that which stands for this one
 */
export function valueFile(
  base: string,
  stored: StoredValue,
  path: Path,
  wrap: (value: unknown) => unknown = (value) => value,
): Map<string, Uint8Array> {
  const files = filesOf(base, stored, path, wrap)
  for (const { length } of files.values()) {
    if (length <= MAX_FILE) continue
    const message = `has ${length} bytes as a file; the most is ${MAX_FILE}. Store it elsewhere, and only its name here`
    throw new InvalidStateError([{ path, message }])
  }
  return files
}

/** Bytes of a file; larger objects are not read. */
const MAX_FILE = 64 * 1024 * 1024

function filesOf(
  base: string,
  stored: StoredValue,
  path: Path,
  wrap: (value: unknown) => unknown,
): Map<string, Uint8Array> {
  if ('json' in stored) {
    try {
      return jsonFile(base, wrap(withEscapes(stored.json)), path, undefined)
    } catch (error) {
      // Too deep, or too long, for a file that people read: the bytes can be kept all the same.
      if (!(error instanceof InvalidStateError)) throw error
      return filesOf(base, { type: 'json', bytes: Buffer.from(JSON.stringify(stored.json)) }, path, wrap)
    }
  }
  const beside = `${base}.1.bin`
  const data = { $file: beside.slice(beside.lastIndexOf('/') + 1), encoding: 'base64' }
  const text = JSON.stringify(wrap({ [SERIALIZED]: stored.type, data }), undefined, 2)
  return new Map([
    [`${base}.json`, Buffer.from(`${text}\n`)],
    [beside, stored.bytes],
  ])
}

/** The value of an item's files. Throws CorruptError when the serializer cannot make anything of it. */
export async function loadItem(
  serde: SerializerProtocol,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<unknown> {
  const [only] = files.values()
  // Without a marker the file itself is the JSON that the serializer wrote, but for spaces.
  if (files.size === 1 && only !== undefined && !asBuffer(only).includes('"$'))
    return loads(serde, 'json', only)
  return deserialize(serde, decodeItem(files))
}

/** The value that such JSON stands for. Throws CorruptError when the serializer cannot make anything of it. */
export function deserialize(serde: SerializerProtocol, json: unknown): Promise<unknown> {
  const raw = unwrap(json)
  if (raw !== undefined) return loads(serde, raw.type, raw.bytes)
  return loads(serde, 'json', Buffer.from(JSON.stringify(withoutEscapes(json))))
}

/** The JSON of a file, where it is JSON; for what people read, such as subjects. */
export const readableOf = (stored: StoredValue): unknown => ('json' in stored ? stored.json : undefined)

const SERIALIZED = '$serialized'
const ESCAPED = /^\$+serialized$/

async function loads(serde: SerializerProtocol, type: string, bytes: Uint8Array): Promise<unknown> {
  try {
    return await serde.loadsTyped(type, bytes)
  } catch (cause) {
    if (cause instanceof ForkpointError) throw cause
    throw new CorruptError(
      `The serializer cannot read a value of type '${type}': ${cause instanceof Error ? cause.message : String(cause)}. Pass the 'serde' that it was saved with to the saver.`,
      {},
      { cause },
    )
  }
}

/** The value of JSON text that says nothing a value cannot hold, such as a number of more digits. */
function parseExactly(bytes: Uint8Array): { json: unknown } | undefined {
  const text = asBuffer(bytes).toString('utf8')
  try {
    const json: unknown = JSON.parse(text)
    const again = JSON.stringify(json)
    return again === text || again === withoutSpaces(text) ? { json } : undefined
  } catch {
    return undefined
  }
}

const withoutSpaces = (json: string): string => json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1')

function unwrap(json: unknown): { type: string; bytes: Uint8Array } | undefined {
  if (!isJsonObject(json) || !Object.hasOwn(json, SERIALIZED)) return undefined
  const { [SERIALIZED]: type, data } = json
  if (typeof type !== 'string' || typeof data !== 'string') return undefined
  return { type, bytes: new Uint8Array(Buffer.from(data, 'base64')) }
}

function withEscapes(json: unknown): unknown {
  return hasLookalike(json) ? renamed(json, (key) => `$${key}`) : json
}

function withoutEscapes(json: unknown): unknown {
  return hasLookalike(json) ? renamed(json, (key) => key.slice(1)) : json
}

const hasLookalike = (json: unknown): json is JsonObject =>
  isJsonObject(json) && Object.keys(json).some((key) => ESCAPED.test(key))

const renamed = (json: JsonObject, rename: (key: string) => string): unknown =>
  Object.fromEntries(
    Object.entries(json).map(([key, value]) => [ESCAPED.test(key) ? rename(key) : key, value]),
  )

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const base64Of = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64')
