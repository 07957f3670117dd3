/** The interface of a repository to a git server, independent of the transport. */
import type { ObjectId } from '../../ids.ts'

export interface RemoteRefs {
  /** Values of the requested refs, by full name. */
  refs: ReadonlyMap<string, ObjectId>
  /** The ref that the server's HEAD names, even if it does not exist yet; `undefined` if the server does not say. */
  head: string | undefined
}

export interface RemoteMove {
  ref: string
  /** The current value at the server; `undefined`: the ref does not exist there. */
  from: ObjectId | undefined
  /** The new value; `undefined` deletes the ref. */
  to: ObjectId | undefined
}

/** The answer of a server for one ref of a push. */
export interface MoveAnswer {
  ref: string
  /** The server's reason if it refused; `undefined` if the move was made. */
  refused: string | undefined
}

export interface RemoteOptions {
  signal?: AbortSignal | undefined
  /** Called with the bytes or objects so far; `total` if it is known. */
  onProgress?: ((progress: { phase: string; done: number; total?: number }) => void) | undefined
}

/** Objects that were fetched and that no ref reaches yet. */
export interface Fetched {
  /**
   * Until this is called, neither `git gc` nor a purge removes the objects: call it when refs reach them, or when they
   * are no longer needed. A second call does nothing. What a dead process did not release is released by others.
   */
  release(): void
}

/** A server, together with the repository that pushes to it and fetches from it. */
export interface Remote {
  /**
   * Reads the refs below these prefixes (a full name is also a prefix). Throws RemoteError if the server cannot be
   * reached, refuses, or does not answer as a git server.
   */
  refs(prefixes: readonly string[], options?: RemoteOptions): Promise<RemoteRefs>
  /**
   * Fetches everything that `wants` reach into the repository and makes it durable; moves no ref. Nothing is placed
   * before everything is checked: each object, and that the repository has all objects that it names. `haves` are
   * commits of the repository that the server may have, too. Throws RemoteError, CorruptError for wrong objects,
   * StorageError.
   */
  fetch(
    request: { wants: readonly ObjectId[]; haves: readonly ObjectId[]; depth?: number },
    options?: RemoteOptions,
  ): Promise<Fetched>
  /**
   * Moves refs at the server and sends the objects they need; with `atomic`, moves all or none. Each ref moves only
   * from the value in `from`. `has` are commits that the server has: what they reach is not sent. Throws RemoteError if
   * there was no answer; then the moves may have been made or not. Refused moves are returned as answers.
   */
  push(
    request: { moves: readonly RemoteMove[]; has: readonly ObjectId[]; atomic: boolean },
    options?: RemoteOptions,
  ): Promise<readonly MoveAnswer[]>
}
