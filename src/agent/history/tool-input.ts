/** A tool call whose arguments were no JSON object. It has to stay in the transcript all the same, as an object. */

const MARK = '$invalidJson'

/** The object that stands for arguments that are none. */
export const invalidJson = (input: unknown): Record<string, unknown> => ({
  [MARK]: typeof input === 'string' ? input : (JSON.stringify(input) ?? ''),
})

/** The arguments as the model wrote them, if they were no JSON object. */
export function invalidJsonOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  const text = (input as Record<string, unknown>)[MARK]
  return typeof text === 'string' && Object.keys(input).length === 1 ? text : undefined
}
