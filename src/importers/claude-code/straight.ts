/**
 * A quick look at a transcript: whether each prompt continues the turn before. Parses nothing, and answers no if in doubt.
 */
import { basename } from 'node:path'
import { type ByteSource, linesOf } from '../byte-source.ts'
import { isAgentFile } from './agent-files.ts'

/** Whether no entry goes back to an earlier turn, no sub-agent speaks, and all entries are of one session. */
export async function isStraight(source: ByteSource): Promise<boolean> {
  if (isAgentFile(basename(source.name))) return false
  /** Ids of the entries since the last prompt. */
  let turn = new Set<string>()
  /** Beginnings of the ids of all entries, as numbers, because there may be millions. */
  const known = new Set<number>()
  let session: string | undefined
  let isFirst = true
  for await (const { bytes } of linesOf(source)) {
    if (bytes === undefined) return false
    const head = bytes.toString('latin1', 0, HEAD)
    const parent = textAfter(head, '"parentUuid":')
    if (parent === undefined) {
      // An entry without a parent, such as a title, belongs to the current turn.
      if (bytes.includes('"parentUuid":')) return false
      continue
    }
    if (textAfter(head, '"isSidechain":') !== 'false') return false
    const own = laterTextAfter(bytes, '"sessionId":')
    session ??= own
    if (own !== session) return false
    const above = parent === 'null' && !isFirst ? laterTextAfter(bytes, '"logicalParentUuid":') : parent
    // An entry whose parent is missing belongs to the current turn as well.
    if (!isFirst && (above === undefined || (!turn.has(above) && known.has(numberOf(above))))) return false
    isFirst = false
    if (head.includes('"type":"user"') && mayBePrompt(bytes)) turn = new Set()
    for (let at = bytes.indexOf(UUID); at !== -1; at = bytes.indexOf(UUID, at + 1)) {
      const from = at + UUID.length
      const id = bytes.toString('latin1', from, bytes.indexOf(QUOTE, from))
      turn.add(id)
      known.add(numberOf(id))
    }
  }
  return true
}

/** Characters at the beginning of a line where its parent and type are. */
const HEAD = 1024
const UUID = Buffer.from('"uuid":"')
const QUOTE = 0x22
const NO_PROMPT = [
  '"tool_use_id":',
  '"isMeta":true',
  '"isCompactSummary":true',
  '"[Request interrupted by user',
  '"<local-command-std',
  '"<bash-std',
]

const mayBePrompt = (line: Buffer): boolean => !NO_PROMPT.some((text) => line.includes(text))

const numberOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16)

/** The text of the value after a key, without quotation marks. */
function textAfter(text: string, key: string): string | undefined {
  const at = text.indexOf(key)
  return at === -1 ? undefined : /^"?([^",}]*)/.exec(text.slice(at + key.length, at + key.length + 200))?.[1]
}

function laterTextAfter(line: Buffer, key: string): string | undefined {
  const at = line.indexOf(key)
  return at === -1 ? undefined : textAfter(line.toString('latin1', at, at + HEAD), key)
}
