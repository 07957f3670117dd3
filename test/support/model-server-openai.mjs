/** OpenAI chat-completions: answers. */
import { inputText, piecesOf, sendPieces, tokensOf, wholeOf } from './model-server-stream.mjs'
export async function sendOpenAi(response, { messages, model, stream }, turn, index) {
  const { calls = [], fault, reasoning, text } = turn
  const [prompt_tokens, completion_tokens] = turn.usage ?? [
    tokensOf(JSON.stringify(messages)),
    tokensOf(`${wholeOf(reasoning) ?? ''}${wholeOf(text) ?? ''}${JSON.stringify(calls)}`),
  ]
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
  const toolCalls = calls.map(({ id, input, name }, position) => ({
    index: position,
    id: id ?? `call_${index}_${position}`,
    type: 'function',
    function: { name, arguments: inputText(input) },
  }))
  const finish_reason = calls.length > 0 ? 'tool_calls' : 'stop'
  const frame = { id: `chatcmpl-${index}`, created: 1_700_000_000, model }
  if (stream !== true) {
    const message = {
      role: 'assistant',
      content: wholeOf(text) ?? null,
      ...(reasoning === undefined ? {} : { reasoning_content: wholeOf(reasoning) }),
      ...(calls.length === 0 ? {} : { tool_calls: toolCalls.map(({ index: _, ...call }) => call) }),
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    const choices = [{ index: 0, message, finish_reason }]
    response.end(JSON.stringify({ ...frame, object: 'chat.completion', choices, usage }))
    return
  }
  const chunk = (delta, finish = null) =>
    `data: ${JSON.stringify({ ...frame, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  const pieces = [
    chunk({ role: 'assistant', content: '' }),
    ...piecesOf(reasoning ?? '').map((piece) => chunk({ reasoning_content: piece })),
    ...piecesOf(text ?? '').map((piece) => chunk({ content: piece })),
    ...toolCalls.flatMap((call) => {
      const { arguments: all } = call.function
      const half = Math.ceil(all.length / 2)
      return [
        chunk({ tool_calls: [{ ...call, function: { ...call.function, arguments: all.slice(0, half) } }] }),
        chunk({ tool_calls: [{ index: call.index, function: { arguments: all.slice(half) } }] }),
      ]
    }),
  ]
  if (!(await sendPieces(response, pieces, turn, () => chunk({ content: 'on and on ' })))) return
  if (fault?.kind === 'stream-error')
    response.write(`data: ${JSON.stringify({ error: { message: fault.message } })}\n\n`)
  else if (fault?.kind !== 'cut') {
    response.write(chunk({}, finish_reason))
    response.write(
      `data: ${JSON.stringify({ ...frame, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
    )
    response.write('data: [DONE]\n\n')
  }
  response.end()
}
