/** A handle whose writes go to a remote: it has moved before they do, so that nobody has to save again. */
import type { Checkpoint, SessionHandle, StoredDocument } from '../../session-store.ts'

/** @param replicated resolves with the checkpoint when it is where it has to be */
export const replicatedHandle = <S extends StoredDocument>(
  handle: SessionHandle<S>,
  replicated: (checkpoint: Checkpoint) => Promise<Checkpoint>,
): SessionHandle<S> => ({
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
  save: async (state, options) => replicated(await handle.save(state, options)),
  append: async (addition, options) => replicated(await handle.append(addition, options)),
})
