/** Commit subjects of checkpoints and writes, for `git log --oneline`. */

import { oneLine, WIDTH } from '../../checkpoints/commits/text.ts'
import { beginning, cut } from '../../excerpt.ts'
import { isJsonObject } from '../../json-value.ts'

export interface SubjectParts {
  /** `source` of the metadata: `input`, `loop`, `update` or `fork`. */
  source: unknown
  step: unknown
  namespace: string
  /** Nodes that ran since the parent. */
  nodes: readonly string[]
  /** Text of what is new; empty if there is none. */
  text: string
}

/** Returns a subject such as `step 3 review: The tests pass`, or `research | step 1 search: …` in a namespace. */
export function checkpointSubject({ source, step, namespace, nodes, text }: SubjectParts): string {
  const number = typeof step === 'number' ? ` ${step}` : ''
  const names = nodes.length === 0 ? '' : ` ${nodes.join(', ')}`
  const what =
    source === 'input'
      ? 'input'
      : source === 'update'
        ? `update${names}`
        : source === 'fork'
          ? `fork at step${number}`
          : `step${number}${names}`
  return line(`${namespaceLabel(namespace)}${what}`, text)
}

/** Returns a subject such as `writes of review for 1f1e70ed-5598: messages, verdict`. */
export function writesSubject(parts: {
  checkpoint: string
  namespace: string
  taskPath: string
  channels: readonly string[]
}): string {
  const node = /^~__pregel_(?:pull|push), (.+)$/.exec(parts.taskPath)?.[1]
  const of = node === undefined ? '' : ` of ${node}`
  const what = `${namespaceLabel(parts.namespace)}writes${of} for ${beginning(parts.checkpoint, 13)}`
  return line(what, [...new Set(parts.channels)].join(', '))
}

/**
 * Returns the text of a stored message, or of the last message in a list or in an object with messages; empty if there
 * is none.
 */
export function textOfJson(json: unknown): string {
  if (typeof json === 'string') return oneLine(beginning(json, ENOUGH))
  if (Array.isArray(json)) return json.length === 0 ? '' : textOfJson(json.at(-1))
  if (!isJsonObject(json)) return ''
  const message = isJsonObject(json.kwargs) ? json.kwargs : json
  const text = contentText(message.content)
  if (text !== '') return text
  const tools = Array.isArray(message.tool_calls) ? message.tool_calls : []
  const names = tools.flatMap((call) =>
    isJsonObject(call) && typeof call.name === 'string' ? [call.name] : [],
  )
  if (names.length > 0) return oneLine(names.join(', '))
  return json.messages === undefined ? '' : textOfJson(json.messages)
}

/** Returns a label such as `-human` for a message of that class; empty if the value has no class, role or type. */
export function labelOfJson(json: unknown): string {
  if (!isJsonObject(json)) return ''
  const { id, role, type } = json
  const name = json.lc === 1 && Array.isArray(id) ? String(id.at(-1)).replace('Message', '') : (role ?? type)
  if (typeof name !== 'string') return ''
  const label = name
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .slice(0, 24)
  return label === '' ? '' : `-${label}`
}

const ENOUGH = 500

function contentText(content: unknown): string {
  if (typeof content === 'string') return oneLine(beginning(content, ENOUGH))
  if (!Array.isArray(content)) return ''
  const texts = content.map((part) => (isJsonObject(part) ? part.text : part))
  return oneLine(beginning(texts.filter((text) => typeof text === 'string').join(' '), ENOUGH))
}

/** Turns `sub:4a…|inner:7c…` into `sub | inner | `. */
function namespaceLabel(namespace: string): string {
  if (namespace === '') return ''
  return `${namespace
    .split('|')
    .map((part) => part.split(':')[0])
    .join(' | ')} | `
}

function line(what: string, text: string): string {
  const start = cut(oneLine(what), WIDTH)
  const room = WIDTH - [...start].length - 2
  return text === '' || room < 8 ? start : `${start}: ${cut(text, room)}`
}
