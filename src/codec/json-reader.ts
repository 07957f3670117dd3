/** Values of JSON bytes, whoever wrote them. */
import { isUtf8 } from 'node:buffer'
import { CorruptError } from '../errors.ts'

/** Levels that a file may have; two more than a value, for the format's own objects around it. */
export const MAX_FILE_DEPTH = 514

/**
 * The value of a JSON file. An own `__proto__` key stays a key. Throws CorruptError, naming the file, when the
 * bytes are not UTF-8 or not JSON. Depth is not checked: see `isShallow`.
 */
export function parseJson(text: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const where = line === undefined ? `'${file}'` : `Line ${line} of '${file}'`
    throw new CorruptError(`${where} is not JSON.`, { file }, { cause })
  }
}

/** The text of a file, byte for byte. Throws CorruptError when it is not UTF-8. */
export function textOf(bytes: Uint8Array, file: string): string {
  if (!isUtf8(bytes)) throw new CorruptError(`'${file}' is not UTF-8 text.`, { file })
  return bufferOf(bytes).toString('utf8')
}

/** The same bytes as a Buffer, not copied. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Whether JSON text has so few brackets that nothing in it can be too deep. Says no rather too often. */
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
