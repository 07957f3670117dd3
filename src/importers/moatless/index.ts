/** moatless-tools: one JSON document per run, with a tree of nodes. Each node is a turn. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { Meaning } from '../core/lines/meaning.ts'
import { callPart, known, resultPart, stringAt, textPart, usageOf } from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

export const moatless: Importer = {
  name: 'moatless',
  title: 'moatless-tools',
  description: 'moatless-tools trajectories',
  input: 'a trajectory .json file, or a folder of them',
  format: 1,
  extension: '.json',
  sessions: (source) => sessionOfDocument(source, ['nodes'], isTrajectory),
  read: (source, options) => readByLine(source, options, meaningOf, documentMeaning),
  write: writeByLine,
}

const isTrajectory = (value: unknown): boolean =>
  isJsonObject(value) &&
  Array.isArray(value.nodes) &&
  value.nodes.length > 0 &&
  value.nodes.every((node) => isJsonObject(node) && node.node_id !== undefined)

function documentMeaning({ metadata, agent }: JsonObject): Meaning {
  const completion = isJsonObject(agent) ? agent.completion : undefined
  return known<Meaning>({
    sessionId: stringAt(metadata, 'instance_id'),
    about: known({ title: stringAt(metadata, 'instance_id'), model: stringAt(completion, 'model') }),
  })
}

function meaningOf(node: JsonObject): Meaning {
  const { node_id: id, parent_id: parent, message, action, observation } = node
  const place: Meaning = {
    id: `node-${String(id)}`,
    parent: parent === null || parent === undefined ? null : `node-${String(parent)}`,
    type: 'node',
  }
  if (isJsonObject(action)) return { ...place, ...actionMeaning(String(id), action, observation, node) }
  if (typeof message !== 'string') return { ...place, starts: `node ${String(id)}` }
  return { ...place, prompt: message, starts: message, message: { role: 'user', content: message } }
}

function actionMeaning(id: string, action: JsonObject, observation: unknown, node: JsonObject): Meaning {
  const { scratch_pad: thought, thoughts = thought, action_args_class: kind, ...input } = action
  const name =
    stringAt(action, 'name') ??
    (typeof kind === 'string' ? kind.split('.').at(-1)?.replace(/Args$/, '') : undefined) ??
    'action'
  const text = typeof thoughts === 'string' ? thoughts : ''
  const output = isJsonObject(observation) ? (observation.message ?? observation) : observation
  const callId = `node-${id}`
  return known<Meaning>({
    starts: `${name} ${Object.values(input).find((value) => typeof value === 'string') ?? ''}`,
    message: {
      role: 'assistant',
      parts: [...(text === '' ? [] : [textPart(text)]), callPart(callId, name, input)],
    },
    more:
      output === undefined || output === null
        ? undefined
        : [{ role: 'tool', parts: [resultPart(callId, name, output)] }],
    usage: usageIn(node.completions),
  })
}

function usageIn(completions: unknown): Meaning['usage'] {
  const all = isJsonObject(completions) ? Object.values(completions) : []
  const usages = all.flatMap((one) => (isJsonObject(one) && isJsonObject(one.usage) ? [one.usage] : []))
  const sum = (key: string) => usages.reduce((total, usage) => total + (Number(usage[key]) || 0), 0)
  return usageOf({
    inputTokens: sum('prompt_tokens'),
    outputTokens: sum('completion_tokens'),
    cachedInputTokens: sum('cached_tokens'),
  })
}
