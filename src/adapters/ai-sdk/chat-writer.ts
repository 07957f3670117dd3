/** Saves of chats: one commit a save, on the branch that is meant or on a new one, with its refs in one transaction. */

import { countItems } from '../../checkpoints/documents.ts'
import type { CommitInfo } from '../../checkpoints/history.ts'
import { ConflictError, NotFoundError } from '../../errors.ts'
import type { Plan } from '../../git/group-commit.ts'
import { PURGE_LOCK } from '../../git/purge.ts'
import { activeRef, type BranchName, branchRef, type CommitId, MAIN, type SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { redactValue } from '../../redaction/redact.ts'
import type { GitDoor } from '../../store/git-door.ts'
import { commitOf } from './chat-commit.ts'
import type { ChatLine, ChatLines } from './chat-lines.ts'
import { firstQuestion } from './chat-title.ts'
import { compareList, lineAfter, type NextList } from './list-comparison.ts'
import { firstDifference, MESSAGES } from './message-files.ts'
import type { StoredMessage } from './stored-message.ts'
import { type TurnRequest, turnOf } from './turn.ts'

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

/** Where a save goes: on top of `tip`, or on a branch that is new. */
interface Place {
  ref: string
  branch: BranchName
  /** What the new checkpoint stands on. */
  base: CommitInfo | undefined
  /** The branch that a new one leaves, and must still be where it was. */
  source?: { ref: string; tip: CommitId }
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
    const { history, repository, rules } = this.#door
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
    const seen = expected === tip || expected === 'any'
    const next = await compareList(rules, line, save.messages, { fromTab: save.trigger !== undefined, seen })
    const turn = turnOf(line.messages, next, { ...save, seen })
    const question = turn === 'unchanged' ? undefined : firstQuestion(next.messages)
    const title = this.#title(save.title) ?? line.fields.title ?? question
    if (turn === 'unchanged' && title === line.fields.title) return { commit: line.commit, branch }
    if (expected !== undefined && !seen) {
      throw new ConflictError({ session: chat, branch, expected, actual: tip })
    }
    if (turn === 'stale') throw stale(save, branch, tip, line, next)
    await save.check([...next.files.keys()].map((index) => [index, save.messages[index]!]))
    const fields = title === line.fields.title ? line.fields : { ...line.fields, title }
    if (turn === 'on' || turn === 'unchanged') {
      return this.#write(save, { ref, branch, base: line.commit }, next, fields, line)
    }
    const source = { ref, tip }
    const place = { ...this.#newBranch(chat, turn), base: await this.#base(line, next.same), source }
    return this.#write(save, place, next, fields, line)
  }

  /** A new chat. Its title is the first question until there is another. */
  async #begin(save: ChatSave, ref: string): Promise<ChatSaved | typeof AGAIN> {
    const { rules } = this.#door
    const next = await compareList(rules, undefined, save.messages, { fromTab: false, seen: false })
    await save.check([...save.messages.entries()])
    const title = this.#title(save.title) ?? firstQuestion(next.messages)
    const fields = {
      type: rules.type,
      id: save.chat,
      ...(title !== undefined && title !== '' && { title }),
      createdAt: new Date(Math.floor(rules.now())).toISOString(),
    }
    return this.#write(save, { ref, branch: MAIN, base: undefined }, next, fields, undefined)
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
    next: NextList,
    fields: JsonObject,
    line: ChatLine | undefined,
  ): Promise<ChatSaved | typeof AGAIN> {
    const { repository, history, rules } = this.#door
    const { ref, branch, base, source } = place
    const made = await commitOf(this.#door, { chat: save.chat, branch, base, next, fields })
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
              const after = lineAfter(rules, line, save.messages, next, { commit: made.commit, fields })
              this.#lines.keep(after, source === undefined ? line : undefined)
            },
          }
        },
      },
      ref,
    )
  }
}

const AGAIN = Symbol('again')

function stale(
  { chat, messages, expected }: ChatSave,
  branch: BranchName,
  tip: CommitId,
  line: ChatLine,
  { kept }: NextList,
): ConflictError {
  const isBehind = line.messages[kept]?.id === messages[kept]?.id
  const what =
    kept === messages.length
      ? `has ${line.messages.length} messages on ${branch}, and these are only the first ${kept}`
      : `has ${isBehind ? `'${messages[kept]!.id}' with other content` : 'something else'} on ${branch} where this list has '${messages[kept]!.id}' (messages[${kept}])`
  return new ConflictError(
    { session: chat, branch, expected, actual: tip },
    `Chat '${chat}' ${what}: the list is not the newest. Load the chat again. For another try or an edit pass the trigger and messageId of the request; to branch all the same, pass 'expected'.`,
  )
}
