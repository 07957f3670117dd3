/** A git server as a repository talks to it, whatever carries the bytes. */
import type { ObjectId } from '../../ids.ts'

export interface RemoteRefs {
  /** Full names and values of the refs that were asked for. */
  refs: ReadonlyMap<string, ObjectId>
  /** The ref that the server's HEAD points at, also one that does not exist yet; `undefined` if the server does not say. */
  head: string | undefined
}

export interface RemoteMove {
  ref: string
  /** What the server has now. `undefined`: the ref does not exist there. */
  from: ObjectId | undefined
  /** `undefined` deletes it. */
  to: ObjectId | undefined
}

/** What a server answered to one ref of a push. */
export interface MoveAnswer {
  ref: string
  /** `undefined`: done. Else the server's words. */
  refused: string | undefined
}

export interface RemoteOptions {
  signal?: AbortSignal | undefined
  /** Bytes and objects so far; `total` as far as it is known. */
  onProgress?: ((progress: { phase: string; done: number; total?: number }) => void) | undefined
}

/** Objects that were fetched and that no ref leads to yet. */
export interface Fetched {
  /**
   * Until this is called, neither `git gc` nor a purge removes the objects: call it when refs lead to them, or when
   * they are not wanted any more. A second call does nothing; what a dead process did not release, others release.
   */
  release(): void
}

/** One server and the repository whose objects go there and come from there. */
export interface Remote {
  /**
   * The refs below these prefixes (full names are prefixes too), read now. Throws RemoteError when the server cannot be
   * reached, refuses, or answers what no git server would.
   */
  refs(prefixes: readonly string[], options?: RemoteOptions): Promise<RemoteRefs>
  /**
   * Brings what `wants` lead to into the repository and makes it durable; moves no ref. Nothing is placed before it is
   * checked whole: each object, and that the repository has all it leads to. `haves` are commits of the repository that the server may have too.
   * Throws RemoteError, CorruptError for objects that are not what they should be, StorageError.
   */
  fetch(
    request: { wants: readonly ObjectId[]; haves: readonly ObjectId[]; depth?: number },
    options?: RemoteOptions,
  ): Promise<Fetched>
  /**
   * Moves refs at the server with the objects they need, all or none with `atomic`, each only from the value in `from`.
   * `has` are commits that the server is known to have: what they lead to is not sent.
   * Throws RemoteError when no answer came (then the moves may have been made or not); refused moves are answers.
   */
  push(
    request: { moves: readonly RemoteMove[]; has: readonly ObjectId[]; atomic: boolean },
    options?: RemoteOptions,
  ): Promise<readonly MoveAnswer[]>
}
