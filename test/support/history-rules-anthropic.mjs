/**
 * What makes a request invalid for Anthropic messages: the rules of the API reference and the words of its 400s. Where
 * models differ (prefilled answers, tools that have to be named), the strictest counts.
 */
import { createHash } from 'node:crypto'

const IMAGES = {
  'image/png': 'iVBORw0KGgo',
  'image/jpeg': '/9j/',
  'image/gif': 'R0lGOD',
  'image/webp': 'UklGR',
}
/** What the server signs a thought with: another model, or another text, has another signature. */
export const signatureOf = (model, thinking) =>
  createHash('sha256').update(`${model}\0${thinking}`).digest('base64')
/** Why the provider would refuse this request; `undefined` when it would not. */
export function anthropicProblem({ messages, model, system, tools }) {
  const blankSystem = (typeof system === 'string' ? [{ text: system }] : (system ?? [])).find(isBlankText)
  if (blankSystem !== undefined) return 'system: text content blocks must contain non-whitespace text'
  const badTool = (tools ?? []).find(({ name }) => !/^[a-zA-Z0-9_-]{1,128}$/.test(name))
  if (badTool !== undefined) return `tools: '${badTool.name}' is no name of a tool`
  if (messages[0]?.role !== 'user') return 'messages: first message must use the "user" role'
  if (messages.at(-1).role !== 'user')
    return 'messages: this model does not support assistant message prefill'
  const ids = new Set()
  let open = []
  let last = ''
  for (const [index, { role, content }] of messages.entries()) {
    const at = `messages.${index}`
    if (role !== 'user' && role !== 'assistant') return `${at}: role '${role}' is not supported on this model`
    if (role === last) return `${at}: roles must alternate between "user" and "assistant"`
    last = role
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    if (blocks.length === 0) return `${at}: all messages must have non-empty content`
    const problem = blocks.map((block) => blockProblem(role, block, model)).find((one) => one !== undefined)
    if (problem !== undefined) return `${at}: ${problem}`
    const results = blocks.filter(({ type }) => type === 'tool_result').map(({ tool_use_id }) => tool_use_id)
    const foreign = results.filter((id) => !open.includes(id))
    if (foreign.length > 0)
      return `${at}: unexpected tool_use_id found in tool_result blocks: ${foreign.join(', ')}`
    if (new Set(results).size < results.length) return `${at}: each tool_use must have a single result`
    const missing = open.filter((id) => !results.includes(id))
    if (missing.length > 0) return `${at}: tool_use ids were found without tool_result: ${missing.join(', ')}`
    if (blocks.slice(0, results.length).some(({ type }) => type !== 'tool_result')) {
      return `${at}: tool_result blocks must come first`
    }
    open = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id)
    for (const id of open) {
      if (ids.has(id)) return `${at}: tool_use ids must be unique`
      ids.add(id)
    }
    if (open.length > 0 && !(tools?.length > 0))
      return 'tools: requests with tool_use blocks must define tools'
    if (/^(?:redacted_)?thinking$/.test(blocks.at(-1).type)) {
      return `${at}: the final block in an assistant message cannot be thinking`
    }
  }
  return halves(messages)
}
function blockProblem(role, block, model) {
  const { type } = block
  if (!(role === 'user' ? USER_BLOCKS : ASSISTANT_BLOCKS).has(type))
    return `a ${type} block in a ${role} message`
  if (type === 'text' && isBlankText(block)) return 'text content blocks must contain non-whitespace text'
  if (type === 'thinking' && block.signature !== signatureOf(model, block.thinking)) {
    return 'invalid signature in thinking block'
  }
  if (type === 'image') return imageProblem(block.source)
  if (type === 'document' && block.source.type === 'base64' && !block.source.data.startsWith('JVBERi0')) {
    return 'the PDF specified was not valid'
  }
  if (type === 'tool_use') {
    if (!/^[a-zA-Z0-9_-]+$/.test(block.id)) return `tool_use.id: '${block.id}' should match ^[a-zA-Z0-9_-]+$`
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(block.name)) return `tool_use.name: '${block.name}' is no name`
    if (typeof block.input !== 'object' || block.input === null || Array.isArray(block.input)) {
      return 'tool_use.input: Input should be a valid dictionary'
    }
  }
  if (type !== 'tool_result' || typeof block.content === 'string') return undefined
  if (!Array.isArray(block.content)) return 'tool_result.content: Field required'
  return block.content
    .map((part) =>
      TOOL_BLOCKS.has(part.type) ? blockProblem('user', part, model) : `a ${part.type} in a result`,
    )
    .find((one) => one !== undefined)
}
const USER_BLOCKS = new Set(['text', 'image', 'document', 'tool_result'])
const ASSISTANT_BLOCKS = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use'])
const TOOL_BLOCKS = new Set(['text', 'image', 'document'])
function imageProblem({ data, media_type, type }) {
  if (type === 'url') return undefined
  if (IMAGES[media_type] === undefined) return `image.source.media_type: '${media_type}' is not supported`
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return 'image.source.data: invalid base64 data'
  return data.startsWith(IMAGES[media_type]) ? undefined : 'the image does not match its media type'
}
const isBlankText = ({ text }) => typeof text !== 'string' || !/[^\s\p{Z}\p{Cc}\p{Cf}]/u.test(text)
/** What no JSON parser of a provider takes: half of a surrogate pair, or a NUL. */
export const halves = (value) =>
  /\\u(?:0000|d[89a-f])/i.test(JSON.stringify(value).replace(/\\\\/g, ''))
    ? 'the request body is not valid JSON: lone surrogate or NUL'
    : undefined
