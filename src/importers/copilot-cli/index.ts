/** GitHub Copilot CLI: `events.jsonl` in one folder per session, below `~/.copilot/session-state`. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  inputOf,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  textPart,
  timeOf,
  usageOf,
} from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

export const copilotCli: Importer = {
  name: 'copilot-cli',
  title: 'GitHub Copilot CLI',
  description: 'GitHub Copilot CLI sessions',
  input: 'an events.jsonl, or a folder of them such as ~/.copilot/session-state',
  folder: '~/.copilot/session-state',
  format: 1,
  extension: '.jsonl',
  detect: (source) =>
    detectByLine(source, ({ type, data, id }) => {
      const named = typeof type === 'string' && /^(?:session|user|assistant|tool)\./.test(type)
      return named && isJsonObject(data) && typeof id === 'string'
    }),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

function meaningOf(event: JsonObject, context: LineContext): Meaning {
  const { type, data, timestamp } = event
  const kind = typeof type === 'string' && type !== '' ? type : 'unknown'
  const base = known<Meaning>({ id: stringAt(event, 'id'), time: timeOf(timestamp), type: kind })
  return isJsonObject(data) ? { ...base, ...dataMeaning(kind, data, context) } : base
}

function dataMeaning(kind: string, data: JsonObject, { toolName }: LineContext): Meaning {
  const content = stringAt(data, 'content') ?? ''
  switch (kind) {
    case 'session.start':
    case 'session.resume':
      return {
        ...known<Meaning>({ sessionId: stringAt(data, 'sessionId') }),
        about: known({
          version: stringAt(data, 'copilotVersion'),
          model: stringAt(data, 'selectedModel'),
          workspace: stringAt(data.context, 'cwd'),
          gitBranch: stringAt(data.context, 'branch'),
        }),
      }
    case 'session.model_change':
      return { about: known({ model: stringAt(data, 'newModel') }) }
    case 'session.title_changed':
      return { about: known({ title: stringAt(data, 'title') }) }
    case 'user.message':
      return { prompt: content, message: { role: 'user', content } }
    case 'assistant.message':
      return { ...replyOf(data, content), joins: true }
    case 'tool.execution_complete': {
      const id = stringAt(data, 'toolCallId')
      if (id === undefined) return {}
      const failed = data.success === false
      const output = failed
        ? (stringAt(data.error, 'message') ?? data.error)
        : (stringAt(data.result, 'content') ?? data.result)
      return {
        message: {
          role: 'tool',
          parts: [resultPart(id, toolName(id) ?? stringAt(data, 'toolName') ?? 'unknown', output, failed)],
        },
      }
    }
    case 'abort':
      return { status: 'interrupted' }
    case 'session.error':
      return { status: 'failed' }
    default:
      return {}
  }
}

function replyOf(data: JsonObject, content: string): Meaning {
  const reasoning = stringAt(data, 'reasoningText')
  const requests = (Array.isArray(data.toolRequests) ? data.toolRequests : []).filter(isJsonObject)
  const parts: MessagePart[] = [
    ...(reasoning === undefined ? [] : [reasoningPart(reasoning)]),
    ...(content === '' ? [] : [textPart(content)]),
    ...requests.flatMap((request) => {
      const [id, name] = [stringAt(request, 'toolCallId'), stringAt(request, 'name')]
      return id === undefined || name === undefined ? [] : [callPart(id, name, inputOf(request.arguments))]
    }),
  ]
  return known<Meaning>({
    message: { role: 'assistant', parts },
    usage: usageOf({ outputTokens: data.outputTokens }),
  })
}
