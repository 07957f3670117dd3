/** Commits a change of the session: its new content, redacted, and the commit's text. */

import type { CheckpointRules, Checkpoints } from '../../checkpoints/checkpoints.ts'
import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { Writing } from '../../checkpoints/writing.ts'
import { isPromise, redactValue } from '../../redaction/redact.ts'
import { type Text, titleOf } from './item-line.ts'
import { ITEMS, OPERATIONS, RUN_STATE, SessionTree } from './session-tree.ts'
import { answers, runAfter, type WaitingRun } from './waiting-run.ts'

/** A change of the stored session, as JSON, before redaction. */
export interface Change {
  /** Number of items that stay. Later items are removed. */
  keep: number
  /** Items to add after those that stay. */
  add?: readonly unknown[]
  /** An operation to store. `clear` removes the stored ones. */
  operation?: unknown
  clear?: boolean
  /** The new run state; `null` removes the stored one. */
  run?: WaitingRun | null
  /** Returns the commit's text; gets the added items as stored. */
  text(added: readonly unknown[]): Text
}

type Rules = Pick<CheckpointRules, 'redact'>

/** Adds a checkpoint with the change. Returns `undefined` if nothing changes. */
export async function newCheckpoint(
  { objects, rules }: Checkpoints,
  writing: Writing,
  parent: CommitInfo | undefined,
  change: Change,
): Promise<CommitInfo | undefined> {
  const before = new SessionTree(objects, parent?.tree)
  const { keep, operation, clear = false } = change
  const add: unknown[] = []
  for (const item of change.add ?? []) {
    const kept = await asStored(rules, item, ITEMS, keep + add.length)
    if (kept !== undefined) add.push(kept)
  }
  const count = await before.count()
  if (keep === count && add.length === 0 && operation === undefined && !clear && change.run === undefined)
    return undefined
  const waits = await before.hasRunState()
  const run =
    change.run === undefined && waits
      ? await goneOn(before, add)
      : change.run && (await runAsStored(rules, change.run))
  const time = Math.floor(rules.now())
  const done = operation === undefined ? undefined : await asStored(rules, operation, OPERATIONS, 0)
  const edits = await before.edits({ keep, add, operations: { clear, add: done }, run }, rules.layout, {
    type: rules.type,
    id: writing.session,
    title: titleOf(add),
    createdAt: new Date(time).toISOString(),
  })
  const status = (run === undefined ? waits : run !== null) ? 'waiting' : undefined
  const more = keep + add.length - count
  const added = more > 0 ? add.slice(-more) : []
  return writing.commit({
    parent,
    files: edits,
    ...change.text(add),
    kind: 'save',
    at: time,
    ...checkpointFacts({ added, from: count }, { status }),
  })
}

/** Returns the waiting run after these items, `null` if it no longer waits; `undefined` if it does not change. */
async function goneOn(before: SessionTree, add: readonly unknown[]): Promise<WaitingRun | null | undefined> {
  const { waitsFor } = await before.fields()
  if (!add.some((item) => answers(item, waitsFor))) return undefined
  return runAfter({ state: await before.runState(), waitsFor: waitsFor as string[] }, add)
}

/** Returns a value as it is stored, or a promise of it; `undefined` if `redact` removes it. */
export const asStored = ({ redact }: Rules, value: unknown, collection: string, index: number): unknown =>
  redact === undefined ? value : redactValue(value, redact, [collection, index])

/**
 * Returns an item as it is stored, synchronously. If `redact` returns a promise, returns the item itself: then its key
 * is not loaded yet, so no item with a redaction mark has been stored.
 */
export function storedNow(rules: Rules, item: unknown, index: number): unknown {
  const stored = asStored(rules, item, ITEMS, index)
  return isPromise(stored) ? item : (stored ?? null)
}

/** Returns a run as it is stored. */
export async function runAsStored(rules: Rules, { state, waitsFor }: WaitingRun): Promise<WaitingRun> {
  const ids = await Promise.all(waitsFor.map((id, index) => asStored(rules, id, 'waitsFor', index)))
  return {
    state: (await asStored(rules, state, RUN_STATE, 0)) ?? null,
    waitsFor: ids.filter((id) => typeof id === 'string'),
  }
}
