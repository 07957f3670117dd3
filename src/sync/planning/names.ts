/** Names of refs here, at a remote, and of the refs that record what was last seen there. */

import type { RefFolder, RefName } from '../../ids.ts'
import { ARCHIVE, FOLDED, GONE, LAST_SEEN, parseRef, REWRITTEN, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'

/** A branch, reserved line or tag of a session: the name of its ref here, without `refs/`. */
export type RefKey = string

export type RefKind = 'branch' | 'line' | 'workspace' | 'tag'

export interface ParsedKey {
  session: SessionId
  kind: RefKind
  /** The decoded name. */
  name: string
}

/** Parses a key; returns `undefined` for refs that do not belong to a session. */
export function parseKey(key: RefKey): ParsedKey | undefined {
  const parsed = parseRef(`refs/${key}`)
  if (parsed === undefined || parsed.kind === 'active') return undefined
  const { session, name } = parsed
  if (parsed.kind !== 'reserved') return { session, kind: parsed.kind, name }
  return { session, kind: name.startsWith(WORKSPACE) ? 'workspace' : 'line', name }
}

/** Prefix of lines with the files of a workspace. */
const WORKSPACE = 'workspace.'

/** Translates between local refs and those of one remote. */
export class RemoteNames {
  /** Name of the remote, such as `origin`. */
  readonly remote: string
  /** Whether branches are below `refs/forkpoint/heads/`, where they do not start builds. */
  readonly isMapped: boolean

  constructor(remote: string, isMapped: boolean) {
    this.remote = remote
    this.isMapped = isMapped
  }

  /** Returns the name of a key's ref at the remote. */
  there(key: RefKey): string {
    return this.isMapped ? `refs/forkpoint/${key}` : `refs/${key}`
  }

  /** Returns the key of a ref at the remote; `undefined` for refs that do not belong to a session. */
  key(ref: string): RefKey | undefined {
    const folder = this.isMapped ? 'refs/forkpoint/' : 'refs/'
    const key = ref.slice(folder.length)
    return ref.startsWith(folder) && parseKey(key) !== undefined ? key : undefined
  }

  /**
   * Returns the local ref that records what was last seen of a key, of `gone/<session>` or of `rewritten/<session>`.
   */
  seen(key: string): RefName {
    return `${LAST_SEEN}${this.remote}/${key}`
  }

  /** The folder of all last-seen refs. */
  get seenFolder(): RefFolder {
    return `${LAST_SEEN}${this.remote}/`
  }

  /** The last-seen ref of folded tombstones. */
  get seenFolded(): RefName {
    return `${this.seenFolder}gone/_old`
  }

  /** The folder of last-seen archives. */
  get seenArchives(): RefFolder {
    return `${this.seenFolder}archive/`
  }

  /**
   * Returns the prefixes of refs to ask a server for, of these sessions or of all. Rewrites of all sessions and folded
   * tombstones are always included.
   */
  prefixes(sessions: readonly SessionId[] | undefined): string[] {
    const folder = this.isMapped ? 'refs/forkpoint/' : 'refs/'
    const parts = sessions === undefined ? undefined : sessions.map(encodeName)
    if (parts === undefined || parts.length > MOST_PREFIXED)
      return [`${folder}heads/`, `${folder}tags/`, GONE, REWRITTEN, ARCHIVE]
    const own = parts.flatMap((part) => [`${folder}heads/${part}/`, `${folder}tags/${part}/`, GONE + part])
    return [...own, FOLDED, REWRITTEN, ARCHIVE]
  }
}

/** For more sessions than this, all refs are read. */
const MOST_PREFIXED = 50

/**
 * Returns whether a server's repository also holds code, judged by its refs: whether it has branches of sessions below
 * `refs/forkpoint/`, or branches that are not of sessions.
 */
export function hasCode(refs: Iterable<string>): boolean {
  for (const ref of refs) {
    if (ref.startsWith('refs/forkpoint/heads/')) return true
    if (!ref.startsWith('refs/heads/')) continue
    if (parseRef(ref) === undefined && !/^refs\/heads\/_(?:forkpoint$|check-[0-9a-f]{8}\/)/.test(ref))
      return true
  }
  return false
}
