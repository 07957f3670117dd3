/** A text made of parts of another one, in order. */

export class Joined {
  text = ''
  /** Where each part starts in this text. */
  readonly #starts: number[] = []
  /** Where each part starts in the other text. */
  readonly #places: number[] = []
  /** How many characters of the other text the first character of each part stands for. */
  readonly #sizes: number[] = []

  constructor(first = '', place = 0) {
    this.add(first, place)
  }

  add(part: string, place: number): void {
    this.begin(this.text.length, place)
    this.text += part
  }

  /** Says that from `start` on, this text is the other one from `place` on, whose first `size` characters are one here. */
  begin(start: number, place: number, size = 1): void {
    this.#starts.push(start)
    this.#places.push(place)
    this.#sizes.push(size)
  }

  /** Where a character of this text begins in the other one. */
  placeOf(index: number): number {
    const part = this.#partOf(index)
    const offset = index - this.#starts[part]!
    return this.#places[part]! + (offset === 0 ? 0 : offset + this.#sizes[part]! - 1)
  }

  /** Where it ends there. */
  endOf(index: number): number {
    const part = this.#partOf(index)
    return this.#places[part]! + index - this.#starts[part]! + this.#sizes[part]!
  }

  #partOf(index: number): number {
    return countBelow(this.#starts, index + 1) - 1
  }
}

/** How many of the ascending numbers are smaller. */
export function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}
