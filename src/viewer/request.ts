/** Parses requests. */

/** The request is invalid; the message says why. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code = 'REQUEST'
}

/**
 * Returns a whole number of the query, at most `most`; `otherwise` if it is absent. Throws RequestError for other
 * texts.
 */
export function whole(asked: URLSearchParams, name: string, otherwise: number, most: number): number {
  const text = asked.get(name)
  if (text === null) return otherwise
  if (!/^[0-9]{1,15}$/.test(text)) throw new RequestError(`'${name}' must be a whole number.`)
  return Math.min(Number(text), most)
}

/** Most bytes of a body. */
const LONGEST_BODY = 16 * 1024

/** Reads the JSON object in a body. Throws RequestError for anything else, and for a body that is too long. */
export async function bodyOf(body: AsyncIterable<Uint8Array>): Promise<Record<string, unknown>> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > LONGEST_BODY) throw new RequestError('The request is too long.')
    pieces.push(piece)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Handled like any body that is not an object.
  }
  throw new RequestError('The request must be a JSON object.')
}
