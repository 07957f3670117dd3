/**
 * Decides which turn an entry belongs to, and which turn continues which. Parents decide this, not the order of lines:
 * if two windows write to one file, they are two lines of turns, even if their entries alternate.
 *
 * - A prompt continues the turn of its nearest ancestor that is a message. Other ancestors are skipped, because hooks,
 *   progress and attachments stand between a reply and the next prompt. The second prompt on one message is a rewind,
 *   or a second window.
 * - Any other entry belongs to the last turn of its parent's line of turns; if there are several lines, of the one that
 *   was written to last. Entries of parallel tools and progress branch as well, but do not start a line of turns. Only
 *   a reply or a tool's result does, if a prompt already follows the same message.
 * - An entry without a parent in the file follows the entry above it.
 *
 * Only earlier entries are considered, and a turn that was continued never grows. So a transcript that grows keeps its
 * tree.
 */

/** The fields of an entry that the tree needs. */
export interface TreeEntry {
  uuid?: unknown
  /** Null for the first entry. */
  parentUuid?: unknown
  /** If the conversation was cut here, as by a compaction: the entry before the cut. */
  logicalParentUuid?: unknown
}

export type Part =
  | 'prompt'
  /** The beginning of a reply, or the result of a tool. */
  | 'answer'
  /** Another message of the conversation. */
  | 'message'
  | 'other'

interface Node {
  parent: unknown
  /** The nearest message at or above this node, if it was known when the node was added. */
  anchor: Anchor | undefined
  /** A node far above; no node in between is a message. */
  jump?: string | undefined
}

/** The message that an entry follows, or the top of its tree. */
interface Anchor {
  /** Id of the message; at the top of a tree, made of the id of its first node. */
  id: string
  turn: number
  /** Whether there is no message above. */
  top: boolean
}

/** The turn of an entry. */
export interface Position {
  turn: number
  /** Only for an entry that starts a turn: the turn that it continues. */
  parent?: number
}

export class TurnTree {
  /** The turn of the last entry. */
  current = 0
  readonly #nodes = new Map<string, Node>()
  /** Ids of messages that a prompt follows. */
  readonly #prompted = new Set<string>()
  readonly #parents: (number | undefined)[] = [undefined]
  /** By turn: the turn that continues it; of several, the one whose line was written to last. */
  readonly #latest: (number | undefined)[] = [undefined]
  /** The turn that the next prompt without a parent continues, after a rewind. */
  #rewound: number | undefined
  /** Whether any message of this transcript has a parent. If not, a null parent has no meaning. */
  #hasParents = false

  /** Whether an earlier entry has this uuid. */
  has(uuid: string): boolean {
    return this.#nodes.has(uuid)
  }

  /**
   * Rewinds to a turn: the next prompt continues it, unless that prompt has a parent. Entries before that prompt are
   * not affected.
   */
  rewind(turn: number): void {
    this.#rewound = turn
  }

  /** Adds an entry. */
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

  /** Returns the turn that the entry's new turn continues; `undefined` if the entry does not start a turn. */
  #continued(anchor: Anchor | undefined, part: Part): number | undefined {
    const repeated = anchor !== undefined && this.#prompted.has(anchor.id)
    if (part === 'prompt') {
      const rewound = this.#rewound
      this.#rewound = undefined
      if (rewound !== undefined && anchor === undefined) return rewound
      // A separate tree, as after a session was resumed, continues the current turn.
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
    // `#latest` of all turns above already leads here.
    this.#latest[parent] = turn
    this.current = turn
  }

  /** Makes the last turn of this turn's line current. */
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

  /** Returns the nearest message at or above an entry; `undefined` if the file lacks an entry on the way. */
  #anchor(uuid: unknown): Anchor | undefined {
    const passed: Node[] = []
    let at = uuid
    let top = ''
    while (typeof at === 'string') {
      const node = this.#nodes.get(at)
      if (node === undefined || node.anchor !== undefined) break
      if (passed.push(node) > this.#nodes.size) {
        // A path longer than the number of nodes is a cycle: cut it.
        node.parent = undefined
        node.jump = undefined
        return undefined
      }
      top = at
      at = node.jump ?? node.parent
    }
    // Shortens the path for the next search.
    for (const node of passed.slice(0, -1)) node.jump = top
    if (typeof at === 'string') return this.#nodes.get(at)?.anchor
    const known = at === null && (this.#hasParents || this.#prompted.size === 0)
    return known ? { id: `top ${top}`, turn: 0, top: true } : undefined
  }
}

const named = (id: unknown): string | undefined => (typeof id === 'string' && id !== '' ? id : undefined)
