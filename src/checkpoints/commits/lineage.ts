/** Rules for the parents and the number of a new checkpoint. */
import type { CommitId } from '../../ids.ts'
import type { CheckpointKind } from './checkpoint.ts'

/** What the rules below need to know about an existing checkpoint. */
export interface Ancestor {
  id: CommitId
  kind: CheckpointKind
  seq: number
}

/**
 * Returns the parents of a checkpoint on top of `tip`. The parent of a step is the tip. A checkpoint that ends a turn
 * with steps has two parents, first the previous turn and second the last step; if there is no previous turn, only the
 * last step.
 *
 * @param turnParent of `tip`: the nearest first-parent ancestor that is not a step
 */
export function parentsOn(
  tip: Ancestor | undefined,
  kind: CheckpointKind,
  turnParent: CommitId | undefined,
): CommitId[] {
  if (tip === undefined) return []
  if (kind === 'step' || tip.kind !== 'step' || turnParent === undefined) return [tip.id]
  return [turnParent, tip.id]
}

/**
 * Returns the checkpoint with which a new one on top of `tip` is compared to find its changes: for a step the tip, for
 * a turn the turn before, so that its subject describes the whole turn.
 *
 * @param turnParent of `tip`
 */
export function comparedWith(
  tip: Ancestor | undefined,
  kind: CheckpointKind,
  turnParent: CommitId | undefined,
): CommitId | undefined {
  return tip !== undefined && tip.kind === 'step' && kind !== 'step' ? turnParent : tip?.id
}

/** Returns the number of a checkpoint on top of `tip`: that of the unfinished turn, or the next one. */
export function seqOn(tip: Ancestor | undefined): number {
  if (tip === undefined) return 1
  return tip.kind === 'step' ? tip.seq : tip.seq + 1
}

/** Returns the number of a fork's own commit: that of the last complete turn. The commit itself is not a turn. */
export const seqOfFork = (source: Ancestor): number => (source.kind === 'step' ? source.seq - 1 : source.seq)

/**
 * Returns whether a checkpoint is made although the state equals that of the tip: if the caller asks for it, if it has
 * a key, or if it ends a turn with steps.
 */
export function commitsUnchanged(
  tip: Ancestor | undefined,
  write: { kind: CheckpointKind; allowEmpty: boolean; key?: string | undefined },
): boolean {
  return (
    tip === undefined ||
    write.allowEmpty ||
    write.key !== undefined ||
    (tip.kind === 'step' && write.kind !== 'step')
  )
}
