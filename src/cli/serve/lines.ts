/** Splits bytes into messages: one line each, of limited length. */

/** The text of a line, or why it has none. */
export type ReceivedLine = { text: string } | { problem: 'too long' | 'not UTF-8' }

const LINE_FEED = 10
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Yields the lines of a stream, without line feeds. Blank lines are left out. A line that is too long is not kept in
 * memory. Lines after it, or after one that is not UTF-8, are read as usual. A last line without a line feed is
 * ignored.
 *
 * @param limit most bytes of a line
 */
export async function* linesOf(
  input: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<ReceivedLine, void, undefined> {
  let parts: Uint8Array[] = []
  let length = 0
  let tooLong = false
  const take = (bytes: Uint8Array): void => {
    length += bytes.length
    if (length > limit) {
      tooLong = true
      parts = []
    }
    if (!tooLong) parts.push(bytes)
  }
  for await (const bytes of input) {
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      take(bytes.subarray(start, end))
      start = end + 1
      const line: ReceivedLine = tooLong ? { problem: 'too long' } : decoded(Buffer.concat(parts))
      parts = []
      length = 0
      tooLong = false
      if (!('text' in line) || line.text.trim() !== '') yield line
    }
    take(bytes.subarray(start))
  }
}

function decoded(bytes: Uint8Array): ReceivedLine {
  try {
    return { text: decoder.decode(bytes) }
  } catch {
    return { problem: 'not UTF-8' }
  }
}
