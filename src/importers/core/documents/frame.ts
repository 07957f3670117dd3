/** A JSON document without its entries. */

/**
 * The white space of a JSON text: a number is the indent of JSON.stringify; `python` is the format of json.dumps on one
 * line.
 */
export type Spacing = 'none' | 'python' | 'tab' | number

/** A document without its entries. */
export interface Frame {
  /** The document with empty lists of entries, without white space. */
  text: string
  /**
   * Keys of the lists; absent if the document is itself the list. If there are several lists, each line names its list.
   */
  lists?: readonly string[]
  /**
   * White space of the document. Absent if no known tool writes it so: then the document is restored without white
   * space.
   */
  spacing?: Spacing
  finalNewline?: boolean
  /**
   * Not a JSON document: `head` is a first line that the tool rewrites, `text` is a text whose lines are the entries.
   */
  kind?: 'head' | 'text'
}
