/** Reads items of OpenAI's Responses API and Agents SDK. */
import { isJsonObject, type JsonObject } from '../json-value.ts'
import { type Block, NOTHING_SAID, type ReadMessage } from './block.ts'
import { listOf, objectOf, parsedText, textAmong, textOf } from './fields.ts'
import { resultBlocks } from './parts.ts'

/** Reads an item; `undefined` for a message, or an item of another framework. */
export function openAiItem(item: JsonObject): ReadMessage | undefined {
  const { type } = item
  const call = textAmong(item.callId, item.call_id, item.id)
  const read = { ...NOTHING_SAID, id: textAmong(item.id) }
  const says = (...blocks: Block[]): ReadMessage => ({ ...read, who: 'assistant', blocks })
  const called = (tool: string, input: unknown): ReadMessage => says({ kind: 'call', id: call, tool, input })
  const gave = (tool: string, output: unknown): ReadMessage => ({
    ...read,
    who: 'tool',
    blocks: resultBlocks(tool, call, output, item.status === 'failed'),
  })
  switch (type) {
    case 'function_call':
      return called(textOf(item.name), parsedText(item.arguments))
    case 'custom_tool_call':
      return called(textOf(item.name), item.input)
    case 'hosted_tool_call':
    case 'web_search_call': {
      const { name, output, action } = item
      const tool = textAmong(name) ?? 'web_search'
      const made = called(tool, parsedText(item.arguments) ?? action ?? {})
      return output === undefined || output === null
        ? made
        : says(...made.blocks, ...resultBlocks(tool, call, output, item.status === 'failed'))
    }
    case 'computer_call':
      return called('computer', item.action ?? item.actions)
    case 'shell_call':
    case 'local_shell_call':
      return called('shell', item.action)
    case 'apply_patch_call':
      return called('apply_patch', item.operation)
    case 'function_call_result':
    case 'function_call_output':
    case 'custom_tool_call_output':
      return gave(textOf(item.name), item.output)
    case 'computer_call_result':
    case 'computer_call_output':
      return gave('computer', [item.output])
    case 'shell_call_output':
    case 'local_shell_call_output':
      return gave('shell', shellOutput(item.output))
    case 'apply_patch_call_output':
      return gave('apply_patch', item.output ?? '')
    case 'compaction':
      return { ...read, about: 'compaction' }
    case 'reasoning': {
      const texts = [...listOf(item.summary), ...listOf(item.content), ...listOf(item.rawContent)]
      const said = texts.flatMap((part) => textAmong(objectOf(part).text) ?? [])
      return says(...said.map((text): Block => ({ kind: 'thinking', text })))
    }
    default:
      return undefined
  }
}

/** Returns the output of the commands, one after the other. */
function shellOutput(output: unknown): unknown {
  if (
    !Array.isArray(output) ||
    !output.every((one) => isJsonObject(one) && ('stdout' in one || 'stderr' in one))
  )
    return output
  return output
    .flatMap((one) => [textOf(one.stdout), textOf(one.stderr)])
    .filter((text) => text !== '')
    .map((text) => text.replace(/\n$/, ''))
    .join('\n')
}
