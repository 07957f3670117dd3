/**
 * A tool call whose arguments were not a JSON object. It has to stay in the history, so its input becomes an object.
 */

const MARK = '$invalidJson'

/** The object that stands for invalid arguments. */
export const invalidJson = (input: unknown): Record<string, unknown> => ({
  [MARK]: typeof input === 'string' ? input : (JSON.stringify(input) ?? ''),
})

/** The arguments as the model wrote them, if they were not a JSON object. */
export function invalidJsonOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  const text = (input as Record<string, unknown>)[MARK]
  return typeof text === 'string' && Object.keys(input).length === 1 ? text : undefined
}
