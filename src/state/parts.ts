/**
 * Returns the plain text of a message's parts: the `text` of each part of type `text`, concatenated without separators.
 * Anything else is ignored.
 */
export function textOfParts(parts: readonly unknown[]): string {
  let text = ''
  for (const part of parts) {
    if (typeof part !== 'object' || part === null) continue
    const { type, text: more } = part as { type?: unknown; text?: unknown }
    if (type === 'text' && typeof more === 'string') text += more
  }
  return text
}
