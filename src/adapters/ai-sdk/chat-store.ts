/** Chats of `useChat`, stored as sessions: one commit per turn, one branch for each alternative. */
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
import type { StoredMessage } from './stored-message.ts'
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
  /** The first question, until `save` receives another title. */
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
  /** Id of the checkpoint, to pass as `expected`. */
  checkpoint: string
}

export interface SaveChatOptions<M extends AnyMessage = UIMessage> {
  chatId: string
  /**
   * The whole list, from `onFinish` or from a request. It must not change before the promise resolves.
   */
  messages: readonly M[]
  /** The `trigger` of the request. */
  trigger?: ChatTrigger | undefined
  /** The `messageId` of the request: the message that is regenerated or edited. */
  messageId?: string | undefined
  /**
   * The checkpoint that the caller has seen. The branch must be at this checkpoint; then any list is accepted, if
   * necessary as a new branch. `null`: the chat must be new. `'any'`: do not check.
   */
  expected?: string | null | undefined
  /** Default: the active branch. */
  branch?: string | undefined
  title?: string | undefined
}

/** A message and its alternatives, oldest first. */
export interface Siblings<M extends AnyMessage = UIMessage> {
  /** The position of the shown message, from 0: `${index + 1} of ${messages.length}`. */
  index: number
  messages: readonly Sibling<M>[]
}

export interface Sibling<M extends AnyMessage = UIMessage> {
  message: M
  /** The branch to `select` to show it. */
  branch: string
}

export class ChatStore<M extends AnyMessage = UIMessage> {
  /** The chats as sessions, for `log`, `diff`, `fork`, `tag`, `verify`, `maintain` and all other methods of a store. */
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
   * Returns the messages of a chat as they were saved; `[]` if the chat does not exist. They are not validated, because
   * schemas change and an old chat must stay readable.
   *
   * @param options.at any revision, such as `main~3`. Throws NotFoundError for an unknown one
   */
  async load(chatId: string, options: { at?: string; branch?: string } = {}): Promise<M[]> {
    return (await this.read(chatId, options))?.messages ?? []
  }

  /** As `load`, with the title and the checkpoint. `undefined` if the chat does not exist. */
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
   * Saves a chat as one checkpoint, or none if nothing is new. The cost of writing does not grow with the chat.
   *
   * A list that continues the stored one is added to its branch; the last answer may have grown. A regenerated answer
   * or an edited question (see `trigger` and `messageId`) starts a branch at the last checkpoint before it, and this
   * branch becomes active. A list that ends with an answer is a turn. Any other list is a step inside a turn.
   *
   * Throws ConflictError if the list comes from a stale tab, InvalidStateError if a message is not valid.
   *
   *     onFinish: async ({ messages }) => void (await chats.save({ chatId: id, messages, trigger, messageId }))
   */
  async save(options: SaveChatOptions<M>): Promise<Checkpoint> {
    const { chatId, messages, trigger, messageId, expected, branch, title } = options
    const chat = parseSessionId(chatId)
    checkRequest({ trigger, messageId, expected: expected ?? undefined, title })
    const save = {
      chat,
      messages: checkMessages(messages, this.#known(chat)),
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
   * Returns a message and its alternatives. Throws NotFoundError if the message is not on the branch.
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

  /** Returns the siblings of every message that has siblings, by message id: all switchers of a page in one call. */
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

  /** Makes a branch the active one, such as the branch of a sibling. Throws NotFoundError. */
  async select(chatId: string, branch: string): Promise<void> {
    await this.#checkType(parseSessionId(chatId))
    await this.store.switch(chatId, branch)
  }

  /** Lists the branches by name. Throws NotFoundError. */
  branches(chatId: string): Promise<Branch[]> {
    return this.store.branches(chatId)
  }

  /** Lists the chats, newest first, without other sessions of the repository. */
  list(options: Omit<ListOptions, 'type'> = {}): AsyncIterable<SessionSummary> {
    return this.store.list({ ...options, type: CHAT_TYPE })
  }

  /** Deletes a chat with all its branches. Returns whether it existed. */
  async delete(chatId: string): Promise<boolean> {
    await this.#checkType(parseSessionId(chatId))
    return this.store.delete(chatId)
  }

  /** Waits until running calls have finished. A store that was passed in stays open. */
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

  /** Stored messages, valid as they are. With `redact`, a list is compared with what was given, which may not be valid. */
  #known(id: SessionId): readonly StoredMessage[] {
    return this.#checkpoints.rules.redact === undefined ? this.#lines.last(id) : []
  }

  async #exists(id: SessionId): Promise<boolean> {
    return (await this.#checkpoints.open()) && this.#checkpoints.history.exists(id)
  }

  /** Throws InvalidStateError for a session that is not a chat. */
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
