/**
 * Which turn an entry belongs to, and which turn continues which. Parents say so, not the order of lines: two windows
 * that write to one file are two lines of turns, however their entries alternate.
 *
 * - A prompt continues the turn of the message that it hangs on. Parents are followed through what is no message,
 *   since hooks, progress and attachments hang between a reply and the next prompt. The second prompt on one message
 *   is a rewind, or a second window.
 * - Any other entry belongs to the end of the line of turns that its parent is on; of several lines to the one that
 *   was written to last. Parallel tools and progress branch as well, and that means nothing: only a reply, or a tool's
 *   result, that hangs where a prompt hangs already starts a line of its own.
 * - What has no parent in the file follows the entry above it.
 *
 * Only entries further up are looked at, and a turn that was continued never grows. So a transcript that grows keeps its
 * tree.
 */

/** What the tree has to know of an entry. */
export interface TreeEntry {
  uuid?: unknown
  /** Null: it is the first. */
  parentUuid?: unknown
  /** Where a conversation was cut, as by a compaction: what stood before. */
  logicalParentUuid?: unknown
}

export type Part =
  | 'prompt'
  /** A reply that begins here, or the result of a tool. */
  | 'answer'
  /** Another line of the conversation. */
  | 'message'
  | 'other'

interface Node {
  parent: unknown
  /** The nearest message at or above, where it was known when the node came. */
  anchor: Anchor | undefined
  /** A node far above, where no message stands in between. */
  jump?: string | undefined
}

/** What an entry hangs on. */
interface Anchor {
  /** Of the message; at the top of a tree, of its first node. */
  id: string
  turn: number
  /** Whether no message stands above. */
  top: boolean
}

/** Where an entry goes. */
export interface Position {
  turn: number
  /** Only of an entry that starts a turn: the turn that it continues. */
  parent?: number
}

export class TurnTree {
  /** The turn of the entry that came last. */
  current = 0
  readonly #nodes = new Map<string, Node>()
  /** Messages that prompts hang on. */
  readonly #prompted = new Set<string>()
  readonly #parents: (number | undefined)[] = [undefined]
  /** By turn: of those that continue it, the one whose line was written to last. */
  readonly #latest: (number | undefined)[] = [undefined]
  /** The turn that the next prompt without a parent continues, after a rewind. */
  #rewound: number | undefined
  /** Whether this transcript has parents at all. Where every parent is null, a null says nothing. */
  #hasParents = false

  /** Whether an entry of this uuid came before. */
  has(uuid: string): boolean {
    return this.#nodes.has(uuid)
  }

  /** Goes back to a turn: the next prompt continues it, unless it names a parent. What comes before stays where it is. */
  rewind(turn: number): void {
    this.#rewound = turn
  }

  /** Takes an entry in. */
  place(entry: TreeEntry, part: Part): Position {
    const anchor = this.#anchor(entry.parentUuid)
    const parent = this.#continued(anchor, part)
    if (part === 'prompt' && anchor !== undefined) this.#prompted.add(anchor.id)
    if (parent !== undefined) this.#start(parent)
    else if (anchor !== undefined && !anchor.top) this.#move(anchor.turn)
    const position = { turn: this.current, ...(parent === undefined ? {} : { parent }) }
    this.#remember(entry, part !== 'other', anchor)
    return position
  }

  /** The turn that a new one continues; `undefined` when the entry starts none. */
  #continued(anchor: Anchor | undefined, part: Part): number | undefined {
    const repeated = anchor !== undefined && this.#prompted.has(anchor.id)
    if (part === 'prompt') {
      const rewound = this.#rewound
      this.#rewound = undefined
      if (rewound !== undefined && anchor === undefined) return rewound
      // A tree of its own, as when a session is taken up again, goes on where the file is.
      const goesOn = anchor === undefined || (anchor.top && !repeated)
      return goesOn ? this.current : anchor.turn
    }
    return part === 'answer' && repeated && !anchor.top ? anchor.turn : undefined
  }

  #start(parent: number): void {
    const turn = this.#parents.push(parent) - 1
    this.#latest.push(undefined)
    if (parent !== this.current) {
      this.#touch(turn)
      return
    }
    // All turns above lead here already.
    this.#latest[parent] = turn
    this.current = turn
  }

  /** Goes to the end of the line that the turn is on. */
  #move(turn: number): void {
    let end = turn
    for (let next = this.#latest[end]; next !== undefined; next = this.#latest[end]) end = next
    if (end !== this.current) this.#touch(end)
  }

  #touch(turn: number): void {
    this.current = turn
    let child = turn
    for (let up = this.#parents[child]; up !== undefined; up = this.#parents[child]) {
      this.#latest[up] = child
      child = up
    }
  }

  #remember(entry: TreeEntry, message: boolean, above: Anchor | undefined): void {
    const uuid = named(entry.uuid)
    if (uuid === undefined || this.#nodes.has(uuid)) return
    const parent = named(entry.parentUuid) ?? named(entry.logicalParentUuid) ?? entry.parentUuid
    if (message && typeof parent === 'string') this.#hasParents = true
    const own = { id: uuid, turn: this.current, top: false }
    this.#nodes.set(uuid, { parent, anchor: message ? own : above?.top ? undefined : above })
  }

  /** The nearest message at or above; `undefined` when the way there is not in the file. */
  #anchor(uuid: unknown): Anchor | undefined {
    const passed: Node[] = []
    let at = uuid
    let top = ''
    while (typeof at === 'string') {
      const node = this.#nodes.get(at)
      if (node === undefined || node.anchor !== undefined) break
      if (passed.push(node) > this.#nodes.size) {
        // A way that is longer than there are nodes is a circle: it is cut.
        node.parent = undefined
        node.jump = undefined
        return undefined
      }
      top = at
      at = node.jump ?? node.parent
    }
    // The next time the way is short.
    for (const node of passed.slice(0, -1)) node.jump = top
    if (typeof at === 'string') return this.#nodes.get(at)?.anchor
    const known = at === null && (this.#hasParents || this.#prompted.size === 0)
    return known ? { id: `top ${top}`, turn: 0, top: true } : undefined
  }
}

const named = (id: unknown): string | undefined => (typeof id === 'string' && id !== '' ? id : undefined)
