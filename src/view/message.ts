/**
 * What a person reads of a message: one model for the messages of every framework, told by their shape. The terminal and
 * the pages are made of it.
 */
import { isJsonObject, type JsonObject } from '../json-value.ts'

/** One piece of a message. */
export type Block =
  | { kind: 'text' | 'thinking'; text: string }
  | { kind: 'call'; tool: string; input: unknown }
  | { kind: 'result'; tool: string; output: unknown; failed: boolean }
  /** What is no text: an image, a file, a link to one. */
  | { kind: 'file'; about: string; data: unknown }
  /** What has none of these forms. */
  | { kind: 'other'; type: string | undefined; value: unknown }

export interface ReadMessage {
  /** `user`, `assistant`, `tool`, …; `undefined`: nobody says it. */
  who: string | undefined
  /** ISO 8601. */
  at: string | undefined
  model: string | undefined
  blocks: readonly Block[]
}

/** What a person reads of an item, whichever framework wrote it. */
export function readMessage(item: unknown): ReadMessage {
  if (!isJsonObject(item))
    return { ...NOBODY, blocks: typeof item === 'string' ? textBlock(item) : otherBlock(item) }
  return langChain(item) ?? claudeEntry(item) ?? openAi(item) ?? plain(item)
}

/** What a tool gave back, as text where it is text. */
export function outputOf(output: unknown): unknown {
  if (!isJsonObject(output)) return joined(output)
  return joined(output.value ?? output.text ?? output)
}

const NOBODY: ReadMessage = { who: undefined, at: undefined, model: undefined, blocks: [] }

/** Ours, the AI SDK's, and all that have a role and parts. */
function plain(item: JsonObject): ReadMessage {
  const { role, type, createdAt, model, content, parts, text } = item
  const list = Array.isArray(parts) ? parts : Array.isArray(content) ? content : []
  const blocks = list.flatMap(blocksOfPart)
  const said = [content, text].find((value) => isText(value) && value !== '') as string | undefined
  const whole = said !== undefined && !isRepeated(said, blocks) ? textBlock(said) : []
  const rest = list.length === 0 && said === undefined && content !== '' ? otherBlock(item) : []
  return {
    who: textOr(role) ?? textOr(type),
    at: textOr(createdAt),
    model: textOr(model),
    blocks: [...whole, ...blocks, ...rest],
  }
}

/** What LangChain serializes: `{ lc: 1, type: 'constructor', id: [..., 'AIMessage'], kwargs }`. */
function langChain({ lc, type, id, kwargs }: JsonObject): ReadMessage | undefined {
  if (lc !== 1 || type !== 'constructor' || !Array.isArray(id)) return undefined
  const { content, tool_calls: calls, status, name, response_metadata: about } = objectOf(kwargs)
  const who = nameOf(id.at(-1))
    .replace(/Message(?:Chunk)?$/, '')
    .toLowerCase()
  const model = textOr(objectOf(about).model_name) ?? textOr(objectOf(about).model)
  const called = listOf(calls).map(
    (call): Block => ({ kind: 'call', tool: nameOf(objectOf(call).name), input: objectOf(call).args ?? {} }),
  )
  if (who === 'tool') {
    const output = joined(content)
    const result: Block = { kind: 'result', tool: nameOf(name), output, failed: status === 'error' }
    return { ...NOBODY, who, blocks: [result] }
  }
  const parts = isText(content) ? textBlock(content) : listOf(content).flatMap(blocksOfPart)
  // Some models repeat their calls in the content.
  const said = called.length === 0 ? parts : parts.filter(({ kind }) => kind !== 'call')
  return { ...NOBODY, who, model, blocks: [...said, ...called] }
}

/** A line of Claude's transcripts: `{ type: 'assistant', message: { role, content }, timestamp }`. */
function claudeEntry({ type, message, timestamp }: JsonObject): ReadMessage | undefined {
  if (!isJsonObject(message) || !isText(type)) return undefined
  const { who, model, blocks } = plain(message)
  return { who: who ?? type, at: textOr(timestamp), model, blocks }
}

/** Items of OpenAI's Responses API and Agents SDK. */
function openAi(item: JsonObject): ReadMessage | undefined {
  const { type, name, output } = item
  switch (type) {
    case 'function_call':
      return {
        ...NOBODY,
        who: 'assistant',
        blocks: [{ kind: 'call', tool: nameOf(name), input: parsed(item.arguments) }],
      }
    case 'function_call_result':
    case 'function_call_output': {
      const failed = item.status === 'failed'
      const result: Block = { kind: 'result', tool: nameOf(name), output: outputOf(output), failed }
      return { ...NOBODY, who: 'tool', blocks: [result] }
    }
    case 'reasoning': {
      const texts = [...listOf(item.summary), ...listOf(item.content), ...listOf(item.rawContent)]
      const said = texts.flatMap((part) => textOr(objectOf(part).text) ?? [])
      return { ...NOBODY, who: 'assistant', blocks: said.map((text) => ({ kind: 'thinking', text })) }
    }
    default:
      return undefined
  }
}

function blocksOfPart(part: unknown): Block[] {
  if (isText(part)) return textBlock(part)
  if (!isJsonObject(part)) return otherBlock(part)
  const { type, text, name, toolName, input, args, output, mediaType, state } = part
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return textBlock(nameOf(text))
    case 'refusal':
      return textBlock(nameOf(part.refusal))
    case 'reasoning':
    case 'thinking':
      return [{ kind: 'thinking', text: nameOf(text ?? part.thinking ?? part.reasoning) }]
    case 'tool-call':
    case 'tool_use':
    case 'tool_call':
    case 'server_tool_use':
      return [{ kind: 'call', tool: nameOf(toolName ?? name), input: input ?? args ?? {} }]
    case 'tool-result':
    case 'tool_result': {
      const failed = part.is_error === true || /^error-/.test(nameOf(objectOf(output).type))
      const given = outputOf(type === 'tool_result' ? part.content : output)
      return [{ kind: 'result', tool: nameOf(toolName ?? name), output: given, failed }]
    }
    case 'file':
    case 'image':
    case 'document':
    case 'input_image':
    case 'input_file':
    case 'image_url': {
      const about = [type, mediaType ?? objectOf(part.source).media_type, part.filename ?? part.name]
      return [{ kind: 'file', about: about.filter(isText).join(' '), data: dataOf(part) }]
    }
    case 'step-start':
      return []
    default:
      return isText(type) && (type.startsWith('tool-') || type === 'dynamic-tool')
        ? uiTool(type, part, state)
        : [{ kind: 'other', type: textOr(type), value: part }]
  }
}

/** A tool in a UI message of the AI SDK: its call and, when there is one, its result. */
function uiTool(type: string, part: JsonObject, state: unknown): Block[] {
  const tool = type === 'dynamic-tool' ? nameOf(part.toolName) : type.slice('tool-'.length)
  const call: Block = { kind: 'call', tool, input: part.input ?? part.rawInput ?? {} }
  if (state === 'output-error')
    return [call, { kind: 'result', tool, output: part.errorText ?? '', failed: true }]
  return Object.hasOwn(part, 'output')
    ? [call, { kind: 'result', tool, output: outputOf(part.output), failed: false }]
    : [call]
}

/** Where a file's bytes or its address stand. */
function dataOf({ data, image, url, source, image_url: link, file }: JsonObject): unknown {
  const { data: inner, url: at } = objectOf(source)
  return data ?? image ?? url ?? inner ?? at ?? objectOf(link).url ?? link ?? file
}

/** Where the parts have a text or a result, they have all of it; what they lack all the same is said as well. */
const isRepeated = (said: string, blocks: readonly Block[]): boolean =>
  blocks.some(({ kind }) => kind === 'result') ||
  (blocks.some(({ kind }) => kind === 'text') &&
    (textsOf(blocks).join('') === said ||
      blocks.some((block) => block.kind === 'text' && block.text.includes(said))))

const textsOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : []))

/** Texts of a list of texts, a line each; whatever else it is stays as it is. */
function joined(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value
  const texts = value.map((one) => (isText(one) ? one : objectOf(one).text))
  return texts.every(isText) ? texts.join('\n') : value
}

function parsed(text: unknown): unknown {
  try {
    return isText(text) ? JSON.parse(text) : text
  } catch {
    return text
  }
}

const textBlock = (text: string): Block[] => (text === '' ? [] : [{ kind: 'text', text }])
const otherBlock = (value: unknown): Block[] => [{ kind: 'other', type: undefined, value }]
const isText = (value: unknown): value is string => typeof value === 'string'
const nameOf = (value: unknown): string => (isText(value) ? value : '')
const textOr = (value: unknown): string | undefined => (isText(value) && value !== '' ? value : undefined)
const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
