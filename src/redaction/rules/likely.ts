/** Tells real secrets from placeholders, code and plain words in the same places. */

/** A placeholder as a whole, or how one begins. */
const PLACEHOLDER = new RegExp(
  [
    String.raw`^(?:[x*•.#_-]+|\$.*|%.*%|<.*|\{\{?.*|\[.*|@.*|!.*|&.*)$`,
    String.raw`^(?:null|nil|none|undefined|true|false|empty|redacted|hidden|masked|omitted|password|passwd|passphrase|pass|pwd|secret|token|changeme|change-?me|string|required|optional)$`,
    String.raw`^(?:your|my|some|the|an?|insert|enter|put|replace|add)[-_ .]`,
  ].join('|'),
  'i',
)
/** What shows a placeholder or a variable wherever it stands. Apart from the other, since it is tried everywhere. */
const PART = new RegExp(
  [
    String.raw`x{6,}|\*{3,}|\.{3}|…|\[redacted`,
    String.raw`example|placeholder|dummy|(?:^|[-_])(?:here|goes)$`,
    String.raw`(?:process|import\.meta|deno|os)\.env|environ|getenv|secrets\.|vars\.|env\.|config\.|self\.|this\.`,
  ].join('|'),
  'i',
)

/** Whether a value is not a variable, a mask or a word of an instruction. */
export const isNoPlaceholder = (value: string): boolean => !PLACEHOLDER.test(value) && !PART.test(value)

/**
 * Whether a value has letters and digits and is not a placeholder, a name in code, a path, a number, a date or a
 * version.
 */
export function isLikelySecret(value: string): boolean {
  if (!/[0-9]/.test(value) || !/[A-Za-z]/.test(value)) return false
  if (/^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/.test(value) && !/[0-9][a-z]+[0-9]/i.test(value))
    return false
  if (/^(?:\.{0,2}\/|~\/|[a-z]+:\/\/|[A-Z]:\\)/.test(value)) return false
  if (/^[0-9]+(?:[.,][0-9]+)?(?:[a-z]{1,3}|%)?$/i.test(value) || /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(value))
    return false
  // Words joined by dashes or underscores, some with a number at the end, are a name.
  if (
    /^(?:[a-z]+[0-9]{0,2}|[0-9]{1,2}|[A-Z]+[0-9]{0,2}|[A-Z][a-z]+[0-9]{0,2})(?:[-_./:](?:[A-Za-z]*[a-z][0-9]{0,2}|[A-Z]+[0-9]{0,2}|[0-9]{1,4}))+$/.test(
      value,
    )
  )
    return false
  return isNoPlaceholder(value)
}
