/** Gemini's generateContent: answers. */
import { piecesOf, sendPieces, tokensOf, wholeOf } from './model-server-stream.mjs'
export async function sendGemini(response, { contents }, turn, index, isStream) {
  const { calls = [], text } = turn
  const [promptTokenCount, candidatesTokenCount] = turn.usage ?? [
    tokensOf(JSON.stringify(contents)),
    tokensOf(`${wholeOf(text) ?? ''}${JSON.stringify(calls)}`),
  ]
  const functionCalls = calls.map(({ id, input, name }, position) => ({
    functionCall: { id: id ?? `call_${index}_${position}`, name, args: input },
  }))
  const usageMetadata = {
    promptTokenCount,
    candidatesTokenCount,
    totalTokenCount: promptTokenCount + candidatesTokenCount,
  }
  const frame = (parts, end = {}) => ({
    candidates: [{ index: 0, content: { role: 'model', parts }, ...end }],
    responseId: `response-${index}`,
  })
  const end = { finishReason: 'STOP' }
  if (!isStream) {
    const parts = [...(text === undefined ? [] : [{ text: wholeOf(text) }]), ...functionCalls]
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...frame(parts, end), usageMetadata }))
    return
  }
  const chunk = (data) => `data: ${JSON.stringify(data)}\r\n\r\n`
  const pieces = [
    ...(text === undefined ? [] : piecesOf(text).map((piece) => chunk(frame([{ text: piece }])))),
    ...(calls.length === 0 ? [] : [chunk(frame(functionCalls))]),
  ]
  if (!(await sendPieces(response, pieces, turn, () => ''))) return
  response.end(chunk({ ...frame([{ text: '' }], end), usageMetadata }))
}
