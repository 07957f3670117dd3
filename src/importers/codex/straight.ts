/** A quick look at a rollout: whether it rolls turns back. Nothing else in a rollout goes back. */
import { isJsonObject } from '../../json-value.ts'
import { type ByteSource, linesOf } from '../byte-source.ts'
import { parseLine } from '../jsonl.ts'
import { meaningOf } from './entry.ts'

/** Whether no line of a rollout rolls turns back. Parses only lines that may do so. */
export async function isStraight(source: ByteSource): Promise<boolean> {
  if (!(await hasDoubt(source))) return true
  for await (const { bytes, line } of linesOf(source)) {
    if (bytes === undefined) return false
    if (!mayRollBack(bytes)) continue
    const parsed = parseLine(bytes)
    if (parsed.kind !== 'value' || !isJsonObject(parsed.value)) continue
    if (meaningOf(parsed.value, { line, toolName: () => undefined }).rewind !== undefined) return false
  }
  return true
}

const EVENT = Buffer.from('rolled_back')
const mayRollBack = (bytes: Buffer): boolean => bytes.includes(EVENT) || hasEscapedText(bytes)

/** Whether a line may roll back. Faster than to look at each line. */
async function hasDoubt(source: ByteSource): Promise<boolean> {
  let end = Buffer.alloc(0)
  for await (const chunk of source.chunks()) {
    // What is looked for may begin at the end of one chunk.
    if (mayRollBack(chunk) || mayRollBack(Buffer.concat([end, chunk.subarray(0, EVENT.length)]))) return true
    end = Buffer.concat([end, chunk.subarray(-EVENT.length)]).subarray(-EVENT.length)
  }
  return false
}

/**
 * Whether JSON writes a character as an escape that needs none, such as `\u0061` for `a`. Then a text in it may not be
 * found by its bytes.
 */
function hasEscapedText(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(ESCAPE); at !== -1; at = bytes.indexOf(ESCAPE, at + 1)) {
    const digit = bytes[at + ESCAPE.length] ?? 0
    if (digit >= 0x32 && digit <= 0x37) return true
  }
  return false
}

const ESCAPE = Buffer.from('\\u00')
