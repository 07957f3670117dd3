/** A handle: a session at a position of its own. */

import { Exclusive } from '../checkpoints/lifetime.ts'
import { InvalidStateError } from '../errors.ts'
import { type BranchName, trustedCommit } from '../ids.ts'
import type { Position } from './positions.ts'
import type { Addition, Checkpoint, SessionHandle, StoredDocument, WriteOptions } from './session-store.ts'

type Options = Omit<WriteOptions, 'expected'>

/** What a handle needs from its store. Options always name the branch. */
export interface HandleStore<S extends StoredDocument> {
  /** Saves on top of the position. Returns the state as it was stored. */
  save(state: S, options: Options, position: Position): Promise<Written<S>>
  /** Appends on top of the position, where `state` is. Returns the state with the addition. */
  append(addition: Addition, options: Options, position: Position, state: S): Promise<Written<S>>
}

export interface Written<S extends StoredDocument> {
  checkpoint: Checkpoint
  state: S
}

// A handle uses its own position, so a passed `expected` is ignored.
const UNSEEN = { expected: undefined }

/**
 * Creates a handle at a position. Its writes run one after another, each on top of the previous one. They go to the
 * branch that it was opened on, until a write names another.
 *
 * @param branch the branch it writes to. If it does not exist, the first write creates it at the position.
 */
export function createHandle<S extends StoredDocument>(
  store: HandleStore<S>,
  opened: Written<S>,
  position: Position,
  branch: BranchName,
): SessionHandle<S> {
  const turns = new Exclusive()
  let now = { ...opened, position, branch: branch as string }

  async function write(options: Options | undefined, work: (options: Options) => Promise<Written<S>>) {
    const target = options?.branch ?? now.branch
    const { checkpoint, state } = await work({ ...options, branch: target, ...UNSEEN })
    const at = { ...position, branch: target as BranchName, checkpoint: trustedCommit(checkpoint.id) }
    now = { checkpoint, state, position: at, branch: target }
    return checkpoint
  }

  return {
    id: position.session,
    get branch() {
      return now.branch
    },
    get checkpoint() {
      return now.checkpoint
    },
    get state() {
      return now.state
    },
    save: (state, options) =>
      turns.run(() => {
        checkId(state, position.session)
        return write(options, (all) => store.save(state, all, now.position))
      }),
    append: (addition, options) =>
      turns.run(() => write(options, (all) => store.append(addition, all, now.position, now.state))),
  }
}

function checkId(state: unknown, session: string): void {
  const { id } = (state ?? {}) as { id?: unknown }
  if (id === session) return
  const message = `is ${JSON.stringify(id) ?? 'missing'}, and this handle is for session '${session}'`
  throw new InvalidStateError([{ path: ['id'], message }])
}
