/** Statistics of turns, for `--stat`. */
import type { Checkpoint } from '../../../store/session-store.ts'
import type { Prices } from '../../../view/cost.ts'
import { objectOf, textAmong } from '../../../view/fields.ts'
import type { Line } from '../../../view/terminal/line.ts'
import { sumsLine } from '../../../view/terminal/stat.ts'
import { itemsOf, rangesAtTip, sumsOf, type TurnSums } from '../../../view/turn.ts'
import type { FileChanges } from '../../../workspace/stored-files.ts'
import type { Stores } from '../../stores.ts'
import { changeLines } from '../workspace/changes.ts'

/** Statistics of the turns of one line. */
export class LineStat {
  readonly #items: readonly unknown[]
  readonly #rangeOf: ReturnType<typeof rangesAtTip>
  readonly #prices: Prices
  readonly #model: string | undefined

  private constructor(document: object, prices: Prices) {
    this.#items = itemsOf(document)
    this.#rangeOf = rangesAtTip(this.#items.length)
    this.#prices = prices
    this.#model = textAmong(objectOf(document).model)
  }

  /** Loads the statistics of the line that ends at this revision. */
  static async at(
    stores: Stores,
    session: string,
    at: string | undefined,
    prices: Prices,
  ): Promise<LineStat> {
    const store = await stores.ofTypeOf(session)
    return new LineStat((await store.load(session, { at, events: false })) ?? {}, prices)
  }

  /** Returns the statistics of a checkpoint of the line. Must be called newest first. */
  of(checkpoint: Checkpoint): TurnSums {
    const { from, to } = this.#rangeOf(checkpoint)
    return sumsOf(this.#items.slice(from, to), this.#prices, checkpoint.model ?? this.#model)
  }
}

export const statLines = (sums: TurnSums, files: FileChanges | undefined): Line[] => [
  sumsLine(sums),
  ...(files === undefined ? [] : changeLines(files)),
]
