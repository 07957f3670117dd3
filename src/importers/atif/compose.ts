/** Writes a conversation as a trajectory. */
import type { Conversation, Utterance } from '../out/conversation.ts'
import { callsIn, plainText } from '../out/pieces.ts'
import type { Composed, ComposeOptions } from '../out/target.ts'

export function composeTrajectory(
  { utterances, model }: Conversation,
  { id }: Pick<ComposeOptions, 'id'>,
): Composed {
  const trajectory = {
    schema_version: 'ATIF-v1.4',
    session_id: id,
    agent: { name: 'forkpoint', version: '1.0.0', ...(model === undefined ? {} : { model_name: model }) },
    steps: utterances.map((utterance, n) => ({ step_id: n + 1, ...stepOf(utterance) })),
  }
  return { path: `${id}.json`, text: `${JSON.stringify(trajectory, null, 2)}\n`, command: [] }
}

function stepOf({ role, at, pieces }: Utterance): object {
  const calls = callsIn(pieces)
  const thinking = pieces.flatMap((piece) => (piece.kind === 'thinking' ? [piece.text] : [])).join('\n')
  return {
    timestamp: at,
    source: role === 'assistant' ? 'agent' : role,
    message: plainText(pieces),
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map((call) => ({
            tool_call_id: call.id,
            function_name: call.tool,
            arguments: call.input,
          })),
          observation: {
            results: calls.map((call) => ({ source_call_id: call.id, content: call.result.text })),
          },
        }),
  }
}
