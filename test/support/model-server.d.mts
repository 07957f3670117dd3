/** Types of `model-server.mjs`, which is plain JavaScript so that examples can run it as they stand. */
import type { IncomingHttpHeaders } from 'node:http'

export interface ScriptedCall {
  id?: string
  name: string
  /** A string is sent as it is, well-formed or not. */
  input: unknown
}

/** What the model does when it is asked once. */
export interface ScriptedTurn {
  /** In a stream it comes in pieces of some words, or in those that are given. */
  reasoning?: string | readonly string[]
  text?: string | readonly string[]
  calls?: readonly ScriptedCall[]
  /** `[input, output]` tokens. Default: counted from the texts. */
  usage?: readonly [number, number]
  /** Milliseconds between pieces of a stream. */
  pace?: number
  fault?: Fault
}

export type Fault =
  | { kind: 'status'; status: number; retryAfter?: string; message?: string }
  /** The connection breaks after so many pieces. */
  | { kind: 'drop'; after: number }
  /** Streams for ever. */
  | { kind: 'endless' }
  /** Headers, and then nothing. */
  | { kind: 'silent' }
  /** Nothing comes after what was said. */
  | { kind: 'hang' }
  /** Not what the protocol says. */
  | { kind: 'garbage' }
  /** The stream ends properly, but nobody says why. */
  | { kind: 'cut' }
  /** An error as an event of the stream. */
  | { kind: 'stream-error'; message: string }

export interface ModelRequestSeen {
  protocol: 'openai' | 'anthropic' | 'responses' | 'gemini'
  headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: what a request holds is for each test to say.
  body: any
}

/** One turn after the other, or a function of the request. A script that has run out gives `{ text: 'Done.' }`. */
export type Script = readonly ScriptedTurn[] | ((request: ModelRequestSeen, index: number) => ScriptedTurn)

export declare class ModelServer {
  /** Every request, refused ones too. */
  readonly requests: ModelRequestSeen[]
  /** Why histories were refused. */
  readonly problems: string[]
  private constructor()
  /** @param options.strict `false`: no history is refused */
  static start(script?: Script, options?: { strict?: boolean }): Promise<ModelServer>
  /** For `base_url`. */
  get url(): string
  /** Starts a new script. */
  play(script: Script): void
  close(): Promise<void>
}
