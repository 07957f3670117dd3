/** Makes a checkpoint of a list of messages: a turn if the list ends with an answer, else a step inside a turn. */

import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { comparedWith, seqOn } from '../../checkpoints/commits/lineage.ts'
import { countItems } from '../../checkpoints/trees/documents.ts'
import { ItemEdits } from '../../checkpoints/trees/edits.ts'
import { blobsOfItem } from '../../checkpoints/trees/files.ts'
import { editTree } from '../../checkpoints/trees/objects.ts'
import type { Writing } from '../../checkpoints/writing.ts'
import { encodeHead, encodeItem } from '../../codec/index.ts'
import type { CommitId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { Changes } from '../../store/changes.ts'
import { defaultBody, defaultSubject } from '../../store/subject.ts'
import type { ChatLine } from './chat-lines.ts'
import type { NextList } from './list-comparison.ts'
import { MESSAGES } from './message-files.ts'
import type { StoredMessage } from './stored-message.ts'

export interface NewTurn {
  /** The parent: its messages are the first ones of the list, or earlier states of them. */
  base: CommitInfo | undefined
  /** The stored chat at the tip. */
  line: ChatLine | undefined
  next: NextList
  /** The document without its messages. */
  fields: JsonObject
}

/** Adds the new checkpoint. Returns the base itself if a new branch needs nothing more. */
export async function addTurn(
  checkpoints: Checkpoints,
  writing: Writing,
  { base, line, next, fields }: NewTurn,
): Promise<CommitInfo> {
  const { history, objects, rules } = checkpoints
  const { messages } = next
  const there = base === line?.commit ? (line?.messages.length ?? 0) : await countAt(checkpoints, base)
  const edits = new ItemEdits()
  const grown: StoredMessage[] = []
  for (const [index, message] of messages.entries()) {
    if (index < there && !next.files.has(index)) continue
    if (index < there) {
      for (const path of (await blobsOfItem(objects, base!.tree, MESSAGES, index)).keys())
        edits.set(path, null)
      grown.push(message)
    }
    const files = next.files.get(index) ?? encodeItem(rules.layout, MESSAGES, index, message)
    if (index < there) for (const [path, bytes] of files) edits.set(path, bytes)
    else edits.add({ collection: MESSAGES, index, files, known: message })
  }
  const head = messages.length === 0 ? { ...fields, [MESSAGES]: [] } : fields
  for (const [path, bytes] of encodeHead(head, rules.layout, [])) edits.set(path, bytes)
  const mayBeSame = base !== undefined && edits.added.size === 0
  if (mayBeSame && (await editTree(objects, base.tree, edits)).tree === base.tree) {
    writing.endAt(base)
    return base
  }

  const onlyTitle = next.files.size === 0 && there === messages.length && base !== undefined
  const kind = messages.at(-1)?.role === 'assistant' && !onlyTitle ? 'save' : 'step'
  const turnBefore = base?.kind === 'step' ? await history.turnParent(base.id) : undefined
  const since = comparedWith(base, kind, turnBefore)
  const from = since === base?.id ? there : await countAt(checkpoints, since && (await history.info(since)))
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
  const why = kind === 'save' ? await whyOf(checkpoints, writing.branch, since) : ''
  return writing.commit({
    parent: base,
    files: edits,
    kind,
    subject: withWhy(defaultSubject({ kind, seq }, changes, fields), why),
    body: defaultBody(kind, added),
    ...checkpointFacts({ added, from }, fields),
  })
}

/** The subject of the first turn of a branch. */
async function whyOf(
  { history }: Checkpoints,
  branch: string,
  turnBefore: CommitId | undefined,
): Promise<string> {
  const before = turnBefore === undefined ? undefined : await history.info(turnBefore)
  if (before?.message.trailers?.get('Branch') === branch) return ''
  return branch.startsWith('regenerate-') ? ' again' : branch.startsWith('edit-') ? ' edited' : ''
}

const countAt = async ({ objects }: Checkpoints, commit: CommitInfo | undefined): Promise<number> =>
  commit === undefined ? 0 : countItems(objects, commit.tree, MESSAGES)

/** `turn 3: …` as `turn 3 again: …`. */
const withWhy = (subject: string, why: string): string => subject.replace(': ', `${why}: `)
