/** A text made of parts of another one, in order. */

export class Joined {
  text = ''
  /** Where each part starts in this text. */
  readonly #starts: number[] = []
  /** Where each part starts in the other text. */
  readonly #places: number[] = []

  constructor(first = '', place = 0) {
    this.add(first, place)
  }

  add(part: string, place: number): void {
    this.begin(this.text.length, place)
    this.text += part
  }

  /** Says that from `start` on, this text is the other one from `place` on. */
  begin(start: number, place: number): void {
    this.#starts.push(start)
    this.#places.push(place)
  }

  /** Where a character of this text stands in the other one. */
  placeOf(index: number): number {
    const part = countBelow(this.#starts, index + 1) - 1
    return this.#places[part]! + index - this.#starts[part]!
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
