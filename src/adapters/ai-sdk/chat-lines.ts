/** Keeps the decoded tips of chats, so that the next list can be compared without reading anything. */
import { setImmediate } from 'node:timers/promises'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { blobsBelow, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeDocument } from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import type { SessionId } from '../../ids.ts'
import { isJsonObject, type JsonObject, without } from '../../json-value.ts'
import { MESSAGES } from './message-files.ts'
import type { StoredMessage } from './stored-message.ts'

/** A decoded checkpoint of a chat. These values are never handed out. */
export interface ChatLine {
  readonly commit: CommitInfo
  /** The document without its messages; `id` is the session's. */
  readonly fields: JsonObject
  readonly messages: readonly StoredMessage[]
  /** Messages as the caller has them, by number, if `redact` stored something else. */
  readonly asGiven: Map<number, unknown>
  /** Approximate size in memory, in bytes. */
  readonly bytes: number
}

/** Most bytes of chats that are kept, the most recently used ones; the newest is kept whatever its size. */
const KEPT = 64 * 1024 * 1024

export class ChatLines {
  readonly #checkpoints: Checkpoints
  readonly #kept = new Map<string, ChatLine>()
  /** The commit of each session's line that was kept last. */
  readonly #last = new Map<unknown, string>()
  #bytes = 0

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints
  }

  /** The chat at a tip. Throws InvalidStateError for a session of another type. */
  async at(session: SessionId, commit: CommitInfo): Promise<ChatLine> {
    const kept = this.#kept.get(commit.id)
    const line = kept ?? (await this.read(session, commit))
    this.keep(line)
    return line
  }

  /** The messages of a chat that were read or saved last, if they are kept: perhaps no longer the newest. */
  last(session: SessionId): readonly StoredMessage[] {
    return this.#kept.get(this.#last.get(session) ?? '')?.messages ?? []
  }

  /** As `at`, without keeping it: for checkpoints that are not tips. */
  async read(session: SessionId, commit: CommitInfo): Promise<ChatLine> {
    const kept = this.#kept.get(commit.id)
    if (kept !== undefined) return kept
    const { objects } = this.#checkpoints
    await this.#checkpoints.checked(session, commit.id)
    const files = await readBlobs(objects, await blobsBelow(objects, commit.tree))
    const document = await decodeDocument(files, () => setImmediate())
    let bytes = 0
    for (const file of files.values()) bytes += file.length
    const messages = document[MESSAGES] ?? []
    if (!Array.isArray(messages) || !messages.every(isMessage)) {
      throw new CorruptError(
        `Checkpoint ${commit.id} of chat '${session}' has a file among its messages that is not a message. Use the previous checkpoint.`,
        { object: commit.id },
      )
    }
    const fields = { ...without(document, new Set([MESSAGES])), id: session }
    return { commit, fields, messages, asGiven: new Map(), bytes }
  }

  /** Keeps a line in place of the one that it continues. */
  keep(line: ChatLine, before?: ChatLine): void {
    if (before !== undefined) this.#forget(before.commit.id)
    this.#forget(line.commit.id)
    this.#kept.set(line.commit.id, line)
    this.#last.set(line.fields.id, line.commit.id)
    this.#bytes += line.bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= KEPT || this.#kept.size === 1) return
      this.#forget(oldest)
    }
  }

  #forget(id: string): void {
    const line = this.#kept.get(id)
    if (line === undefined) return
    this.#bytes -= line.bytes
    this.#kept.delete(id)
    if (this.#last.get(line.fields.id) === id) this.#last.delete(line.fields.id)
  }
}

const isMessage = (value: unknown): value is StoredMessage =>
  isJsonObject(value) &&
  typeof value.id === 'string' &&
  typeof value.role === 'string' &&
  Array.isArray(value.parts)
