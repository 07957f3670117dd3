/** What a listing remembers of a session. */
import type { CommitId, SessionId } from '../../../ids.ts'
import type { SessionSummary } from '../../session-store.ts'

/** The values that sort a session and, once it was listed, the shown values. */
export interface KnownSession extends Pick<SessionSummary, 'id' | 'type' | 'updatedAt'> {
  /** The id as its refs name it, which may be shortened. */
  readonly session: SessionId
  readonly tip: CommitId
  /** The shown values, as JSON. */
  readonly shown?: string | undefined
  /** Whether it was not remembered from the previous listing. */
  readonly isFresh: boolean
}

/** The values of a session that a listing shows or a policy needs, except those that sort it. */
export interface Shown extends Pick<SessionSummary, 'title' | 'status' | 'messages' | 'createdAt'> {
  /** The folder that the session works on. */
  readonly workspace?: string | undefined
  /** Whether its metadata says `keep: true`. */
  readonly keep?: boolean | undefined
}

/** A session as a listing shows it, and what a policy needs to know of it. */
export interface ListedSession extends Pick<Shown, 'workspace' | 'keep'> {
  readonly summary: SessionSummary
}

/** What was remembered from the previous listing. */
export interface SessionMemory {
  /**
   * Returns what was remembered of the session, if its tip still is `tip`. Call it in the order of the sessions' refs.
   */
  find(session: SessionId, tip: CommitId): KnownSession | undefined
  /** Remembers exactly these sessions for the next listing. */
  keep(sessions: readonly KnownSession[]): void
}

/** Parses what was remembered as JSON. Returns `undefined` for anything else. */
export function parseShown(json: string | undefined): Shown | undefined {
  try {
    const { title, status, messages, createdAt, workspace, keep = false } = JSON.parse(json ?? '')
    const isRight =
      typeof messages === 'number' &&
      typeof keep === 'boolean' &&
      [title ?? '', status ?? '', createdAt, workspace ?? ''].every((text) => typeof text === 'string')
    return isRight ? { title, status, messages, createdAt, workspace, keep } : undefined
  } catch {
    return undefined
  }
}
