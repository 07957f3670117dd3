/** Where a new checkpoint stands in its line: parents and number. */
import type { CommitId } from '../../ids.ts'
import type { CheckpointKind } from './checkpoint.ts'

/** What the rules below need to know about a checkpoint that is there already. */
export interface Ancestor {
  id: CommitId
  kind: CheckpointKind
  seq: number
}

/**
 * Parents of a checkpoint that is put on `tip`. A step follows the tip. What ends a turn that had steps has the
 * previous turn first and the last step second; only the last step when there is no previous turn.
 *
 * @param turnParent of `tip`: the nearest first-parent ancestor that is no step
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
 * What a checkpoint on top of `tip` is compared with to tell what it added: a step with the tip, a turn with the turn
 * before, so that its subject speaks of all of it.
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

/** Number of a checkpoint that is put on `tip`: that of the turn under way, or of the next one. */
export function seqOn(tip: Ancestor | undefined): number {
  if (tip === undefined) return 1
  return tip.kind === 'step' ? tip.seq : tip.seq + 1
}

/** Number of a fork's own commit: that of the last whole turn it holds. It is no turn itself. */
export const seqOfFork = (source: Ancestor): number => (source.kind === 'step' ? source.seq - 1 : source.seq)

/**
 * Whether a checkpoint is made although the state is the one of the tip: when the caller asks for it, when it has a
 * key to remember, and when it ends a turn that had steps.
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
