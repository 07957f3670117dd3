import { setTimeout as sleep } from 'node:timers/promises'
/** Sends the pieces of a stream; `false` when a fault ended it. */
export async function sendPieces(response, pieces, { fault, pace }, more) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [index, piece] of pieces.entries()) {
    if (fault?.kind === 'drop' && index >= fault.after) return drop(response)
    if (response.destroyed) return false
    response.write(piece)
    if (pace !== undefined) await sleep(pace)
  }
  if (fault?.kind === 'drop') return drop(response)
  if (fault?.kind === 'hang') return false
  while (fault?.kind === 'endless' && !response.destroyed) {
    if (!response.write(more()))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
    await sleep(1)
  }
  return !response.destroyed
}
async function drop(response) {
  // What was written reaches the client before the connection breaks.
  await sleep(20)
  response.destroy()
  return false
}
/** A text in pieces of about three words, nothing lost; one that is given in pieces stays so. */
export const piecesOf = (text) => (Array.isArray(text) ? text : (text.match(/(?:\S+\s*){1,3}|\s+/g) ?? []))
/** A text that may be given in pieces. */
export const wholeOf = (text) => (Array.isArray(text) ? text.join('') : text)
export const tokensOf = (text) => Math.ceil(text.length / 4)
export const inputText = (input) => (typeof input === 'string' ? input : JSON.stringify(input))
