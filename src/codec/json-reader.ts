/** Parses JSON from any source. */
import { isUtf8 } from 'node:buffer'
import { CorruptError } from '../errors.ts'

/** Most levels of a file: two more than of a value, for the format's own objects. */
export const MAX_FILE_DEPTH = 514

/**
 * Parses the text of a JSON file. An own `__proto__` key stays a key. Throws CorruptError, naming the file, if it is
 * not JSON. Depth is not checked: see `isShallow`.
 */
export function parseJson(text: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const where = line === undefined ? `'${file}'` : `Line ${line} of '${file}'`
    throw new CorruptError(`${where} is not JSON.`, { file }, { cause })
  }
}

/** Decodes the UTF-8 text of a file. Throws CorruptError if it is not UTF-8. */
export function textOf(bytes: Uint8Array, file: string): string {
  if (!isUtf8(bytes)) throw new CorruptError(`'${file}' is not UTF-8 text.`, { file })
  return bufferOf(bytes).toString('utf8')
}

/** The same bytes as a Buffer, not copied. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Whether JSON text has so few brackets that it cannot be too deep. May be `false` for text that is not too deep. */
export function isShallow(text: string): boolean {
  if (text.length < 2 * MAX_FILE_DEPTH) return true
  let left = MAX_FILE_DEPTH
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return false
    }
  }
  return true
}
