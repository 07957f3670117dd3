/** ATIF, the Agent Trajectory Interchange Format: a JSON document of steps, written by evaluation harnesses. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { readByLine, writeByLine } from '../core/lines/by-line.ts'
import { partsOf, textOf } from '../core/lines/chat-message.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  inputOf,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  timeOf,
  usageOf,
} from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'
import { composeTrajectory } from './compose.ts'

export const atif: Importer = {
  name: 'atif',
  title: 'ATIF',
  description: 'trajectories in the Agent Trajectory Interchange Format',
  input: 'a trajectory.json, or a folder of them',
  format: 1,
  extension: '.json',
  sessions: (source) => sessionOfDocument(source, ['steps'], isTrajectory),
  read: (source, options) => readByLine(source, options, meaningOf, documentMeaning),
  write: writeByLine,
  compose: composeTrajectory,
}

const isTrajectory = (value: unknown): boolean =>
  isJsonObject(value) && String(value.schema_version).startsWith('ATIF-') && Array.isArray(value.steps)

const documentMeaning = (trajectory: JsonObject): Meaning =>
  known<Meaning>({
    sessionId: stringAt(trajectory, 'session_id') ?? stringAt(trajectory, 'trajectory_id'),
    about: known({
      model: stringAt(trajectory.agent, 'model_name'),
      version: stringAt(trajectory.agent, 'version'),
    }),
  })

function meaningOf(step: JsonObject, context: LineContext): Meaning {
  const { step_id: id, timestamp, source, message, observation, metrics } = step
  const base = known<Meaning>({
    id: typeof id === 'number' || typeof id === 'string' ? `step-${id}` : undefined,
    time: timeOf(timestamp),
    type: typeof source === 'string' && source !== '' ? source : 'unknown',
  })
  const parts = partsOf(message)
  if (source === 'user') return { ...base, prompt: textOf(parts), message: { role: 'user', parts } }
  if (source === 'system') return { ...base, message: { role: 'system', content: textOf(parts) } }
  if (source !== 'agent') return base
  const reasoning = stringAt(step, 'reasoning_content')
  const calls = listOf(step.tool_calls).map((call, n) =>
    callPart(
      stringAt(call, 'tool_call_id') ?? `call-${context.line}-${n + 1}`,
      stringAt(call, 'function_name') ?? 'unknown',
      inputOf(call.arguments),
    ),
  )
  const names = new Map(calls.map(({ toolCallId, toolName }) => [toolCallId, toolName]))
  const results = listOf(isJsonObject(observation) ? observation.results : undefined).map((result, n) => {
    const of =
      stringAt(result, 'source_call_id') ?? String(calls[n]?.toolCallId ?? `call-${context.line}-${n + 1}`)
    return resultPart(of, String(names.get(of) ?? 'unknown'), result.content)
  })
  const said: MessagePart[] = [
    ...(reasoning === undefined ? [] : [reasoningPart(reasoning)]),
    ...parts,
    ...calls,
  ]
  const {
    prompt_tokens: input,
    completion_tokens: output,
    cached_tokens: cached,
  } = isJsonObject(metrics) ? metrics : ({} as JsonObject)
  return {
    ...base,
    ...known<Meaning>({
      message: { role: 'assistant', parts: said },
      more: results.length === 0 ? undefined : [{ role: 'tool', parts: results }],
      usage: usageOf({ inputTokens: input, outputTokens: output, cachedInputTokens: cached }),
      about: known({ model: stringAt(step, 'model_name') }),
    }),
  }
}

const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])
