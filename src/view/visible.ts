/** Text of a session made harmless to look at: what a terminal would obey or an eye would misread becomes visible. */

/** Text that no terminal obeys: `␛` for an escape, `<U+202E>` for what has no picture. Tabs stay; a line feed is `␊`. */
export const visible = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000a-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421')
    .replace(HIDDEN, (char) => `<U+${hex(char)}>`)

/** JSON text with the characters escaped that JSON allows and terminals obey. It stands for the same value. */
export const visibleJson = (json: string): string =>
  json.replace(HIDDEN, (char) => `\\u${hex(char).toLowerCase()}`)

/** Whether a text has a character, other than tab and line feed, that `visible` would show as another. */
export const hasHidden = (text: string): boolean =>
  UNUSUAL.test(text) && (CONTROLS.test(text) || INVISIBLE.test(text) || !text.isWellFormed())

// C1, bidirectional and invisible characters, Unicode's line ends, halves of surrogate pairs.
const HIDDEN =
  /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// The same without the halves, which take a search several times as long.
const INVISIBLE = /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/
// What most text has none of.
const UNUSUAL = /[^\t\n\x20-\x7e]/
const CONTROLS = /[\u0000-\u0008\u000b-\u001f]/

const hex = (char: string): string => char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
