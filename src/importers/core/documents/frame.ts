/** What is left of a JSON document without its entries. */

/** The spaces of a JSON text: a number is the indent of JSON.stringify; `python` is json.dumps on one line. */
export type Spacing = 'none' | 'python' | 'tab' | number

/** A document without its entries. */
export interface Frame {
  /** The document with its lists of entries empty, without spaces. */
  text: string
  /** Keys of the lists; absent: the document is the list. Of several lists, a line says which it is of. */
  lists?: readonly string[]
  /** How the document is spaced; absent: in a way that no tool writes, and comes back without spaces. */
  spacing?: Spacing
  finalNewline?: boolean
  /** No JSON document: `head` is a first line that the tool writes anew, `text` a text whose lines are the entries. */
  kind?: 'head' | 'text'
}
