/**
 * A quick look at a transcript: whether each prompt continues the turn before. Looks at the first fields of a line if they
 * are as Claude Code writes them, and parses any other line. Answers no if in doubt.
 */
import { basename } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import { type ByteSource, linesOf } from '../byte-source.ts'
import { parseLine } from '../jsonl.ts'
import { isAgentFile } from './agent-files.ts'
import { isPrompt, kindOf, stringAt } from './entry.ts'

/** Whether no entry goes back to an earlier turn, no sub-agent speaks, and all messages are of one session. */
export async function isStraight(source: ByteSource): Promise<boolean> {
  if (isAgentFile(basename(source.name))) return false
  /** Ids of the entries since the last prompt. */
  let turn = new Set<string>()
  /** Ids of all entries, as numbers where possible, because there may be millions. */
  const known = new Set<number | string>()
  let session: string | undefined
  let hasPrompt = false
  for await (const { bytes } of linesOf(source)) {
    if (bytes === undefined) return false
    if (!bytes.subarray(0, START.length).equals(START) && !mayHavePlace(bytes)) continue
    const place = usualPlace(bytes) ?? parsedPlace(bytes)
    if (place === 'unknown') return false
    if (place === 'none') continue
    const { id, parent, isTop, asks } = place
    session ??= place.session
    if (place.session !== undefined && place.session !== session) return false
    // Before the first prompt there is nothing to go back to. An entry whose parent is missing belongs to the current turn.
    if (hasPrompt && isTop && (asks || parent === undefined)) return false
    if (hasPrompt && parent !== undefined && !turn.has(parent) && known.has(keyOf(parent))) return false
    if (asks) {
      hasPrompt = true
      turn = new Set()
    }
    if (id === undefined) continue
    // A copy of an earlier entry has no place of its own.
    if (known.has(keyOf(id))) return false
    known.add(keyOf(id))
    turn.add(id)
  }
  return true
}

/** What decides to which turn an entry belongs. */
interface Place {
  id: string | undefined
  /** The parent, or else the logical parent. */
  parent: string | undefined
  /** Whether the entry says that it has no parent. */
  isTop: boolean
  /** Only of a message. */
  session: string | undefined
  /** Whether it is a prompt. */
  asks: boolean
}

const START = Buffer.from('{"parentUuid":')
const UUID = Buffer.from('"uuid":"')
const QUOTE = 0x22
/** Characters at the beginning and at the end of a line that are looked at. */
const HEAD = 1024
const TAIL = 256
/** The parent, the fields before the first object or list, and whether the result of a tool follows. */
const FIELDS =
  /^\{"parentUuid":"([!#-[\]-~]+)"((?:,"[A-Za-z]+":(?:"[^"\\]*"|true|false|null|[\d.]+))*)(,"message":\{"role":"user","content":\[\{(?:"tool_use_id":"[^"\\]*",)?"type":"tool_result")?/
/** A key that counts, if it is there once more. */
const AGAIN = /"(?:parentUuid|isSidechain)":|"type":"user"/
const NO_AGENT = '"isSidechain":false'
const PLAIN = /^[!#-[\]-~]+$/
/** Bytes of the longest line that is parsed here. */
const PARSED = 8 << 20

/** Whether a line that does not begin with its parent may have one nevertheless, or may be a message. */
const mayHavePlace = (line: Buffer): boolean => PLACE.test(line.toString('latin1'))
const PLACE = /"(?:parentUuid|uuid|message|attachment)"|\\u00[2-7]/

/** Returns `undefined` for a line that has to be parsed. */
function usualPlace(line: Buffer): Place | undefined {
  const [head, parent, fields = '', isResult] = FIELDS.exec(line.toString('latin1', 0, HEAD)) ?? []
  if (head === undefined || fields.includes('"parentUuid":')) return undefined
  const type = lastText(fields, 'type')
  if (type === undefined || (type === 'user' && isResult === undefined)) return undefined
  const end = line.toString('latin1', Math.max(head.length, line.length - TAIL))
  const isAgents = fields.lastIndexOf('"isSidechain":') !== fields.lastIndexOf(NO_AGENT)
  if (isAgents || !fields.includes(NO_AGENT) || AGAIN.test(end)) return undefined
  const session = lastText(end, 'sessionId') ?? lastText(fields, 'sessionId')
  const at = line.indexOf(UUID)
  const id = line.toString('latin1', at + UUID.length, line.indexOf(QUOTE, at + UUID.length))
  const isUsual = at !== -1 && session !== undefined && PLAIN.test(id) && !line.includes(UUID, at + 1)
  return isUsual ? { id, parent, isTop: false, session, asks: false } : undefined
}

/** Returns the text of a field; of several, the last one. */
function lastText(fields: string, key: string): string | undefined {
  const at = fields.lastIndexOf(`,"${key}":"`)
  const from = at + key.length + 5
  return at === -1 ? undefined : fields.slice(from, fields.indexOf('"', from))
}

/** Returns the place of an entry: `none` if it has none, `unknown` if it takes too long to find out. */
function parsedPlace(line: Buffer): Place | 'none' | 'unknown' {
  if (line.length > PARSED) return 'unknown'
  const parsed = parseLine(line)
  if (parsed.kind !== 'value' || !isJsonObject(parsed.value)) return 'none'
  const entry = parsed.value
  if (entry.isSidechain === true) return 'unknown'
  const isMessage = kindOf(entry, false) === 'message'
  return {
    id: stringAt(entry, 'uuid'),
    parent: stringAt(entry, 'parentUuid') ?? stringAt(entry, 'logicalParentUuid'),
    isTop: entry.parentUuid === null,
    session: isMessage ? stringAt(entry, 'sessionId') : undefined,
    asks: isMessage && isPrompt(entry),
  }
}

const keyOf = (id: string): number | string =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? Number.parseInt(id.slice(24), 16) : id
