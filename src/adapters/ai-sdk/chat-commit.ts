/** A list of messages as a checkpoint: a turn when it ends with an answer, else a step inside one. */

import { newCommit } from '../../checkpoints/commit.ts'
import { countItems } from '../../checkpoints/documents.ts'
import { checkpointFacts } from '../../checkpoints/facts.ts'
import type { CommitInfo } from '../../checkpoints/history.ts'
import { comparedWith, seqOn } from '../../checkpoints/lineage.ts'
import { editTree, type NewObject } from '../../checkpoints/objects.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import { encodeHead, encodeItem } from '../../codec/index.ts'
import type { BranchName, CommitId, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { Changes } from '../../store/changes.ts'
import type { GitDoor } from '../../store/git-door.ts'
import { defaultSubject } from '../../store/subject.ts'
import type { NextList } from './list-comparison.ts'
import { filesOf, MESSAGES } from './message-files.ts'
import type { StoredMessage } from './stored-message.ts'

export interface NewTurn {
  chat: SessionId
  branch: BranchName
  /** What it stands on: its messages are the first ones of the list, or have grown into them. */
  base: CommitInfo | undefined
  next: NextList
  /** The document without its messages. */
  fields: JsonObject
}

/** The new checkpoint with its objects; the base itself, without any, when it is all that a new branch needs. */
export async function commitOf(
  door: GitDoor,
  { chat, branch, base, next, fields }: NewTurn,
): Promise<{ commit: CommitInfo; objects: readonly NewObject[] }> {
  const { history, repository, rules } = door
  const { objects } = repository
  const { messages } = next
  const there = base === undefined ? 0 : await countItems(objects, base.tree, MESSAGES)
  const edits: Edits = new Map()
  const grown: StoredMessage[] = []
  for (const [index, message] of messages.entries()) {
    if (index < there && !next.files.has(index)) continue
    if (index < there) {
      for (const path of (await filesOf(objects, base!.tree, index)).keys()) edits.set(path, null)
      grown.push(message)
    }
    const files = next.files.get(index) ?? encodeItem(rules.layout, MESSAGES, index, message)
    for (const [path, bytes] of files) edits.set(path, bytes)
  }
  const head = messages.length === 0 ? { ...fields, [MESSAGES]: [] } : fields
  for (const [path, bytes] of encodeHead(head, rules.layout, [])) edits.set(path, bytes)
  const { tree, objects: made } = await editTree(objects, base?.tree, edits)
  if (base !== undefined && tree === base.tree) return { commit: base, objects: [] }

  const onlyTitle = next.files.size === 0 && there === messages.length && base !== undefined
  const kind = messages.at(-1)?.role === 'assistant' && !onlyTitle ? 'save' : 'step'
  const turnBefore = base?.kind === 'step' ? await history.turnParent(base.id) : undefined
  const since = comparedWith(base, kind, turnBefore)
  const from = since === base?.id ? there : await countAt(door, since)
  const added = messages.slice(from)
  const changes: Changes = {
    first: since === undefined,
    added: added.length > 0 ? added : grown,
    from,
    fields: onlyTitle ? ['title'] : [],
    run: undefined,
    collections: onlyTitle ? [] : [MESSAGES],
  }
  const seq = seqOn(base)
  const why = kind === 'save' ? await whyOf(door, branch, since) : ''
  const { commit, object } = newCommit({
    tree,
    parents: await history.parentsOn(base, kind),
    time: Math.floor(rules.now()),
    after: base?.committed,
    author: rules.author,
    type: rules.type,
    checkpoint: {
      session: chat,
      branch,
      subject: withWhy(defaultSubject({ kind, seq }, changes, fields), why),
      body: '',
      kind,
      seq,
      ...checkpointFacts({ added, from }, fields),
    },
  })
  return { commit, objects: [...made, object] }
}

/** What the first turn of a branch says of itself. */
async function whyOf(
  { history }: GitDoor,
  branch: BranchName,
  turnBefore: CommitId | undefined,
): Promise<string> {
  const before = turnBefore === undefined ? undefined : await history.info(turnBefore)
  if (before?.message.trailers?.get('Branch') === branch) return ''
  return branch.startsWith('regenerate-') ? ' again' : branch.startsWith('edit-') ? ' edited' : ''
}

async function countAt({ history, repository }: GitDoor, commit: CommitId | undefined): Promise<number> {
  if (commit === undefined) return 0
  return countItems(repository.objects, (await history.info(commit)).tree, MESSAGES)
}

/** `turn 3: …` as `turn 3 again: …`. */
const withWhy = (subject: string, why: string): string => subject.replace(': ', `${why}: `)
