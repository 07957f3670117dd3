/** What reached a model: the history of a request, whichever protocol it came in. */
import type { ModelRequestSeen } from '../../support/model-server.mjs'

export type Item =
  | { kind: 'text'; role: string; text: string }
  | { kind: 'image'; data: string }
  | { kind: 'call'; id: string; tool: string; input: unknown }
  | { kind: 'result'; id: string; text: string }

// biome-ignore lint/suspicious/noExplicitAny: each protocol has its own shape.
type Json = any

export function arrivedIn({ protocol, body }: ModelRequestSeen): Item[] {
  return HISTORIES[protocol](body)
}

/**
 * What is wrong with the calls: each has one result, behind it.
 *
 * @param repeats whether a result may come twice
 */
export function unpaired(items: readonly Item[], repeats = false): string[] {
  const open = new Set<string>()
  const problems: string[] = []
  const known = new Set<string>()
  for (const item of items) {
    if (item.kind === 'call') {
      if (known.has(item.id)) problems.push(`two calls ${item.id}`)
      known.add(item.id)
      open.add(item.id)
    } else if (item.kind === 'result' && !open.delete(item.id) && !(repeats && known.has(item.id)))
      problems.push(`a result without call ${item.id}`)
  }
  return [...problems, ...[...open].map((id) => `no result for ${id}`)]
}

const HISTORIES: Record<ModelRequestSeen['protocol'], (body: Json) => Item[]> = {
  anthropic: ({ messages }) =>
    messages.flatMap(({ role, content }: Json) =>
      blocksOf(content).flatMap((block: Json): Item[] => {
        if (block.type === 'text') return [{ kind: 'text', role, text: block.text }]
        if (block.type === 'image') return [{ kind: 'image', data: block.source.data ?? block.source.url }]
        if (block.type === 'tool_use')
          return [{ kind: 'call', id: block.id, tool: block.name, input: block.input }]
        return block.type === 'tool_result'
          ? [{ kind: 'result', id: block.tool_use_id, text: textIn(block.content) }]
          : []
      }),
    ),
  openai: ({ messages }) =>
    messages.flatMap(({ role, content, tool_calls = [], tool_call_id: id }: Json): Item[] => {
      if (role === 'tool') return [{ kind: 'result', id, text: textIn(content) }]
      const said = blocksOf(content).flatMap((block: Json): Item[] => {
        if (block.type === 'image_url') return [{ kind: 'image', data: dataIn(block.image_url.url) }]
        return block.type === 'text' && block.text !== '' ? [{ kind: 'text', role, text: block.text }] : []
      })
      const calls = tool_calls.map((call: Json) => ({
        kind: 'call',
        id: call.id,
        tool: call.function.name,
        input: JSON.parse(call.function.arguments),
      }))
      return [...said, ...calls]
    }),
  responses: ({ input }) =>
    input.flatMap((item: Json): Item[] => {
      const { type = 'message', role, call_id: id, name: tool } = item
      if (type === 'message')
        return blocksOf(item.content).map((block: Json) =>
          block.type === 'input_image'
            ? { kind: 'image', data: dataIn(block.image_url) }
            : { kind: 'text', role, text: block.text },
        )
      if (type === 'function_call') return [{ kind: 'call', id, tool, input: JSON.parse(item.arguments) }]
      if (type === 'custom_tool_call') return [{ kind: 'call', id, tool, input: { input: item.input } }]
      return /_call_output$/.test(type) ? [{ kind: 'result', id, text: unwrapped(textIn(item.output)) }] : []
    }),
  gemini: ({ contents }) => {
    const asked: string[] = []
    const answered: string[] = []
    return contents.flatMap(({ role, parts }: Json) =>
      parts.flatMap((part: Json): Item[] => {
        const { functionCall: call, functionResponse: result, inlineData } = part
        if (call !== undefined) {
          const id = call.id ?? `${asked.length}`
          asked.push(id)
          return [{ kind: 'call', id, tool: call.name, input: call.args }]
        }
        if (result !== undefined) {
          const id = result.id ?? `${answered.length}`
          answered.push(id)
          return [{ kind: 'result', id, text: Object.values(result.response).map(String).join('\n') }]
        }
        if (inlineData !== undefined) return [{ kind: 'image', data: inlineData.data }]
        return typeof part.text === 'string' && part.thought !== true
          ? [{ kind: 'text', role: role === 'model' ? 'assistant' : role, text: part.text }]
          : []
      }),
    )
  },
}

const blocksOf = (content: Json): Json[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])

const textIn = (content: Json): string =>
  blocksOf(content)
    .map(({ text = '' }) => text)
    .join('\n')

/** Codex sends a result as it stored it; older versions stored some as JSON, with the text in `output`. */
function unwrapped(text: string): string {
  if (!text.startsWith('{"output":')) return text
  try {
    return String(JSON.parse(text).output)
  } catch {
    return text
  }
}

const dataIn = (url: string): string => url.replace(/^data:[^,]*,/, '')
