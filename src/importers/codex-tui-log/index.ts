/**
 * Logs of Codex's terminal interface, `session-*.jsonl`: every key press and every event. The events contain the
 * conversation.
 */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  textPart,
  timeOf,
  usageOf,
} from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

export const codexTuiLog: Importer = {
  name: 'codex-tui-log',
  title: 'Codex TUI',
  description: "logs of Codex's terminal",
  input: 'a session-….jsonl file, or a folder of them such as ~/.codex/log',
  folder: '~/.codex/log',
  format: 1,
  extension: '.jsonl',
  detect: (source) =>
    detectByLine(source, ({ ts, dir, kind }) => [ts, dir, kind].every((value) => typeof value === 'string')),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

function meaningOf(entry: JsonObject, context: LineContext): Meaning {
  const { ts, kind, payload, cwd, model } = entry
  const base = known<Meaning>({
    time: timeOf(ts),
    type: typeof kind === 'string' && kind !== '' ? kind : 'unknown',
  })
  if (kind === 'session_start')
    return {
      ...base,
      about: known({
        workspace: typeof cwd === 'string' ? cwd : undefined,
        model: typeof model === 'string' ? model : undefined,
      }),
    }
  if (kind === 'op' && isJsonObject(payload)) return { ...base, ...operationMeaning(payload) }
  if (kind !== 'codex_event' || !isJsonObject(payload) || !isJsonObject(payload.msg)) return base
  return { ...base, subtype: String(payload.msg.type), ...eventMeaning(payload.msg, context) }
}

/** `{ type: 'user_input', items: [{ type: 'text', text }] }`. */
function operationMeaning({ type, items }: JsonObject): Meaning {
  if (type !== 'user_input' && type !== 'user_turn') return { subtype: String(type) }
  const texts = (Array.isArray(items) ? items : []).flatMap((item) => stringAt(item, 'text') ?? [])
  const content = texts.join('\n')
  return content === '' ? {} : { prompt: content, message: { role: 'user', content } }
}

function eventMeaning(event: JsonObject, { toolName }: LineContext): Meaning {
  const [text, id] = [
    stringAt(event, 'message') ?? stringAt(event, 'text') ?? '',
    stringAt(event, 'call_id') ?? '',
  ]
  const said = (part: ReturnType<typeof textPart>): Meaning => ({
    message: { role: 'assistant', parts: [part] },
    joins: true,
  })
  switch (event.type) {
    case 'session_configured':
      return {
        ...terminalOf(stringAt(event, 'session_id')),
        about: known({ model: stringAt(event, 'model') }),
      }
    case 'task_started':
      return { starts: '' }
    case 'agent_message':
      return said(textPart(text))
    case 'agent_reasoning':
    case 'agent_reasoning_raw_content':
      return said(reasoningPart(text))
    case 'exec_command_begin':
      return said(callPart(id, 'exec_command', { command: event.command, cwd: event.cwd }))
    case 'exec_command_end': {
      const output =
        event.formatted_output ?? event.aggregated_output ?? `${event.stdout ?? ''}${event.stderr ?? ''}`
      const failed = typeof event.exit_code === 'number' && event.exit_code !== 0
      return {
        message: { role: 'tool', parts: [resultPart(id, toolName(id) ?? 'exec_command', output, failed)] },
      }
    }
    case 'task_complete':
      return { status: 'completed' }
    case 'turn_aborted':
      return { status: 'interrupted' }
    case 'token_count':
      return known<Meaning>({
        total: usageOf({
          inputTokens: event.input_tokens,
          outputTokens: event.output_tokens,
          totalTokens: event.total_tokens,
        }),
      })
    default:
      return {}
  }
}

/** Adds a suffix, because the rollout of the same conversation has the id without one. */
const terminalOf = (id: string | undefined): Meaning =>
  id === undefined ? {} : { sessionId: `${id}-terminal` }
