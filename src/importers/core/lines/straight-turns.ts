/** Gives the turns of a straight file to a taker while the file is read: each is final as soon as the next begins. */
import {
  type BegunTranscript,
  type BuiltTurn,
  NotStraight,
  type Turn,
  type TurnTaker,
} from '../../importer.ts'
import type { RawLine } from '../../jsonl.ts'
import { StartHash } from '../../start-hash.ts'

/** A file while it is read. */
export interface StraightReader {
  readonly turns: readonly (Turn & { rows: { at: string }[] })[]
  /** Index of the turn that the last line belongs to. */
  current(): number
  begun(): BegunTranscript
  build(index: number): Promise<BuiltTurn>
  /** Called if the turns are not wanted. */
  refused(): void
}

export class StraightTurns {
  readonly #reader: StraightReader
  readonly #taker: TurnTaker
  readonly #hash = new StartHash()
  #isWanted: boolean | undefined
  /** Number of turns that were given. */
  #given = 0
  #entries = 0

  constructor(reader: StraightReader, taker: TurnTaker) {
    this.#reader = reader
    this.#taker = taker
  }

  /** To be called after each line. Returns a promise if a turn has ended. Throws NotStraight if turns were given. */
  after(raw: RawLine): Promise<void> | undefined {
    if (this.#isWanted === false) return undefined
    const { turns } = this.#reader
    if (turns.length === this.#given + 1) {
      this.#add(raw)
      return undefined
    }
    return this.#give().then(() => this.#add(raw))
  }

  /**
   * To be called at the end of the file. Returns whether turns were given. Then the last turn has its hash, and
   * `entries` is the number of all lines.
   */
  end(): { entries: number } | undefined {
    const last = this.#reader.turns.at(-1)
    if (this.#isWanted !== true || last === undefined) return undefined
    last.cursor = { ...last.cursor, sha256: this.#hash.digest() }
    return { entries: this.#entries + last.rows.length }
  }

  #add(raw: RawLine): void {
    if (this.#isWanted === false) return
    const { turns } = this.#reader
    const { bytes } = raw
    if (bytes === undefined || this.#reader.current() !== turns.length - 1)
      this.#leave(`Line ${raw.line} belongs to an earlier turn, or is too long.`)
    else this.#hash.add(raw, bytes, turns.at(-1)?.cursor.lines === raw.line)
  }

  async #give(): Promise<void> {
    const { turns } = this.#reader
    const index = this.#given
    const [turn, next] = turns.slice(index) as [StraightReader['turns'][number], Turn]
    if (next.parent !== index) return this.#leave(`Turn '${next.id}' goes back.`)
    const begun = this.#reader.begun()
    this.#isWanted ??= begun.firstAt !== '' && (await this.#taker.begin(begun))
    if (!this.#isWanted) return this.#leave('The turns are not wanted.')
    for (const row of turn.rows) row.at ||= begun.firstAt
    turn.cursor = { ...turn.cursor, sha256: this.#hash.digest() }
    this.#entries += turn.rows.length
    await this.#taker.take(turn, await this.#reader.build(index))
    turn.rows = []
    this.#given++
  }

  /** Gives no turns, unless some were given already. */
  #leave(why: string): void {
    if (this.#isWanted) throw new NotStraight(why)
    this.#isWanted = false
    this.#reader.refused()
  }
}
