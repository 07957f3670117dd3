/** What a person reads: messages made of blocks, the same for every framework. */

/** One piece of a message. */
export type Block =
  | { kind: 'text' | 'thinking'; text: string }
  | CallBlock
  | ResultBlock
  | FileBlock
  /** What went wrong, said by nobody. */
  | { kind: 'error'; text: string }
  /** What has none of these forms. */
  | { kind: 'other'; type: string | undefined; value: unknown }

/** A model calls a tool. */
export interface CallBlock {
  kind: 'call'
  /** What its result names as well. */
  id: string | undefined
  tool: string
  input: unknown
}

/** What a tool gave back. Files in it follow as blocks of their own. */
export interface ResultBlock {
  kind: 'result'
  /** Of the call. */
  id: string | undefined
  /** Empty where only the call names it. */
  tool: string
  /** Text where it is text. */
  output: unknown
  failed: boolean
}

/** What is no text: an image, a file, a link to one. */
export interface FileBlock {
  kind: 'file'
  /** `image image/png photo.png` */
  about: string
  name: string | undefined
  mediaType: string | undefined
  /** Base64, a data URL or an address, where it has one. */
  data: unknown
}

/** Tokens, as far as they were counted. */
export interface ReadUsage {
  input: number | undefined
  output: number | undefined
  /** Of the input, those that the provider had already. */
  cached: number | undefined
  total: number | undefined
}

export interface ReadMessage {
  id: string | undefined
  /** `user`, `assistant`, `tool`, …; `undefined`: nobody says it. */
  who: string | undefined
  /** ISO 8601. */
  at: string | undefined
  model: string | undefined
  usage: ReadUsage | undefined
  /** Id of the run that it is from. */
  run: string | undefined
  /** Id of the sub-agent whose conversation it is part of. */
  agent: string | undefined
  /** `compaction`: a summary that stands for all before it. `notice`: said by the tool in the user's place. */
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
