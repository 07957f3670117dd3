/** The tool calls of a session's messages, and which of them have no result yet. */
import type { Message, MessagePart } from '../../state/index.ts'

/** A tool call in an assistant message that we carry out, not the provider. */
export interface OpenCall {
  call: string
  tool: string
  input: unknown
}

/** The result for the model of a call whose end is unknown. */
export const MAY_HAVE_RUN =
  'interrupted, may have run: the process ended while this tool was running. Look at its effects before you repeat it.'

/** The tool calls of the last assistant message that have no result, in their order. */
export function openCalls(messages: readonly Message[]): OpenCall[] {
  const index = messages.findLastIndex(({ role }) => role === 'assistant')
  if (index === -1) return []
  const answered = new Set(messages.slice(index + 1).flatMap(({ parts }) => resultIds(parts)))
  return callsOf(messages[index]!).filter(({ call }) => !answered.has(call))
}

/** The tool calls of a message that we carry out. */
function callsOf({ parts }: Message): OpenCall[] {
  return (parts ?? []).flatMap((part) =>
    part.type === 'tool-call' && part.providerExecuted !== true && typeof part.toolCallId === 'string'
      ? [{ call: part.toolCallId, tool: String(part.toolName), input: part.input }]
      : [],
  )
}

const resultIds = (parts: readonly MessagePart[] | undefined): string[] =>
  (parts ?? []).flatMap((part) =>
    part.type === 'tool-result' && typeof part.toolCallId === 'string' ? [part.toolCallId] : [],
  )
