/** mini-SWE-agent: one `.traj.json` per run. Each step of the agent is a turn. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { readByLine, writeByLine } from '../core/lines/by-line.ts'
import { chatMessage } from '../core/lines/chat-message.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import { known, stringAt, timeOf, usageOf } from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

export const miniSweAgent: Importer = {
  name: 'mini-swe-agent',
  title: 'mini-SWE-agent',
  description: 'mini-SWE-agent trajectories',
  input: 'a .traj.json file, or a folder of them',
  format: 1,
  extension: '.traj.json',
  sessions: (source) => sessionOfDocument(source, ['messages'], isTrajectory),
  read: (source, options) => readByLine(source, options, meaningOf, documentMeaning),
  write: writeByLine,
}

function isTrajectory(value: unknown): boolean {
  // The oldest versions wrote a list of messages, which begins with the system message.
  if (Array.isArray(value))
    return isJsonObject(value[0]) && value[0].role === 'system' && value.every(isMessage)
  if (!isJsonObject(value) || !Array.isArray(value.messages)) return false
  return (
    String(value.trajectory_format).startsWith('mini-swe-agent') ||
    (isJsonObject(value.info) && value.messages.every(isMessage))
  )
}

const isMessage = (value: unknown): boolean => isJsonObject(value) && typeof value.role === 'string'

function documentMeaning({ instance_id: id, info }: JsonObject): Meaning {
  const config = isJsonObject(info) && isJsonObject(info.config) ? info.config : {}
  return known<Meaning>({
    sessionId: typeof id === 'string' && id !== '' ? id : undefined,
    about: known({
      model: stringAt(config.model, 'model_name'),
      version: stringAt(info, 'mini_version'),
    }),
  })
}

function meaningOf(entry: JsonObject, context: LineContext): Meaning {
  const { role, content, extra } = entry
  const message = chatMessage(entry, context)
  const time = timeOf(isJsonObject(extra) ? extra.timestamp : undefined)
  const base = known<Meaning>({
    message,
    time,
    type: typeof role === 'string' && role !== '' ? role : 'unknown',
  })
  const text = typeof content === 'string' ? content : ''
  if (role === 'user' && context.line <= 3) return { ...base, prompt: text }
  if (role !== 'assistant') return base
  const response = isJsonObject(extra) && isJsonObject(extra.response) ? extra.response : {}
  const { prompt_tokens: input, completion_tokens: output } = isJsonObject(response.usage)
    ? response.usage
    : ({} as JsonObject)
  return {
    ...base,
    starts: text.replace(/```[\s\S]*$/, '').trim() || text,
    ...known<Meaning>({ usage: usageOf({ inputTokens: input, outputTokens: output }) }),
  }
}
