/** A checkpoint for readers, from any store; checkpoints in the order of their tree. */

export interface ReadCheckpoint {
  id: string
  session: string
  /** The branch on which the checkpoint was made. */
  branch: string
  /** ISO 8601. */
  createdAt: string
  subject: string
  body: string
  /** `foreign`: made by another tool. */
  kind: string
  /** Positions of the messages that the checkpoint added, `to` inclusive. */
  messages?: { from: number; to: number }
  run?: string
  status?: string
  model?: string
  tokens?: number
  forkedFrom?: { session: string; checkpoint: string }
  signature?: ReadSignature
}

export interface ReadSignature {
  status: 'good' | 'unknown' | 'bad'
  /** Owner of the key. */
  principal?: string
  /** Fingerprint of the key. */
  key?: string
  /** Why the signature is not good, as the end of a sentence. */
  reason?: string
}

/** The branches and tags of a session. */
export interface Names {
  branches: readonly { name: string; head: string; active: boolean }[]
  tags: readonly { name: string; checkpoint: string }[]
}

/** Returns the branches and tags that point to a checkpoint. */
export function namesAt(id: string, { branches, tags }: Names): { branches: string[]; tags: string[] } {
  return {
    branches: branches.filter(({ head }) => head === id).map(({ name }) => name),
    tags: tags.filter(({ checkpoint }) => checkpoint === id).map(({ name }) => name),
  }
}

interface TreeNode {
  id: string
  /** The checkpoint before; `undefined` if there is none among the others. */
  parent?: string | undefined
  createdAt: string
}

/** Sorts newest first, with children before their parents. */
export function newestFirst<Node extends TreeNode>(nodes: readonly Node[]): Node[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parentOf = ({ parent }: Node) => (parent === undefined ? undefined : byId.get(parent))
  const waiting = new Map<Node, number>()
  for (const node of nodes) {
    const parent = parentOf(node)
    if (parent !== undefined) waiting.set(parent, (waiting.get(parent) ?? 0) + 1)
  }
  const ready = nodes.filter((node) => !waiting.has(node))
  const ordered: Node[] = []
  while (ready.length > 0) {
    let best = 0
    for (const [index, { createdAt }] of ready.entries())
      if (createdAt >= ready[best]!.createdAt) best = index
    const [node] = ready.splice(best, 1)
    ordered.push(node!)
    const parent = parentOf(node!)
    if (parent === undefined) continue
    const left = waiting.get(parent)! - 1
    waiting.set(parent, left)
    if (left === 0) ready.push(parent)
  }
  return ordered
}
