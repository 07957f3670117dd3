/**
 * A handle of a session that machines share. It follows its branch if a fetch has renamed it, and its writes go to a
 * remote.
 */
import { ConflictError } from '../../../errors.ts'
import type { Checkpoint, SessionHandle, StoredDocument } from '../../session-store.ts'

interface Sharing {
  /** Replicates the checkpoint as the store's options say, and returns it. */
  replicated(checkpoint: Checkpoint): Promise<Checkpoint>
  /**
   * Returns the new name of our branch, if a fetch has given its name to the remote's branch; otherwise `undefined`.
   */
  aside(checkpoint: Pick<Checkpoint, 'branch' | 'id'>): Promise<string | undefined>
}

/** The handle moves before its write goes to the remote, so the caller need not save again if the push fails. */
export function sharedHandle<S extends StoredDocument>(
  handle: SessionHandle<S>,
  { replicated, aside }: Sharing,
): SessionHandle<S> {
  async function write<O extends { branch?: string }>(
    options: O | undefined,
    work: (options: O | undefined) => Promise<Checkpoint>,
  ): Promise<Checkpoint> {
    try {
      return await replicated(await work(options))
    } catch (error) {
      if (!(error instanceof ConflictError) || options?.branch !== undefined) throw error
      const branch = await aside({ branch: handle.branch, id: handle.checkpoint.id })
      if (branch === undefined) throw error
      return replicated(await work({ ...options, branch } as O))
    }
  }

  return {
    id: handle.id,
    get branch() {
      return handle.branch
    },
    get checkpoint() {
      return handle.checkpoint
    },
    get state() {
      return handle.state
    },
    save: (state, options) => write(options, (all) => handle.save(state, all)),
    append: (addition, options) => write(options, (all) => handle.append(addition, all)),
  }
}
