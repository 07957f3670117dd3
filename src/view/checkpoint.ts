/** What a person reads of a checkpoint, whichever store it is in. */

export interface ReadCheckpoint {
  id: string
  session: string
  /** The branch that it was made on. */
  branch: string
  /** ISO 8601. */
  createdAt: string
  subject: string
  body: string
  /** `foreign`: another tool made it. */
  kind: string
  /** Positions of the messages that it added, `to` included. */
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
  /** Whose key it is. */
  principal?: string
  /** Fingerprint of the key. */
  key?: string
  /** Why it is not good, as the end of a sentence. */
  reason?: string
}

/** Branches and tags of a session. */
export interface Names {
  branches: readonly { name: string; head: string; active: boolean }[]
  tags: readonly { name: string; checkpoint: string }[]
}

/** Those at a checkpoint. */
export function namesAt(id: string, { branches, tags }: Names): { branches: string[]; tags: string[] } {
  return {
    branches: branches.filter(({ head }) => head === id).map(({ name }) => name),
    tags: tags.filter(({ checkpoint }) => checkpoint === id).map(({ name }) => name),
  }
}
