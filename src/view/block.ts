/** Messages for readers: made of blocks, in the same form for every framework. */

/** One piece of a message. */
export type Block =
  | { kind: 'text' | 'thinking'; text: string }
  | CallBlock
  | ResultBlock
  | FileBlock
  /** An error that is not part of what anyone said. */
  | { kind: 'error'; text: string }
  /** A piece in none of these forms. */
  | { kind: 'other'; type: string | undefined; value: unknown }

/** A call of a tool by a model. */
export interface CallBlock {
  kind: 'call'
  /** Id of the call, which its result has too. */
  id: string | undefined
  tool: string
  input: unknown
}

/** The result of a tool. Files in it follow as separate blocks. */
export interface ResultBlock {
  kind: 'result'
  /** Id of the call. */
  id: string | undefined
  /** Name of the tool; empty if only the call has it. */
  tool: string
  /** A string if the output is text. */
  output: unknown
  failed: boolean
}

/** An image or file, or a link to one. */
export interface FileBlock {
  kind: 'file'
  /** Description such as `image image/png photo.png`. */
  about: string
  name: string | undefined
  mediaType: string | undefined
  /** Base64, a data URL or an address, if known. */
  data: unknown
}

/** Numbers of tokens, as far as known. */
export interface ReadUsage {
  input: number | undefined
  output: number | undefined
  /** Input tokens that the provider had cached. */
  cached: number | undefined
  total: number | undefined
}

export interface ReadMessage {
  id: string | undefined
  /** `user`, `assistant`, `tool`, …; `undefined` if unknown. */
  who: string | undefined
  /** ISO 8601. */
  at: string | undefined
  model: string | undefined
  usage: ReadUsage | undefined
  /** Id of the run that produced the message. */
  run: string | undefined
  /** Id of the sub-agent to whose conversation the message belongs. */
  agent: string | undefined
  /**
   * `compaction`: a summary that replaces all earlier messages. `notice`: a message that the tool wrote as the user.
   */
  about: 'compaction' | 'notice' | undefined
  blocks: readonly Block[]
}

export const NOTHING_SAID: ReadMessage = {
  id: undefined,
  who: undefined,
  at: undefined,
  model: undefined,
  usage: undefined,
  run: undefined,
  agent: undefined,
  about: undefined,
  blocks: [],
}
