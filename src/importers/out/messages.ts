/** Converts a conversation to messages of an API: of OpenAI, of Anthropic, or of the AI SDK. */
import type { Conversation, Piece, Utterance } from './conversation.ts'
import { callsIn, imageUrl, isUrl, plainText } from './pieces.ts'

/** Returns `messages` for OpenAI's chat API. */
function openAiMessages(utterances: readonly Utterance[]): object[] {
  return utterances.flatMap(({ role, pieces }): object[] => {
    const text = plainText(pieces)
    if (role === 'system') return [{ role, content: text }]
    if (role === 'user') {
      const content = pieces.flatMap((piece): object[] => {
        if (piece.kind === 'text') return [{ type: 'text', text: piece.text }]
        return piece.kind === 'image' ? [{ type: 'image_url', image_url: { url: imageUrl(piece) } }] : []
      })
      return [{ role, content: pieces.every(({ kind }) => kind === 'text') ? text : content }]
    }
    const calls = callsIn(pieces)
    if (calls.length === 0) return text === '' ? [] : [{ role, content: text }]
    const tool_calls = calls.map(({ id, tool, input }) => ({
      id,
      type: 'function',
      function: { name: tool, arguments: JSON.stringify(input) },
    }))
    const results = calls.map(({ id, result }) => ({ role: 'tool', tool_call_id: id, content: result.text }))
    return [{ role, content: text === '' ? null : text, tool_calls }, ...results]
  })
}

interface AnthropicMessage {
  role: 'user' | 'assistant'
  content: unknown[]
}

/**
 * Returns `messages` for Anthropic's API. Thinking is left out, because the thinking of another model has no valid
 * signature.
 */
export function anthropicMessages(utterances: readonly Utterance[]): AnthropicMessage[] {
  return utterances.flatMap(({ role, pieces }): AnthropicMessage[] => {
    if (role === 'system') return []
    const content = pieces.flatMap(anthropicBlock)
    if (content.length === 0) return []
    const results = callsIn(pieces).map(({ id, result }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: result.text,
      ...(result.failed ? { is_error: true } : {}),
    }))
    return [{ role, content }, ...(results.length === 0 ? [] : [{ role: 'user' as const, content: results }])]
  })
}

function anthropicBlock(piece: Piece): object[] {
  switch (piece.kind) {
    case 'text':
      return [{ type: 'text', text: piece.text }]
    case 'image': {
      const source = isUrl(piece.data)
        ? { type: 'url', url: piece.data }
        : { type: 'base64', media_type: piece.mediaType, data: piece.data }
      return [{ type: 'image', source }]
    }
    case 'call':
      return [{ type: 'tool_use', id: piece.id, name: piece.tool, input: piece.input }]
    case 'thinking':
      return []
  }
}

/** Returns `ModelMessage[]` for the AI SDK. */
function modelMessages(utterances: readonly Utterance[]): object[] {
  return utterances.flatMap(({ role, pieces }): object[] => {
    if (role === 'system') return [{ role, content: plainText(pieces) }]
    const content = pieces.map(modelPart)
    const results = callsIn(pieces).map(({ id, tool, result }) => ({
      type: 'tool-result',
      toolCallId: id,
      toolName: tool,
      output: { type: result.failed ? 'error-text' : 'text', value: result.text },
    }))
    return [{ role, content }, ...(results.length === 0 ? [] : [{ role: 'tool', content: results }])]
  })
}

function modelPart(piece: Piece): object {
  switch (piece.kind) {
    case 'text':
      return { type: 'text', text: piece.text }
    case 'thinking':
      return { type: 'reasoning', text: piece.text }
    case 'image':
      return { type: 'image', image: piece.data, mediaType: piece.mediaType }
    case 'call':
      return { type: 'tool-call', toolCallId: piece.id, toolName: piece.tool, input: piece.input }
  }
}

/** Functions that make a message array, by the name of the API. */
export const MESSAGE_ARRAYS: Readonly<Record<string, (conversation: Conversation) => object>> = {
  'openai-messages': ({ utterances }) => openAiMessages(utterances),
  'anthropic-messages': ({ utterances }) => {
    const system = utterances.filter(({ role }) => role === 'system').map(({ pieces }) => plainText(pieces))
    return {
      ...(system.length === 0 ? {} : { system: system.join('\n\n') }),
      messages: alternating(utterances),
    }
  },
  'ai-sdk': ({ utterances }) => modelMessages(utterances),
}

/** Makes roles alternate, beginning with the user, because Anthropic's API requires it. */
function alternating(utterances: readonly Utterance[]): AnthropicMessage[] {
  const found: AnthropicMessage[] = []
  for (const message of anthropicMessages(utterances)) {
    const last = found.at(-1)
    if (last === undefined && message.role === 'assistant')
      found.push(
        { role: 'user', content: [{ type: 'text', text: '(The conversation begins here.)' }] },
        message,
      )
    else if (last?.role === message.role) last.content.push(...message.content)
    else found.push({ ...message, content: [...message.content] })
  }
  return found
}
