/** Texts that a provider accepts. */

/** Providers refuse texts in which there is nothing to see; each counts other characters as blanks. */
export const isBlank = (text: string): boolean => !/[^\s\p{Z}\p{Cc}\p{Cf}]/u.test(text)

/** Providers refuse half of a surrogate pair, some a NUL: what a session keeps as it came, they are spared. */
export function sendableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}

/** A value with every text in it sendable. */
export function sendable(value: unknown): unknown {
  if (typeof value === 'string') return sendableText(value)
  if (Array.isArray(value)) return value.map(sendable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [sendableText(key), sendable(item)]))
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
