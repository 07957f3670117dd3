/**
 * Which turn continues which. Nearly always the one before; a rewind goes back: its prompt has the same parent as
 * an earlier prompt. Parents are followed through what is no message, since hooks, progress and attachments hang
 * between a reply and the next prompt. Other branch points (parallel tools, progress) mean nothing.
 *
 * Only entries that stand before a prompt are looked at, so that a transcript that grows keeps its tree.
 */
import { type Entry, stringAt } from './entry.ts'

interface Node {
  parent: unknown
  message: boolean
  turn: number
}

/** What a prompt hangs on. */
interface Anchor {
  /** Of the message; at the top of a tree, of its first node. */
  id: string
  turn: number
  /** Whether no message stands above the prompt. */
  top: boolean
}

export class TurnTree {
  readonly #nodes = new Map<string, Node>()
  /** By the message that prompts hang on: whether there is a prompt already. */
  readonly #prompted = new Set<string>()
  /** By turn: how many turns continue it. */
  readonly #children: number[] = [0]
  /** Whether this transcript has parents at all. Where every parent is null, a null says nothing. */
  #hasParents = false

  /** Takes an entry in, once the turn it belongs to has started. */
  node(entry: Entry, message: boolean): void {
    const uuid = stringAt(entry, 'uuid')
    if (uuid === undefined || this.#nodes.has(uuid)) return
    const parent = stringAt(entry, 'parentUuid') ?? stringAt(entry, 'logicalParentUuid') ?? entry.parentUuid
    if (message && typeof parent === 'string') this.#hasParents = true
    this.#nodes.set(uuid, { parent, message, turn: this.#children.length - 1 })
  }

  /**
   * Starts the next turn. Returns the number of the turn that it continues, counted from 0 in the order of the file.
   *
   * @param parentUuid of the prompt, as the entry has it
   */
  startTurn(parentUuid: unknown): number {
    const parent = this.#parentTurn(parentUuid)
    this.#children[parent] = (this.#children[parent] ?? 0) + 1
    this.#children.push(0)
    return parent
  }

  #parentTurn(parentUuid: unknown): number {
    const previous = this.#children.length - 1
    const anchor = this.#anchor(parentUuid)
    if (anchor === undefined) return previous
    const repeated = this.#prompted.has(anchor.id)
    this.#prompted.add(anchor.id)
    if (anchor.turn === previous) return previous
    if (repeated) return anchor.turn
    // Not a rewind; but after one, the user may have gone back to the end of another line.
    const isEnd = !anchor.top && this.#children[anchor.turn] === 0
    return isEnd ? anchor.turn : previous
  }

  /** The nearest message at or above; `undefined` when the way there is not in the file. */
  #anchor(uuid: unknown): Anchor | undefined {
    const seen = new Set<string>()
    let at = uuid
    let top = ''
    while (typeof at === 'string') {
      const node = this.#nodes.get(at)
      if (node === undefined || seen.has(at)) return undefined
      if (node.message) return { id: at, turn: node.turn, top: false }
      seen.add(at)
      top = at
      at = node.parent
    }
    const known = at === null && (this.#hasParents || this.#prompted.size === 0)
    return known ? { id: `top ${top}`, turn: 0, top: true } : undefined
  }
}

/** A line of turns from the start to an end that nothing continues; numbers as `TurnTree` gives them. */
export type Path = readonly number[]

/** All lines of turns, the one that the session ended on first, the others as they started in the file. */
export function pathsOf(parents: readonly (number | undefined)[]): Path[] {
  const continued = new Set(parents)
  const last = parents.length - 1
  return [...parents.keys()]
    .filter((turn) => turn === last || !continued.has(turn))
    .sort((a, b) => Number(b === last) - Number(a === last) || a - b)
    .map((end) => {
      const path: number[] = []
      for (let turn: number | undefined = end; turn !== undefined; turn = parents[turn]) path.push(turn)
      return path.reverse()
    })
}
