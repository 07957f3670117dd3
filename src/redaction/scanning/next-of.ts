/** Finds the next of some characters; positions asked for must increase. */

import type { TableRule } from '../rule.ts'

export class NextOf {
  readonly #text: string
  readonly #wanted = new Uint8Array(128)
  #next = -1

  constructor(oneOf: string, text: string) {
    this.#text = text
    for (const character of oneOf) this.#wanted[character.charCodeAt(0)] = 1
  }

  isNear(at: number, { before = 0, behind }: NonNullable<TableRule['near']>): boolean {
    let next = Math.max(this.#next, at - before, 0)
    while (next < this.#text.length && this.#wanted[this.#text.charCodeAt(next)] !== 1) next++
    this.#next = next
    return next < this.#text.length && next <= at + behind
  }
}
