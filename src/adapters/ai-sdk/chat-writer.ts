/** Saves of chats: one commit a save, on the branch that is meant or on a new one, with its refs in one transaction. */
import { encodeHead, encodeItem } from '../../codec/index.ts'
import { ConflictError, InvalidStateError, NotFoundError } from '../../errors.ts'
import type { Plan } from '../../git/group-commit.ts'
import { PURGE_LOCK } from '../../git/purge.ts'
import { TimeSlice } from '../../git/time-slice.ts'
import { editTree } from '../../git/tree-edit.ts'
import { activeRef, type BranchName, branchRef, type CommitId, MAIN, type SessionId } from '../../ids.ts'
import { type Changes, checkpointFacts } from '../../store/changes.ts'
import { newCommit } from '../../store/git-commit.ts'
import type { GitDoor } from '../../store/git-door.ts'
import type { CommitInfo } from '../../store/git-history.ts'
import { countItems, type Edits } from '../../store/git-line.ts'
import { deepCopy, type JsonObject } from '../../store/json-value.ts'
import { comparedWith, seqOn, timeOn } from '../../store/lineage.ts'
import { redactValue } from '../../store/redact.ts'
import { defaultSubject, oneLine } from '../../store/subject.ts'
import type { ChatLine, ChatLines } from './chat-lines.ts'
import { filesOf, firstDifference, MESSAGES } from './message-files.ts'
import { isGrown, isTrimmed, type StoredMessage } from './message-growth.ts'
import { type Comparison, type TurnRequest, turnOf } from './turn.ts'

export interface ChatSave extends Omit<TurnRequest, 'seen'> {
  chat: SessionId
  messages: readonly StoredMessage[]
  branch: BranchName | undefined
  expected: string | null | undefined
  title: string | undefined
  /** Looks at messages that are new, by number. */
  check(messages: readonly (readonly [number, StoredMessage])[]): Promise<void>
}

export interface ChatSaved {
  commit: CommitInfo
  branch: BranchName
}

/** What a save makes of the chat: the messages afterwards, those that stay being the stored ones themselves. */
interface Next extends Comparison {
  messages: readonly StoredMessage[]
  /** Files of those that are not stored yet. */
  files: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>
}

/** Where a save goes: on top of `tip`, or on a branch that is new. */
interface Place {
  ref: string
  branch: BranchName
  /** What the new checkpoint stands on. */
  base: CommitInfo | undefined
  /** The branch that a new one leaves, and must still be where it was. */
  source?: { ref: string; tip: CommitId }
  why: '' | ' again' | ' edited'
}

const ROUNDS = 20

export class ChatWriter {
  readonly #door: GitDoor
  readonly #lines: ChatLines

  constructor(door: GitDoor, lines: ChatLines) {
    this.#door = door
    this.#lines = lines
  }

  async save(save: ChatSave): Promise<ChatSaved> {
    for (let round = 0; round < ROUNDS; round++) {
      const saved = await this.#try(save)
      if (saved !== AGAIN) return saved
    }
    const branch = save.branch ?? MAIN
    throw new ConflictError(
      { session: save.chat, branch, actual: null },
      `Chat '${save.chat}' changes all the time. Try again.`,
    )
  }

  async #try(save: ChatSave): Promise<ChatSaved | typeof AGAIN> {
    const { history, repository } = this.#door
    const { chat, expected } = save
    const there = (await repository.open()) && history.exists(chat)
    const branch = save.branch ?? (there ? history.active(chat) : MAIN)
    const ref = branchRef(chat, branch)
    const tip = there ? history.head(chat, branch) : undefined
    if (tip === undefined) {
      if (typeof expected === 'string' && expected !== 'any') {
        throw new ConflictError({ session: chat, branch, expected, actual: null })
      }
      if (there) throw new NotFoundError({ kind: 'branch', id: branch, session: chat })
      if (branch !== MAIN) throw new NotFoundError({ kind: 'session', id: chat })
      return this.#begin(save, ref)
    }
    const line = await this.#lines.at(chat, await history.info(tip))
    const next = await this.#next(line, save.messages)
    const seen = expected === tip || expected === 'any'
    const turn = turnOf(line.messages, save.messages.length, next, { ...save, seen })
    const title = this.#title(save.title) ?? line.fields.title
    if (turn === 'unchanged' && title === line.fields.title) return { commit: line.commit, branch }
    if (expected !== undefined && !seen) {
      throw new ConflictError({ session: chat, branch, expected, actual: tip })
    }
    if (turn === 'stale') throw stale(save, branch, tip, line, next)
    await save.check([...next.files.keys()].map((index) => [index, save.messages[index]!]))
    const fields = title === line.fields.title ? line.fields : { ...line.fields, title }
    if (turn === 'on' || turn === 'unchanged') {
      return this.#write(save, { ref, branch, base: line.commit, why: '' }, next, fields, line)
    }
    const source = { ref, tip }
    const place = { ...this.#newBranch(chat, turn), base: await this.#base(line, next.same), source }
    const why = turn === 'regenerate' ? ' again' : turn === 'edit' ? ' edited' : ''
    return this.#write(save, { ...place, why }, next, fields, line)
  }

  /** A new chat. Its title is the first question until there is another. */
  async #begin(save: ChatSave, ref: string): Promise<ChatSaved | typeof AGAIN> {
    const next = await this.#next(undefined, save.messages)
    await save.check([...save.messages.entries()])
    const title = this.#title(save.title) ?? firstQuestion(next.messages)
    const { rules } = this.#door
    const fields = {
      type: rules.type,
      id: save.chat,
      ...(title !== undefined && title !== '' && { title }),
      createdAt: new Date(Math.floor(rules.now())).toISOString(),
    }
    return this.#write(save, { ref, branch: MAIN, base: undefined, why: '' }, next, fields, undefined)
  }

  /** Compares with what is stored, and encodes what is not. Throws InvalidStateError. */
  async #next(line: ChatLine | undefined, given: readonly StoredMessage[]): Promise<Next> {
    const stored = line?.messages ?? []
    const messages: StoredMessage[] = []
    const files = new Map<number, ReadonlyMap<string, Uint8Array>>()
    let [same, kept] = [stored.length, stored.length]
    const slice = new TimeSlice()
    for (let index = 0; index < given.length; index++) {
      if (index % 64 === 63 && slice.isOver()) await slice.next()
      const [before, message] = [stored[index], given[index]!]
      if (before !== undefined && kept > index && this.#isStored(line!, index, message)) {
        messages.push(before)
        continue
      }
      const clean = this.#redacted(message, index)
      if (before !== undefined) {
        same = Math.min(same, index)
        if (kept > index && !isGrown(before, clean)) kept = index
      }
      files.set(index, encodeItem(this.#door.rules.layout, MESSAGES, index, clean))
      messages.push(deepCopy(clean))
    }
    return { messages, files, same: Math.min(same, given.length), kept: Math.min(kept, given.length) }
  }

  #isStored(line: ChatLine, index: number, message: StoredMessage): boolean {
    const stored = line.messages[index]
    if (isTrimmed(message, line.asGiven.get(index) ?? stored)) return true
    if (this.#door.rules.redact === undefined && !line.asGiven.has(index)) return false
    if (!isTrimmed(message, stored) && !isTrimmed(this.#redacted(message, index), stored)) return false
    line.asGiven.set(index, deepCopy(message))
    return true
  }

  #redacted(message: StoredMessage, index: number): StoredMessage {
    const { redact } = this.#door.rules
    if (redact === undefined) return message
    const kept = redactValue(message, redact, [MESSAGES, index]) as StoredMessage | undefined
    if (kept?.id === message.id && kept.role === message.role && Array.isArray(kept.parts)) return kept
    throw new InvalidStateError([
      { path: [MESSAGES, index], message: 'must keep its id, role and parts when it is redacted' },
    ])
  }

  #title(title: string | undefined): string | undefined {
    const { redact } = this.#door.rules
    if (title === undefined || redact === undefined) return title
    return redactValue(title, redact, ['title']) as string | undefined
  }

  /** The newest checkpoint whose messages are no more than the first `count` of the line. */
  async #base(line: ChatLine, count: number): Promise<CommitInfo | undefined> {
    const { history, repository } = this.#door
    if (count === 0) return undefined
    for await (const commit of history.line(line.commit.id)) {
      const has = await countItems(repository.objects, commit.tree, MESSAGES)
      if (has === 0 || has > count) continue
      if ((await firstDifference(repository.objects, commit.tree, line.commit.tree)) >= has) return commit
    }
    return undefined
  }

  #newBranch(chat: SessionId, turn: string): { ref: string; branch: BranchName } {
    const taken = this.#door.history.branches(chat)
    for (let number = 1; ; number++) {
      const branch = `${turn}-${number}` as BranchName
      if (!taken.has(branch)) return { ref: branchRef(chat, branch), branch }
    }
  }

  async #write(
    save: ChatSave,
    place: Place,
    next: Next,
    fields: JsonObject,
    line: ChatLine | undefined,
  ): Promise<ChatSaved | typeof AGAIN> {
    const { repository, history } = this.#door
    const { ref, branch, base, source } = place
    const made = await this.#commit(save, place, next, fields)
    const active = activeRef(save.chat)
    const isNew = base === undefined || source !== undefined
    const expected = isNew ? undefined : base.id
    return repository.change<ChatSaved | typeof AGAIN>(
      {
        refs: [ref, ...(isNew ? [PURGE_LOCK] : []), ...(source === undefined ? [] : [source.ref, active])],
        prepare: (current): Plan<ChatSaved | typeof AGAIN> => {
          const moved = current.get(ref) !== expected
          const left = source !== undefined && current.get(source.ref) !== source.tip
          const taken = isNew && source === undefined && history.exists(save.chat)
          if (moved || left || taken) return { objects: [], moves: new Map(), result: AGAIN }
          return {
            objects: made.objects,
            moves: new Map([[ref, made.commit.id]]),
            ...(source !== undefined && { symbolic: [{ ref: active, to: ref }] }),
            result: { commit: made.commit, branch },
            placed: () => {
              history.learn(made.commit)
              const after = this.#lineAfter(made.commit, save, next, fields, line)
              this.#lines.keep(after, source === undefined ? line : undefined)
            },
          }
        },
      },
      ref,
    )
  }

  /** The new checkpoint; the base itself when it is all that a new branch needs. */
  async #commit(save: ChatSave, { branch, base, why }: Place, next: Next, fields: JsonObject) {
    const { history, repository, rules } = this.#door
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
    if (tree === base?.tree) return { commit: base, objects: [] }

    const onlyTitle = next.files.size === 0 && there === messages.length && base !== undefined
    const kind = messages.at(-1)?.role === 'assistant' && !onlyTitle ? 'save' : 'step'
    const turnBefore = base?.kind === 'step' ? await history.turnParent(base.id) : undefined
    const since = comparedWith(base, kind, turnBefore)
    const from = since === base?.id ? there : await this.#countAt(since)
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
    const { commit, object } = newCommit({
      tree,
      parents: await history.parentsOn(base, kind),
      time: timeOn(base === undefined ? [] : [base.time], Math.floor(rules.now())),
      author: rules.author,
      type: rules.type,
      checkpoint: {
        session: save.chat,
        branch,
        subject: withWhy(defaultSubject({ kind, seq }, changes, fields), why),
        body: '',
        kind,
        seq,
        ...checkpointFacts({ added, from, run: undefined }, fields),
      },
    })
    return { commit, objects: [...made, object] }
  }

  async #countAt(commit: CommitId | undefined): Promise<number> {
    if (commit === undefined) return 0
    const { history, repository } = this.#door
    return countItems(repository.objects, (await history.info(commit)).tree, MESSAGES)
  }

  #lineAfter(
    commit: CommitInfo,
    { messages: given }: ChatSave,
    { messages, files }: Next,
    fields: JsonObject,
    line: ChatLine | undefined,
  ): ChatLine {
    const asGiven = new Map(line?.asGiven)
    for (const index of asGiven.keys()) if (index >= messages.length) asGiven.delete(index)
    let bytes = line?.bytes ?? 0
    for (const [index, encoded] of files) {
      for (const file of encoded.values()) bytes += file.length
      if (this.#door.rules.redact === undefined) continue
      if (isTrimmed(given[index], messages[index])) asGiven.delete(index)
      else asGiven.set(index, deepCopy(given[index]))
    }
    return { commit, fields, messages, asGiven, bytes }
  }
}

const AGAIN = Symbol('again')

/** `turn 3: …` as `turn 3 again: …`. */
const withWhy = (subject: string, why: string): string => subject.replace(': ', `${why}: `)

function firstQuestion(messages: readonly StoredMessage[]): string | undefined {
  for (const { role, parts } of messages) {
    if (role !== 'user') continue
    const texts = parts.map((part) => (part as { text?: unknown } | null)?.text)
    const text = oneLine(
      texts
        .filter((one) => typeof one === 'string')
        .join(' ')
        .slice(0, 400),
    )
    if (text !== '') return text.length <= TITLE ? text : `${text.slice(0, TITLE - 1).trimEnd()}…`
  }
  return undefined
}

const TITLE = 80

function stale(
  { chat, messages, expected }: ChatSave,
  branch: BranchName,
  tip: CommitId,
  line: ChatLine,
  { kept }: Next,
): ConflictError {
  const what =
    kept === messages.length
      ? `has ${line.messages.length} messages on ${branch}, and these are only the first ${kept}`
      : `has another message on ${branch} where this list has '${messages[kept]!.id}' (number ${kept})`
  return new ConflictError(
    { session: chat, branch, expected, actual: tip },
    `Chat '${chat}' ${what}: the list is not the newest. Load the chat again. For another try or an edit pass the trigger and messageId of the request; to branch all the same, pass 'expected'.`,
  )
}
