/** Saves chats: one commit per save, on the given branch or a new one, with its refs in one transaction. */
import type { Checkpoints, Onto } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { countItems } from '../../checkpoints/trees/documents.ts'
import { ConflictError, NotFoundError } from '../../errors.ts'
import { type BranchName, branchRef, type CommitId, MAIN, type SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { redactValue } from '../../redaction/redact.ts'
import { addTurn } from './chat-commit.ts'
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
  /** Validates new messages; called with their numbers. */
  check(messages: readonly (readonly [number, StoredMessage])[]): Promise<void>
}

export interface ChatSaved {
  commit: CommitInfo
  branch: BranchName
}

/** The plan of a save. It holds as long as the branch does not move. */
interface Planned {
  /** The given branch, and its tip at the time. */
  meant: BranchName
  tip: CommitId | undefined
  onto: Onto & { branch: BranchName }
  /** The parent of the new checkpoint. */
  base: CommitInfo | undefined
  /** The stored chat at the tip. */
  line: ChatLine | undefined
  next: NextList
  fields: JsonObject
  /** There is nothing to write. */
  isSame: boolean
}

export class ChatWriter {
  readonly #checkpoints: Checkpoints
  readonly #lines: ChatLines

  constructor(checkpoints: Checkpoints, lines: ChatLines) {
    this.#checkpoints = checkpoints
    this.#lines = lines
  }

  async save(save: ChatSave): Promise<ChatSaved> {
    let planned = await this.#plan(save)
    if (planned.isSame) return { commit: planned.line!.commit, branch: planned.meant }
    return this.#checkpoints.write<ChatSaved>({
      session: save.chat,
      onto: async () => {
        planned = await this.#plan(save, planned)
        return planned.onto
      },
      decide: async (writing) => {
        const { line, next, fields, onto, isSame, meant } = planned
        if (isSame) return { commit: line!.commit, branch: meant }
        const commit = await addTurn(this.#checkpoints, writing, planned)
        writing.onPlaced(() => {
          const after = lineAfter(this.#checkpoints.rules, line, save.messages, next, { commit, fields })
          this.#lines.keep(after, onto.starts === true ? undefined : line)
        })
        return { commit, branch: onto.branch }
      },
    })
  }

  /** @param before an earlier plan, which is valid while the branch has not moved */
  async #plan(save: ChatSave, before?: Planned): Promise<Planned> {
    const { history, rules } = this.#checkpoints
    const { chat, expected } = save
    const there = (await this.#checkpoints.open()) && history.exists(chat)
    const branch = save.branch ?? (there ? history.active(chat) : MAIN)
    const tip = there ? history.head(chat, branch) : undefined
    if (before?.meant === branch && before.tip === tip && (tip !== undefined || !there)) {
      const { starts, branch: name } = before.onto
      if (starts !== true || history.head(chat, name) === undefined) return before
    }
    if (tip === undefined) {
      if (typeof expected === 'string' && expected !== 'any') {
        throw new ConflictError({ session: chat, branch, expected, actual: null })
      }
      if (there) throw new NotFoundError({ kind: 'branch', id: branch, session: chat })
      if (branch !== MAIN) throw new NotFoundError({ kind: 'session', id: chat })
      return this.#begin(save)
    }
    const line = await this.#lines.at(chat, await history.info(tip))
    const seen = expected === tip || expected === 'any'
    const next = await compareList(rules, line, save.messages, { fromTab: save.trigger !== undefined, seen })
    const turn = turnOf(line.messages, next, { ...save, seen })
    const question = turn === 'unchanged' ? undefined : firstQuestion(next.messages)
    const title = (await this.#title(save.title)) ?? line.fields.title ?? question
    const isSame = turn === 'unchanged' && title === line.fields.title
    const fields = title === line.fields.title ? line.fields : { ...line.fields, title }
    const plan = { meant: branch, tip, line, next, fields, isSame, base: line.commit, onto: { branch } }
    if (isSame) return plan
    if (expected !== undefined && !seen) {
      throw new ConflictError({ session: chat, branch, expected, actual: tip })
    }
    if (turn === 'stale') throw stale(save, branch, tip, line, next)
    await save.check([...next.files.keys()].map((index) => [index, save.messages[index]!]))
    if (turn === 'on' || turn === 'unchanged') return plan
    // The old branch must not have moved.
    const also = [branchRef(chat, branch)]
    const onto = { branch: this.#newBranch(chat, turn), starts: true, activates: true, also }
    return { ...plan, onto, base: await this.#base(line, next.same) }
  }

  /** A new chat, whose title is its first question. */
  async #begin(save: ChatSave): Promise<Planned> {
    const { rules } = this.#checkpoints
    const next = await compareList(rules, undefined, save.messages, { fromTab: false, seen: false })
    await save.check([...save.messages.entries()])
    const title = (await this.#title(save.title)) ?? firstQuestion(next.messages)
    const fields = {
      type: rules.type,
      id: save.chat,
      ...(title !== undefined && title !== '' && { title }),
      createdAt: new Date(Math.floor(rules.now())).toISOString(),
    }
    const onto = { branch: MAIN, starts: true }
    return {
      meant: MAIN,
      tip: undefined,
      line: undefined,
      next,
      fields,
      isSame: false,
      base: undefined,
      onto,
    }
  }

  async #title(title: string | undefined): Promise<string | undefined> {
    const { redact } = this.#checkpoints.rules
    if (title === undefined || redact === undefined) return title
    return (await redactValue(title, redact, ['title'])) as string | undefined
  }

  /** The newest checkpoint that has at most the first `count` messages of the line. */
  async #base(line: ChatLine, count: number): Promise<CommitInfo | undefined> {
    const { history, objects } = this.#checkpoints
    if (count === 0) return undefined
    for await (const commit of history.line(line.commit.id)) {
      const has = await countItems(objects, commit.tree, MESSAGES)
      if (has === 0 || has > count) continue
      if ((await firstDifference(objects, commit.tree, line.commit.tree)) >= has) return commit
    }
    return undefined
  }

  #newBranch(chat: SessionId, turn: string): BranchName {
    const taken = this.#checkpoints.history.branches(chat)
    for (let number = 1; ; number++) {
      const branch = `${turn}-${number}` as BranchName
      if (!taken.has(branch)) return branch
    }
  }
}

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
      ? `has ${line.messages.length} messages on ${branch}, but the list has only the first ${kept}`
      : `has ${isBehind ? `'${messages[kept]!.id}' with other content` : 'something else'} on ${branch} where this list has '${messages[kept]!.id}' (messages[${kept}])`
  return new ConflictError(
    { session: chat, branch, expected, actual: tip },
    `Chat '${chat}' ${what}: the list is not based on the newest messages. Load the chat again. For a regenerated answer or an edit, pass the trigger and messageId of the request. To start a branch in any case, pass 'expected'.`,
  )
}
