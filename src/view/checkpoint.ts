/** A checkpoint for readers, from any store. */

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
