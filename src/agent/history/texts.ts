/** Makes texts that providers accept. */

/** Providers refuse blank texts, and each counts different characters as blank. */
export const isBlank = (text: string): boolean => !/[^\s\p{Z}\p{Cc}\p{Cf}]/u.test(text)

/** Providers refuse half of a surrogate pair, and some a NUL. The session keeps such text, but it is not sent. */
export function sendableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}

/** The value with all its texts made sendable. */
export function sendable(value: unknown): unknown {
  if (typeof value === 'string') return sendableText(value)
  if (Array.isArray(value)) return value.map(sendable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [sendableText(key), sendable(item)]))
}
