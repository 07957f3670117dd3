/**
 * Reads the messages of every framework, recognized by their shape, into one model. The terminal and the pages show
 * that model.
 */
import { isJsonObject, type JsonObject } from '../json-value.ts'
import { type Block, NOTHING_SAID, type ReadMessage } from './block.ts'
import { isText, listOf, objectOf, parsedText, textAmong, textOf } from './fields.ts'
import { openAiItem } from './openai.ts'
import { blocksOfPart, joined, otherBlock, resultBlocks, textBlock } from './parts.ts'
import { readUsage } from './usage.ts'

/** Reads an item of any framework. */
export function readMessage(item: unknown): ReadMessage {
  if (!isJsonObject(item))
    return { ...NOTHING_SAID, blocks: typeof item === 'string' ? textBlock(item) : otherBlock(item) }
  return langChain(item) ?? claudeEntry(item) ?? openAiItem(item) ?? plain(item)
}

/** Reads messages of forkpoint, the AI SDK, and all others with a role and parts. */
function plain(item: JsonObject): ReadMessage {
  const { role, type, content, parts, text } = item
  const list = Array.isArray(parts) ? parts : Array.isArray(content) ? content : []
  const said = textAmong(content, text)
  const kept = item.source === undefined ? undefined : importedFrom(item.source)
  const metadata = objectOf(item.metadata)
  return {
    ...NOTHING_SAID,
    about: kept && aboutOf(kept),
    id: textAmong(item.id),
    who: textAmong(role, type),
    at: textAmong(item.createdAt, metadata.createdAt),
    model: textAmong(item.model, objectOf(kept?.message).model, metadata.model),
    usage: readUsage(item.usage) ?? readUsage(metadata.usage),
    run: textAmong(item.run),
    blocks: role === 'tool' && isText(item.tool_call_id) ? chatResult(item) : plainBlocks(item, list, said),
  }
}

/** @param said the message as one text, if it is given, perhaps in addition to its parts */
function plainBlocks(item: JsonObject, list: readonly unknown[], said: string | undefined): Block[] {
  if (list.length === 0 && item.tool_calls === undefined && said !== undefined) return textBlock(said)
  const blocks = list.flatMap(blocksOfPart)
  const whole = said !== undefined && !isRepeated(said, blocks) ? textBlock(said) : []
  const called = blocks.some(({ kind }) => kind === 'call') ? [] : listOf(item.tool_calls).flatMap(chatCall)
  const isOther = list.length === 0 && said === undefined && item.content !== '' && called.length === 0
  return [...whole, ...blocks, ...called, ...(isOther ? otherBlock(item) : [])]
}

/** Returns the fields that an importer kept of a message. */
function importedFrom(source: unknown): JsonObject {
  const kept = Array.isArray(source) ? source[0] : (listOf(objectOf(source).lines)[0] ?? source)
  return objectOf(objectOf(kept).fields)
}

const aboutOf = ({ isCompactSummary, isMeta }: JsonObject): ReadMessage['about'] =>
  isCompactSummary === true ? 'compaction' : isMeta === true ? 'notice' : undefined

/** Reads a call of OpenAI's chat API: `{ id, function: { name, arguments } }`. */
function chatCall(call: unknown): Block[] {
  const { id, function: called } = objectOf(call)
  if (!isJsonObject(called)) return []
  return [{ kind: 'call', id: textAmong(id), tool: textOf(called.name), input: parsedText(called.arguments) }]
}

const chatResult = ({ name, tool_call_id: id, content }: JsonObject): Block[] =>
  resultBlocks(textOf(name), textAmong(id), content, false)

/** Reads a serialized message of LangChain: `{ lc: 1, type: 'constructor', id: [..., 'AIMessage'], kwargs }`. */
function langChain({ lc, type, id, kwargs }: JsonObject): ReadMessage | undefined {
  if (lc !== 1 || type !== 'constructor' || !Array.isArray(id)) return undefined
  const { content, tool_calls: calls, status, name, response_metadata: about, ...said } = objectOf(kwargs)
  const who = textOf(id.at(-1))
    .replace(/Message(?:Chunk)?$/, '')
    .toLowerCase()
  const read = {
    ...NOTHING_SAID,
    id: textAmong(said.id),
    who,
    model: textAmong(objectOf(about).model_name, objectOf(about).model),
    usage: readUsage(said.usage_metadata),
  }
  if (who === 'tool') {
    const call = textAmong(said.tool_call_id)
    return { ...read, blocks: resultBlocks(textOf(name), call, joined(content), status === 'error') }
  }
  const called = listOf(calls)
    .map(objectOf)
    .map(
      (call): Block => ({
        kind: 'call',
        id: textAmong(call.id),
        tool: textOf(call.name),
        input: call.args ?? {},
      }),
    )
  const parts = isText(content) ? textBlock(content) : listOf(content).flatMap(blocksOfPart)
  // Some models repeat the calls in the content.
  const words = called.length === 0 ? parts : parts.filter(({ kind }) => kind !== 'call')
  return { ...read, blocks: [...words, ...called] }
}

/** Reads a line of Claude's transcripts: `{ type: 'assistant', message: { role, content }, timestamp }`. */
function claudeEntry(entry: JsonObject): ReadMessage | undefined {
  const { type, message, timestamp, uuid, isSidechain, agentId } = entry
  if (!isText(type)) return undefined
  const read = { ...NOTHING_SAID, id: textAmong(uuid), at: textAmong(timestamp) }
  if (type === 'system' && isText(entry.subtype) && isText(entry.content)) {
    const about = entry.subtype.endsWith('compact_boundary') ? 'compaction' : 'notice'
    return { ...read, who: type, about, blocks: textBlock(entry.content) }
  }
  if (!isJsonObject(message)) return undefined
  const { who, model, usage, blocks } = plain(message)
  const agent = isSidechain === true ? (textAmong(agentId) ?? 'agent') : undefined
  return { ...read, who: who ?? type, model, usage, agent, about: aboutOf(entry), blocks }
}

/** Whether the parts already say the content: they have a result, or a text that contains it. */
const isRepeated = (said: string, blocks: readonly Block[]): boolean =>
  blocks.some(({ kind }) => kind === 'result') ||
  (blocks.some(({ kind }) => kind === 'text') &&
    (textsOf(blocks).join('') === said ||
      blocks.some((block) => block.kind === 'text' && block.text.includes(said))))

const textsOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : []))
