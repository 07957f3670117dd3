/** Chats of `useChat` back ends, kept as sessions: one commit a turn, one branch for each way a chat went. */
import type { UIMessage } from 'ai'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { checkpointsOf } from '../../checkpoints/of-store.ts'
import { blobsOfItem, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeItem } from '../../codec/index.ts'
import { InvalidStateError, NotFoundError } from '../../errors.ts'
import { type BranchName, parseBranchName, parseSessionId, type SessionId } from '../../ids.ts'
import { deepCopy } from '../../json-value.ts'
import type { GitSessionStore } from '../../store/git/git-session-store.ts'
import type { Branch, Checkpoint, ListOptions, SessionSummary } from '../../store/session-store.ts'
import { type ChatLine, ChatLines } from './chat-lines.ts'
import { ChatWriter } from './chat-writer.ts'
import { checkMessages, checkSchemas, type MessageSchemas } from './message-check.ts'
import { MESSAGES } from './message-files.ts'
import { type Variants, variantsOf } from './siblings.ts'
import type { ChatTrigger } from './turn.ts'

/** The type that sessions of this adapter carry. */
export const CHAT_TYPE = 'ai-sdk-chat'

/** A UI message of any version of the AI SDK. */
export interface AnyMessage {
  id: string
  role: 'system' | 'user' | 'assistant'
  metadata?: unknown
  // biome-ignore lint/suspicious/noExplicitAny: each version has more kinds of parts
  parts: any[]
}

/** A chat as a document: what `store.load` returns. */
export interface ChatDocument<M extends AnyMessage = UIMessage> {
  type: typeof CHAT_TYPE
  id: string
  /** The first question, until `save` is given another. */
  title?: string
  /** ISO 8601. */
  createdAt: string
  messages: M[]
}

/** A chat as `read` returns it. */
export interface Chat<M extends AnyMessage = UIMessage> {
  id: string
  title: string | undefined
  messages: M[]
  branch: string
  /** Id of the checkpoint; what to pass as `expected`. */
  checkpoint: string
}

export interface SaveChatOptions<M extends AnyMessage = UIMessage> {
  chatId: string
  /**
   * The whole list, as `onFinish` has it, or as a request brings it. It must not change before the promise resolves.
   */
  messages: readonly M[]
  /** As it came with the request. */
  trigger?: ChatTrigger | undefined
  /** As it came with the request: the message that is regenerated or edited. */
  messageId?: string | undefined
  /**
   * The checkpoint that the caller has seen: the branch must be there. With it, any list is taken, as a branch if
   * need be. `null`: the chat must be new; `'any'`: take it knowingly.
   */
  expected?: string | null | undefined
  /** Default: the active branch. */
  branch?: string | undefined
  title?: string | undefined
}

/** A message and the others in its place, oldest first. */
export interface Siblings<M extends AnyMessage = UIMessage> {
  /** Which of them is shown, from 0: `${index + 1} of ${messages.length}`. */
  index: number
  messages: readonly Sibling<M>[]
}

export interface Sibling<M extends AnyMessage = UIMessage> {
  message: M
  /** What to `select` to show it. */
  branch: string
}

export class ChatStore<M extends AnyMessage = UIMessage> {
  /** The chats as sessions: for `log`, `diff`, `fork`, `tag`, `verify`, `maintain` and whatever else a store does. */
  readonly store: GitSessionStore<ChatDocument<M>>
  readonly #schemas: MessageSchemas
  readonly #checkpoints: Checkpoints
  readonly #lines: ChatLines
  readonly #writer: ChatWriter

  /** Made by `chatStore`. */
  constructor(store: GitSessionStore<ChatDocument<M>>, schemas: MessageSchemas = {}) {
    this.store = store
    this.#schemas = schemas
    this.#checkpoints = checkpointsOf(store)
    this.#lines = new ChatLines(this.#checkpoints)
    this.#writer = new ChatWriter(this.#checkpoints, this.#lines)
  }

  /**
   * The messages of a chat, `[]` when there is no such chat. They come back whole, as they were given, and are not
   * validated: schemas change, and an old chat still has to be readable.
   *
   * @param options.at any revision, such as `main~3`. Throws NotFoundError for an unknown one
   */
  async load(chatId: string, options: { at?: string; branch?: string } = {}): Promise<M[]> {
    return (await this.read(chatId, options))?.messages ?? []
  }

  /** As `load`, with the title and the checkpoint. `undefined` when there is no such chat. */
  async read(
    chatId: string,
    { at, branch }: { at?: string; branch?: string } = {},
  ): Promise<Chat<M> | undefined> {
    const [id, named] = [parseSessionId(chatId), parseOptional(branch)]
    return this.#checkpoints.lifetime.use(async () => {
      const found = await this.#checkpoints.read(id, { branch: named, at })
      if (found === undefined) return undefined
      const { branch: name, commit } = found
      const line = at === undefined ? await this.#lines.at(id, commit) : await this.#lines.read(id, commit)
      return this.#shown(id, name, line)
    })
  }

  /**
   * Saves a chat as one checkpoint, or none when nothing is new. What it costs to write does not grow with the chat.
   *
   * A list that goes on from the stored one goes on its branch; the last answer may have grown. A regenerated answer
   * or an edited question (`trigger` and `messageId` of the request say which) starts a branch at the last checkpoint
   * before it, which becomes the active one. A list that ends with an answer is a turn, any other a step inside one.
   *
   * Throws ConflictError when the list is of a stale tab, InvalidStateError for messages that do not fit.
   *
   *     onFinish: async ({ messages }) => void (await chats.save({ chatId: id, messages, trigger, messageId }))
   */
  async save(options: SaveChatOptions<M>): Promise<Checkpoint> {
    const { chatId, messages, trigger, messageId, expected, branch, title } = options
    const chat = parseSessionId(chatId)
    checkRequest({ trigger, messageId, expected: expected ?? undefined, title })
    const save = {
      chat,
      messages: checkMessages(messages),
      branch: parseOptional(branch),
      trigger,
      messageId,
      expected,
      title,
      check: (added: Parameters<typeof checkSchemas>[0]) => checkSchemas(added, messages, this.#schemas),
    }
    return this.#checkpoints.lifetime.use(async () => {
      const saved = await this.#writer.save(save)
      return { ...this.#checkpoints.history.present(saved.commit, chat, saved.branch), branch: saved.branch }
    })
  }

  /**
   * A message and what else was answered or asked in its place. Throws NotFoundError when the branch has no such
   * message.
   */
  async siblings(chatId: string, messageId: string, options: { branch?: string } = {}): Promise<Siblings<M>> {
    const [id, named] = [parseSessionId(chatId), parseOptional(options.branch)]
    return this.#checkpoints.lifetime.use(async () => {
      const { branch, line, variants } = await this.#variants(id, named)
      const index = line.messages.findIndex((message) => message.id === messageId)
      if (index === -1) throw new NotFoundError({ kind: 'message', id: messageId, session: id })
      const own = { index: 0, variants: [{ branch, tree: line.commit.tree }] }
      return this.#siblings(index, variants.get(index) ?? own)
    })
  }

  /** The siblings of every message that has some, by the id of the message: all switchers of a page in one call. */
  async allSiblings(
    chatId: string,
    options: { branch?: string } = {},
  ): Promise<ReadonlyMap<string, Siblings<M>>> {
    const [id, named] = [parseSessionId(chatId), parseOptional(options.branch)]
    return this.#checkpoints.lifetime.use(async () => {
      const { line, variants } = await this.#variants(id, named)
      const found = new Map<string, Siblings<M>>()
      for (const [index, one] of [...variants].sort(([a], [b]) => a - b)) {
        found.set(line.messages[index]!.id, await this.#siblings(index, one))
      }
      return found
    })
  }

  /** Makes a branch the active one, such as that of a sibling. Throws NotFoundError. */
  async select(chatId: string, branch: string): Promise<void> {
    await this.#checkType(parseSessionId(chatId))
    await this.store.switch(chatId, branch)
  }

  /** In the order of their names. Throws NotFoundError. */
  branches(chatId: string): Promise<Branch[]> {
    return this.store.branches(chatId)
  }

  /** Chats, not other sessions of the repository; the most recently saved first. */
  list(options: Omit<ListOptions, 'type'> = {}): AsyncIterable<SessionSummary> {
    return this.store.list({ ...options, type: CHAT_TYPE })
  }

  /** Deletes a chat with all its branches; says whether there was one. */
  async delete(chatId: string): Promise<boolean> {
    await this.#checkType(parseSessionId(chatId))
    return this.store.delete(chatId)
  }

  /** Waits for what is under way. A store that was given stays open. */
  close(): Promise<void> {
    return this.store.close()
  }

  async #variants(id: SessionId, named: BranchName | undefined) {
    if (!(await this.#exists(id))) throw new NotFoundError({ kind: 'session', id })
    const { history } = this.#checkpoints
    const branch = named ?? history.active(id)
    const branches = history.branches(id)
    const tip = history.head(id, branch)
    if (tip === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session: id })
    const line = await this.#lines.at(id, await history.info(tip))
    const variants = await variantsOf(this.#checkpoints, branches, { branch, tip })
    return { branch, line, variants }
  }

  async #siblings(at: number, { index, variants }: Variants): Promise<Siblings<M>> {
    const { objects } = this.#checkpoints
    const messages: Sibling<M>[] = []
    for (const { branch, tree } of variants) {
      const files = await readBlobs(objects, await blobsOfItem(objects, tree, MESSAGES, at))
      messages.push({ branch, message: decodeItem(files) as M })
    }
    return { index, messages }
  }

  async #exists(id: SessionId): Promise<boolean> {
    return (await this.#checkpoints.open()) && this.#checkpoints.history.exists(id)
  }

  /** Throws InvalidStateError for a session that is no chat. */
  async #checkType(id: SessionId): Promise<void> {
    await this.#checkpoints.lifetime.use(async () => {
      if (!(await this.#exists(id))) return
      const { history } = this.#checkpoints
      const tip = history.head(id, history.active(id)) ?? history.branches(id).values().next().value
      if (tip !== undefined) await this.#checkpoints.checked(id, tip)
    })
  }

  #shown(id: SessionId, branch: BranchName, { commit, fields, messages }: ChatLine): Chat<M> {
    const title = typeof fields.title === 'string' ? fields.title : undefined
    return {
      id,
      title,
      messages: deepCopy(messages) as unknown as M[],
      branch,
      checkpoint: commit.id,
    }
  }
}

/** What comes with a request is anybody's: throws InvalidStateError. */
function checkRequest(values: Readonly<Record<string, unknown>>): void {
  const issues = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return []
    if (name === 'trigger') return TRIGGERS.has(value) ? [] : [{ path: [name], message: `has to be ${HOW}` }]
    return typeof value === 'string' ? [] : [{ path: [name], message: 'has to be text' }]
  })
  if (issues.length > 0) throw new InvalidStateError(issues)
}

const TRIGGERS = new Set<unknown>(['submit-message', 'regenerate-message'])
const HOW = "'submit-message' or 'regenerate-message'"

const parseOptional = (branch: string | undefined): BranchName | undefined =>
  branch === undefined ? undefined : parseBranchName(branch)
