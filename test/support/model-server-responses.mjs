/** OpenAI responses: answers, always as a stream. */
import { inputText, piecesOf, sendPieces, tokensOf, wholeOf } from './model-server-stream.mjs'
export async function sendResponses(response, { input, model }, turn, index) {
  const { calls = [], text } = turn
  const [input_tokens, output_tokens] = turn.usage ?? [
    tokensOf(JSON.stringify(input)),
    tokensOf(`${wholeOf(text) ?? ''}${JSON.stringify(calls)}`),
  ]
  const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  const frame = { id: `resp_${index}`, object: 'response', model, output: [] }
  const message = (content, status) => ({
    type: 'message',
    role: 'assistant',
    id: `msg_${index}`,
    status,
    content,
  })
  const functions = calls.map(({ id, input, name }, position) => ({
    type: 'function_call',
    id: `fc_${index}_${position}`,
    call_id: id ?? `call_${index}_${position}`,
    name,
    arguments: inputText(input),
    status: 'completed',
  }))
  const items = [
    ...(text === undefined
      ? []
      : [message([{ type: 'output_text', text: wholeOf(text), annotations: [] }], 'completed')]),
    ...functions,
  ]
  const pieces = [
    event({ type: 'response.created', response: { ...frame, status: 'in_progress' } }),
    ...items.flatMap((item, output_index) => [
      event({
        type: 'response.output_item.added',
        output_index,
        item:
          item.type === 'message'
            ? message([], 'in_progress')
            : { ...item, arguments: '', status: 'in_progress' },
      }),
      ...(item.type === 'message'
        ? piecesOf(text).map((delta) =>
            event({
              type: 'response.output_text.delta',
              item_id: item.id,
              output_index,
              content_index: 0,
              delta,
            }),
          )
        : []),
      event({ type: 'response.output_item.done', output_index, item }),
    ]),
  ]
  if (!(await sendPieces(response, pieces, turn, () => ''))) return
  const total_tokens = input_tokens + output_tokens
  const usage = {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens,
  }
  response.end(
    event({ type: 'response.completed', response: { ...frame, status: 'completed', output: items, usage } }),
  )
}
