/**
 * Makes session text harmless to look at: characters that a terminal would obey or a reader would misread become
 * visible.
 */

/**
 * Returns text that no terminal obeys: `␛` for an escape, `<U+202E>` for characters without a picture. Tabs stay; a
 * line feed becomes `␊`.
 */
export const visible = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000a-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421')
    .replace(HIDDEN, (char) => `<U+${hex(char)}>`)

/** Escapes the characters of JSON text that JSON allows and terminals obey. The value stays the same. */
export const visibleJson = (json: string): string =>
  json.replace(HIDDEN, (char) => `\\u${hex(char).toLowerCase()}`)

/** Whether a text has a character, other than tab and line feed, that `visible` would change. */
export const hasHidden = (text: string): boolean =>
  UNUSUAL.test(text) &&
  SUSPECT.test(text) &&
  (CONTROLS.test(text) || INVISIBLE.test(text) || !text.isWellFormed())

// C1, bidirectional and invisible characters, Unicode's line ends, halves of surrogate pairs.
const HIDDEN =
  /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// The same without surrogates, which make a search several times slower.
const INVISIBLE = /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/
const CONTROLS = /[\u0000-\u0008\u000b-\u001f]/
// Characters other than plain ASCII, which most texts do not have. This search takes half as long as the next one.
const UNUSUAL = /[^\t\n\x20-\x7e]/
// All of these characters and all surrogates, in one search, because most texts have none of them.
const SUSPECT =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]/

const hex = (char: string): string => char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
