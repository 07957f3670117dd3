/** Masks the secrets of the configuration in a model's answer while it is streamed. */

import type { Scrubber } from './secrets.ts'
import type { MaskedStream } from './stream.ts'

type Block = 'text' | 'reasoning'
type OnDelta = (type: Block, text: string) => void

/** Passes the stream on, but holds back what may be the start of a secret. */
export class MaskedDeltas {
  readonly #streams: Readonly<Record<Block, MaskedStream>>
  readonly #onDelta: OnDelta

  constructor(scrubber: Scrubber, onDelta: OnDelta) {
    this.#streams = { reasoning: scrubber.stream(), text: scrubber.stream() }
    this.#onDelta = onDelta
  }

  push(type: Block, text: string): void {
    const other = type === 'text' ? 'reasoning' : 'text'
    this.#tell(other, this.#streams[other].pause())
    this.#tell(type, this.#streams[type].push(text))
  }

  end(): void {
    for (const type of ['reasoning', 'text'] as const) this.#tell(type, this.#streams[type].end())
  }

  #tell(type: Block, text: string): void {
    if (text !== '') this.#onDelta(type, text)
  }
}
