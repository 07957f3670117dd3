/**
 * What makes a request invalid for OpenAI chat-completions, and for servers that speak it: the rules of the API
 * reference, and those of Mistral's API and of the chat templates of open models, which are stricter.
 */
import { halves } from './history-rules-anthropic.mjs'
/** Why a provider would refuse this request; `undefined` when none would. */
export function openAiProblem({ messages, tools }) {
  const badTool = (tools ?? []).find(({ function: { name } }) => !NAME.test(name))
  if (badTool !== undefined) return `tools: '${badTool.function.name}' is no name of a function`
  const lastPrompt = messages.findLastIndex(({ role }) => role === 'user')
  if (lastPrompt === -1) return 'there is no user message'
  if (!['user', 'tool'].includes(messages.at(-1).role)) return 'expected last role user or tool'
  let open = []
  let last = ''
  for (const [index, message] of messages.entries()) {
    const { role, content, tool_calls: calls, tool_call_id: answered } = message
    const at = `messages[${index}]`
    const problem = contentProblem(message)
    if (problem !== undefined) return `${at}: ${problem}`
    if (role === 'system' && index > 0) return `${at}: system message must be at the beginning`
    if (role === last && role !== 'tool') return `${at}: conversation roles must alternate (${role} twice)`
    if (role === 'user' && last === 'tool') return `${at}: unexpected role 'user' after role 'tool'`
    if (role === 'assistant' && !['user', 'tool'].includes(last))
      return `${at}: the first message has to be the user's`
    last = role
    if (role === 'tool') {
      if (answered === undefined || !open.includes(answered)) {
        return `${at}: a tool message has to follow the call it answers (${answered})`
      }
      if (typeof content !== 'string') return `${at}: a tool message has text`
      open = open.filter((id) => id !== answered)
      continue
    }
    if (open.length > 0) return `${at}: these calls have no result: ${open.join(', ')}`
    if (message.reasoning_content !== undefined && index < lastPrompt) {
      return `${at}: reasoning_content of an earlier turn`
    }
    if (calls !== undefined && !(calls.length > 0)) return `${at}: [] is too short - 'tool_calls'`
    open = (calls ?? []).map(({ id }) => id)
    if (new Set(open).size < open.length) return `${at}: two calls have one id`
    if (open.length > 0 && !(tools?.length > 0)) return `${at}: calls, but no tools`
    for (const call of calls ?? []) {
      const problem = callProblem(call)
      if (problem !== undefined) return `${at}: ${problem}`
    }
  }
  if (open.length > 0) return `these calls have no result: ${open.join(', ')}`
  return halves(messages)
}
const NAME = /^[a-zA-Z0-9_-]{1,64}$/
function callProblem({ id, function: { arguments: input, name } }) {
  if (typeof id !== 'string' || !/^[a-zA-Z0-9_-]{1,40}$/.test(id)) return `'${id}' is no id of a call`
  if (!NAME.test(name)) return `'${name}' is no name of a function`
  try {
    const value = JSON.parse(input)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined
  } catch {}
  return `the arguments of ${id} are no JSON object`
}
function contentProblem({ content, role, tool_calls: calls }) {
  if (!['system', 'user', 'assistant', 'tool'].includes(role)) return `unknown role ${role}`
  if (content === null || content === undefined) {
    return role === 'assistant' && calls?.length > 0 ? undefined : 'no content'
  }
  if (typeof content === 'string')
    return isBlank(content) ? `the content of role ${role} is empty` : undefined
  if (role !== 'user' || content.length === 0) return 'invalid content'
  return content.map(partProblem).find((one) => one !== undefined)
}
function partProblem({ image_url, text, type }) {
  if (type === 'text') return typeof text !== 'string' || isBlank(text) ? 'a text part is empty' : undefined
  if (type !== 'image_url') return ['input_audio', 'file'].includes(type) ? undefined : `unknown part ${type}`
  const [, media, data] = /^data:([^;]+);base64,(.+)$/.exec(image_url.url) ?? []
  if (media === undefined) return URL.canParse(image_url.url) ? undefined : 'invalid image_url'
  const known = {
    'image/png': 'iVBORw0KGgo',
    'image/jpeg': '/9j/',
    'image/gif': 'R0lGOD',
    'image/webp': 'UklGR',
  }
  return known[media] !== undefined && data.startsWith(known[media])
    ? undefined
    : `unsupported image ${media}`
}
const isBlank = (text) => !/[^\s\p{Z}\p{Cc}\p{Cf}]/u.test(text)
