/** The turns of a line, with the positions of their messages at the tip, and statistics. */
import type { Checkpoint } from '../../store/session-store.ts'
import type { Prices } from '../../view/cost.ts'
import { rangesAtTip, sumsOf } from '../../view/turn.ts'
import type { Turn } from '../wire.ts'

/**
 * @param log newest first
 * @param items items of the document at the tip
 * @param model model of messages that name none
 * @returns oldest first
 */
export function turnsOf(
  log: readonly Checkpoint[],
  items: readonly unknown[],
  { prices, model }: { prices?: Prices | undefined; model?: string | undefined } = {},
): Turn[] {
  const rangeOf = rangesAtTip(items.length)
  return log
    .map((checkpoint): Turn => {
      const { id, subject, kind, seq, createdAt, branch, parents, run } = checkpoint
      const { from, to } = rangeOf(checkpoint)
      const { said: _, ...sums } = sumsOf(items.slice(from, to), prices, checkpoint.model ?? model)
      return {
        id,
        subject,
        kind,
        seq,
        createdAt,
        branch,
        parents,
        from,
        to,
        model: checkpoint.model,
        run,
        ...sums,
      }
    })
    .reverse()
}
