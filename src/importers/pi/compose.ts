/** Writes a conversation as a session file that `pi --session` accepts. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import { parseLine } from '../jsonl.ts'
import type { Conversation, Piece, Utterance } from '../out/conversation.ts'
import { callsIn } from '../out/pieces.ts'
import type { Composed, ComposeOptions } from '../out/target.ts'

export function composePi({ utterances }: Conversation, { id, cwd, home, now }: ComposeOptions): Composed {
  const timestamp = new Date(now).toISOString()
  const head = { type: 'session', version: 3, id, timestamp, cwd }
  let parentId: string | null = null
  const entries = utterances.flatMap(messagesOf).map(({ at, message }) => {
    const entry = { type: 'message', id: randomBytes(4).toString('hex'), parentId, timestamp: at, message }
    parentId = entry.id
    return entry
  })
  const folder = `--${cwd.replace(/^[/\\]/, '').replace(/[/\\:]/g, '-')}--`
  const path = join(
    home,
    '.pi',
    'agent',
    'sessions',
    folder,
    `${timestamp.replace(/[:.]/g, '-')}_${id}.jsonl`,
  )
  return {
    path,
    text: [head, ...entries].map((line) => `${JSON.stringify(line)}\n`).join(''),
    command: ['pi', '--session', path],
  }
}

/**
 * Adapts entries of pi to the folder of the composed session, because pi does not continue in a folder that no longer
 * exists. If the parent of an entry is missing, as of the summary of another branch, the previous entry becomes its
 * parent, because pi stops reading at a missing parent.
 */
export function fittedSession([head = '', ...entries]: readonly string[], composed: string): string[] {
  const { cwd } = JSON.parse(composed) as { cwd: string }
  const known = new Set<unknown>()
  let last: unknown = null
  const linked = entries.map((line) => {
    const parsed = parseLine(Buffer.from(line))
    if (parsed.kind !== 'value' || !isJsonObject(parsed.value)) return line
    const { id, parentId } = parsed.value
    if (typeof id !== 'string') return line
    const isWhole = typeof parentId !== 'string' || known.has(parentId)
    const fitted = isWhole ? line : JSON.stringify({ ...parsed.value, parentId: last })
    known.add(id)
    last = id
    return fitted
  })
  return [JSON.stringify({ ...(JSON.parse(head) as object), cwd }), ...linked]
}

const NOTHING_USED = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  totalTokens: 0,
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 },
}

function messagesOf({ role, at, pieces }: Utterance): { at: string; message: object }[] {
  const timestamp = Date.parse(at)
  if (role === 'system') return []
  const content = pieces.flatMap(block)
  if (role === 'user') return [{ at, message: { role, content, timestamp } }]
  const calls = callsIn(pieces)
  const reply = {
    role,
    content,
    api: 'openai-completions',
    provider: 'forkpoint',
    model: 'forkpoint',
    usage: NOTHING_USED,
    stopReason: calls.length > 0 ? 'toolUse' : 'stop',
    timestamp,
  }
  const results = calls.map(({ id, tool, result }) => ({
    at,
    message: {
      role: 'toolResult',
      toolCallId: id,
      toolName: tool,
      content: [{ type: 'text', text: result.text }],
      isError: result.failed,
      timestamp,
    },
  }))
  return [{ at, message: reply }, ...results]
}

function block(piece: Piece): object[] {
  switch (piece.kind) {
    case 'text':
      return [{ type: 'text', text: piece.text }]
    case 'thinking':
      return [{ type: 'thinking', thinking: piece.text }]
    case 'image':
      return [{ type: 'image', data: piece.data, mimeType: piece.mediaType }]
    case 'call':
      return [{ type: 'toolCall', id: piece.id, name: piece.tool, arguments: piece.input }]
  }
}
