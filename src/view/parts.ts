/** Reads parts of a message's content, in the forms of all frameworks and providers, as blocks. */
import { isJsonObject, type JsonObject } from '../json-value.ts'
import type { Block, FileBlock } from './block.ts'
import { isText, listOf, objectOf, textAmong, textOf } from './fields.ts'

export function blocksOfPart(part: unknown): Block[] {
  if (isText(part)) return textBlock(part)
  if (!isJsonObject(part)) return otherBlock(part)
  const { type } = part
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return textBlock(textOf(part.text))
    case 'refusal':
      return textBlock(textOf(part.refusal))
    case 'reasoning':
    case 'thinking':
      return [{ kind: 'thinking', text: textAmong(part.text, part.thinking, part.reasoning) ?? '' }]
    case 'tool-call':
    case 'tool_use':
    case 'tool_call':
    case 'server_tool_use':
      return [
        {
          kind: 'call',
          id: textAmong(part.toolCallId, part.id),
          tool: textOf(part.toolName ?? part.name),
          input: part.input ?? part.args ?? {},
        },
      ]
    case 'tool-result':
    case 'tool_result': {
      const { output } = part
      const failed =
        part.is_error === true || /^error-|^execution-denied$/.test(textOf(objectOf(output).type))
      const given = type === 'tool_result' ? part.content : output
      return resultBlocks(
        textOf(part.toolName ?? part.name),
        textAmong(part.toolCallId, part.tool_use_id),
        given,
        failed,
      )
    }
    case 'file':
    case 'image':
    case 'media':
    case 'document':
    case 'input_image':
    case 'input_file':
    case 'image_url':
    case 'image-data':
    case 'file-data':
    case 'image-url':
    case 'file-url':
    case 'computer_screenshot':
      return [fileBlock(part)]
    case 'step-start':
      return []
    default:
      return isText(type) && (type.startsWith('tool-') || type === 'dynamic-tool')
        ? uiTool(type, part)
        : [{ kind: 'other', type: textAmong(type), value: part }]
  }
}

/** Reads the result of a tool: its output, then the files in it. */
export function resultBlocks(tool: string, id: string | undefined, given: unknown, failed: boolean): Block[] {
  const output = isJsonObject(given) ? (given.value ?? given.text ?? given) : given
  const pieces = listOf(output).flatMap(blocksOfPart)
  const files = pieces.filter((block): block is FileBlock => block.kind === 'file')
  if (files.length > 0 && pieces.every(({ kind }) => kind === 'file' || kind === 'text')) {
    const text = pieces.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n')
    return [{ kind: 'result', id, tool, output: text, failed }, ...files]
  }
  return [{ kind: 'result', id, tool, output: joined(output), failed }]
}

export const textBlock = (text: string): Block[] => (text === '' ? [] : [{ kind: 'text', text }])

export const otherBlock = (value: unknown): Block[] => [{ kind: 'other', type: undefined, value }]

/** Joins a list of texts, one per line; anything else is returned unchanged. */
export function joined(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value
  const texts = value.map((one) => (isText(one) ? one : objectOf(one).text))
  return texts.every(isText) ? texts.join('\n') : value
}

/** Reads a tool part of an AI SDK UI message: the call and, if there is one, its result. */
function uiTool(type: string, part: JsonObject): Block[] {
  const tool = type === 'dynamic-tool' ? textOf(part.toolName) : type.slice('tool-'.length)
  const id = textAmong(part.toolCallId)
  const call: Block = { kind: 'call', id, tool, input: part.input ?? part.rawInput ?? {} }
  if (part.state === 'output-error') return [call, ...resultBlocks(tool, id, part.errorText ?? '', true)]
  return Object.hasOwn(part, 'output') ? [call, ...resultBlocks(tool, id, part.output, false)] : [call]
}

function fileBlock(part: JsonObject): FileBlock {
  const { type, source, image_url: link } = part
  const name = textAmong(part.filename, part.name, part.title)
  const mediaType = textAmong(part.mediaType, part.media_type, objectOf(source).media_type)
  const { data: inner, url: at } = objectOf(source)
  const data = part.data ?? part.image ?? part.url ?? inner ?? at ?? objectOf(link).url ?? link ?? part.file
  return { kind: 'file', about: [type, mediaType, name].filter(isText).join(' '), name, mediaType, data }
}
