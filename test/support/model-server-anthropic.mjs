/** Anthropic messages: answers. */
import { signatureOf } from './history-rules-anthropic.mjs'
import { inputText, piecesOf, sendPieces, tokensOf, wholeOf } from './model-server-stream.mjs'
export async function sendAnthropic(response, { messages, model, stream }, turn, index) {
  const { calls = [], fault, reasoning, text } = turn
  const [input_tokens, output_tokens] = turn.usage ?? [
    tokensOf(JSON.stringify(messages)),
    tokensOf(`${wholeOf(reasoning) ?? ''}${wholeOf(text) ?? ''}${JSON.stringify(calls)}`),
  ]
  const signed = signatureOf(model, wholeOf(reasoning) ?? '')
  const stop_reason = calls.length > 0 ? 'tool_use' : 'end_turn'
  const uses = calls.map(({ id, input, name }, position) => ({
    type: 'tool_use',
    id: id ?? `toolu_${index}_${position}`,
    name,
    input,
  }))
  const message = { id: `msg_${index}`, type: 'message', role: 'assistant', model }
  if (stream !== true) {
    const content = [
      ...(reasoning === undefined
        ? []
        : [{ type: 'thinking', thinking: wholeOf(reasoning), signature: signed }]),
      ...(text === undefined ? [] : [{ type: 'text', text: wholeOf(text) }]),
      ...uses,
    ]
    response.writeHead(200, { 'content-type': 'application/json' })
    const usage = { input_tokens, output_tokens }
    response.end(JSON.stringify({ ...message, content, stop_reason, stop_sequence: null, usage }))
    return
  }
  const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  let block = 0
  const blockOf = (content_block, deltas) => {
    const at = block++
    return [
      event({ type: 'content_block_start', index: at, content_block }),
      ...deltas.map((delta) => event({ type: 'content_block_delta', index: at, delta })),
      event({ type: 'content_block_stop', index: at }),
    ]
  }
  const pieces = [
    event({
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: { input_tokens, output_tokens: 1 } },
    }),
    ...(reasoning === undefined
      ? []
      : blockOf({ type: 'thinking', thinking: '', signature: '' }, [
          ...piecesOf(reasoning).map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: signed },
        ])),
    ...(text === undefined
      ? []
      : blockOf(
          { type: 'text', text: '' },
          piecesOf(text).map((piece) => ({ type: 'text_delta', text: piece })),
        )),
    ...uses.flatMap(({ input, ...use }) => {
      const all = inputText(input)
      const half = Math.ceil(all.length / 2)
      return blockOf({ ...use, input: {} }, [
        { type: 'input_json_delta', partial_json: all.slice(0, half) },
        { type: 'input_json_delta', partial_json: all.slice(half) },
      ])
    }),
  ]
  let started = false
  const more = () => {
    const start = started
      ? ''
      : event({ type: 'content_block_start', index: block, content_block: { type: 'text', text: '' } })
    started = true
    return (
      start +
      event({ type: 'content_block_delta', index: block, delta: { type: 'text_delta', text: 'on and on ' } })
    )
  }
  if (!(await sendPieces(response, pieces, turn, more))) return
  if (fault?.kind === 'stream-error') {
    response.write(event({ type: 'error', error: { type: 'overloaded_error', message: fault.message } }))
  } else if (fault?.kind !== 'cut') {
    response.write(
      event({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens } }),
    )
    response.write(event({ type: 'message_stop' }))
  }
  response.end()
}
