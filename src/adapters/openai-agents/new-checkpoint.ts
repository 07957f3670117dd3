/** A write of the session as a commit: what is new in it, redacted, and what it says of itself. */
import type { Plan } from '../../git/group-commit.ts'
import { editTree } from '../../git/tree-edit.ts'
import type { BranchName, CommitId, SessionId } from '../../ids.ts'
import { checkpointFacts } from '../../store/changes.ts'
import type { DocumentRules } from '../../store/document.ts'
import { newCommit } from '../../store/git-commit.ts'
import type { GitDoor } from '../../store/git-door.ts'
import type { CommitInfo } from '../../store/git-history.ts'
import { seqOn } from '../../store/lineage.ts'
import { redactValue } from '../../store/redact.ts'
import { type Text, titleOf } from './item-line.ts'
import { ITEMS, OPERATIONS, RUN_STATE, SessionTree } from './session-tree.ts'
import { answers, type WaitingRun } from './waiting-run.ts'

/** What a write makes of what is there. JSON; nothing is redacted yet. */
export interface Change {
  /** So many items stay, those behind them go. */
  keep: number
  /** Behind those that stay. */
  add?: readonly unknown[]
  /** An operation to remember; `clear` forgets those there were. */
  operation?: unknown
  clear?: boolean
  /** `null`: there is none any more. */
  run?: WaitingRun | null
  /** What `git log` says, given what is added as it is stored. */
  text(added: readonly unknown[]): Text
}

/** What the checkpoint is put on; nothing when the session begins with it. */
export interface Place {
  session: SessionId
  branch: BranchName
  parent: CommitInfo | undefined
}

type Rules = Pick<DocumentRules, 'redact'>

/** The checkpoint with all that is new in it; `undefined` when that is nothing. */
export async function newCheckpoint(
  { history, repository, rules }: GitDoor,
  { session, branch, parent }: Place,
  change: Change,
): Promise<Plan<CommitId> | undefined> {
  const before = new SessionTree(repository.objects, parent?.tree)
  const { keep, operation, clear = false } = change
  const add: unknown[] = []
  for (const item of change.add ?? []) {
    const kept = asStored(rules, item, ITEMS, keep + add.length)
    if (kept !== undefined) add.push(kept)
  }
  const count = await before.count()
  if (keep === count && add.length === 0 && operation === undefined && !clear && change.run === undefined)
    return undefined
  const waits = await before.hasRunState()
  const waitsFor = waits ? (await before.fields()).waitsFor : undefined
  const goesOn = change.run === undefined && add.some((item) => answers(item, waitsFor))
  const run = goesOn ? null : change.run && runAsStored(rules, change.run)
  const time = Math.floor(rules.now())
  const done = operation === undefined ? undefined : asStored(rules, operation, OPERATIONS, 0)
  const edits = await before.edits({ keep, add, operations: { clear, add: done }, run }, rules.layout, {
    type: rules.type,
    id: session,
    title: titleOf(add),
    createdAt: new Date(time).toISOString(),
  })
  const { tree, objects } = await editTree(repository.objects, parent?.tree, edits)
  const status = (run === undefined ? waits : run !== null) ? 'waiting' : undefined
  const more = keep + add.length - count
  const { commit, object } = newCommit({
    tree,
    parents: await history.parentsOn(parent, 'save'),
    time,
    after: parent?.committed,
    author: rules.author,
    type: rules.type,
    checkpoint: {
      session,
      branch,
      ...change.text(add),
      kind: 'save',
      seq: seqOn(parent),
      ...checkpointFacts(
        { added: more > 0 ? add.slice(-more) : [], from: count, run: undefined },
        { status },
      ),
    },
  })
  return {
    objects: [...objects, object],
    moves: new Map(),
    result: commit.id,
    placed: () => history.learn(commit),
  }
}

/** A value as it is stored; `undefined` when `redact` takes it away. */
export const asStored = ({ redact }: Rules, value: unknown, collection: string, index: number): unknown =>
  redact === undefined ? value : redactValue(value, redact, [collection, index])

/** A run as it is stored. */
export function runAsStored(rules: Rules, { state, waitsFor }: WaitingRun): WaitingRun {
  const ids = waitsFor.map((id, index) => asStored(rules, id, 'waitsFor', index))
  return {
    state: asStored(rules, state, RUN_STATE, 0) ?? null,
    waitsFor: ids.filter((id) => typeof id === 'string'),
  }
}
