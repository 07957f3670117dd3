/** What a listing may remember of a session. */
import type { CommitId, SessionId } from '../../../ids.ts'
import type { SessionSummary } from '../../session-store.ts'

/** What puts a session into order and, once it was shown, what is shown of it. */
export interface KnownSession extends Pick<SessionSummary, 'id' | 'type' | 'updatedAt'> {
  /** By the name that its refs have. */
  readonly session: SessionId
  readonly tip: CommitId
  /** As JSON. */
  readonly shown?: string | undefined
  /** Not from the listing before. */
  readonly isFresh: boolean
}

/** What is shown of a session, beside what puts it into order. */
export type Shown = Pick<SessionSummary, 'title' | 'status' | 'messages' | 'createdAt'>

/** What is known from the listing before. */
export interface SessionMemory {
  /** What is known of the session, as long as `tip` is where it is. Sessions are asked for in the order of their refs. */
  find(session: SessionId, tip: CommitId): KnownSession | undefined
  /** Keeps these for the next listing, and nothing else. */
  keep(sessions: readonly KnownSession[]): void
}

/** `undefined` for what is not such JSON. */
export function parseShown(json: string | undefined): Shown | undefined {
  try {
    const { title, status, messages, createdAt } = JSON.parse(json ?? '')
    const isRight =
      typeof messages === 'number' &&
      [title ?? '', status ?? '', createdAt].every((text) => typeof text === 'string')
    return isRight ? { title, status, messages, createdAt } : undefined
  } catch {
    return undefined
  }
}
