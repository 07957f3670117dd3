/** What refs are called here, at a remote, and where it stands what was last seen of them there. */

import type { RefFolder, RefName } from '../../ids.ts'
import { ARCHIVE, GONE, LAST_SEEN, parseRef, REWRITTEN, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'

/** A branch, reserved line or tag of a session: the name of its ref here, without `refs/`. */
export type RefKey = string

export type RefKind = 'branch' | 'line' | 'workspace' | 'tag'

export interface ParsedKey {
  session: SessionId
  kind: RefKind
  /** As its owner wrote it. */
  name: string
}

/** `undefined` for refs that are not a session's. */
export function parseKey(key: RefKey): ParsedKey | undefined {
  const parsed = parseRef(`refs/${key}`)
  if (parsed === undefined || parsed.kind === 'active') return undefined
  const { session, name } = parsed
  if (parsed.kind !== 'reserved') return { session, kind: parsed.kind, name }
  return { session, kind: name.startsWith(WORKSPACE) ? 'workspace' : 'line', name }
}

/** Lines that hold files of a workspace. */
const WORKSPACE = 'workspace.'

/** How refs are spelled at one remote. */
export class RemoteNames {
  /** Of the remote, such as `origin`. */
  readonly remote: string
  /** Whether branches lie below `refs/forkpoint/heads/`, where they start no builds. */
  readonly isMapped: boolean

  constructor(remote: string, isMapped: boolean) {
    this.remote = remote
    this.isMapped = isMapped
  }

  /** A key's ref at the remote. */
  there(key: RefKey): string {
    return this.isMapped ? `refs/forkpoint/${key}` : `refs/${key}`
  }

  /** The key of a ref at the remote; `undefined` for refs that are not a session's. */
  key(ref: string): RefKey | undefined {
    const folder = this.isMapped ? 'refs/forkpoint/' : 'refs/'
    const key = ref.slice(folder.length)
    return ref.startsWith(folder) && parseKey(key) !== undefined ? key : undefined
  }

  /** Where it stands here what was last seen of a key, or of `gone/<session>` or `rewritten/<session>`. */
  seen(key: string): RefName {
    return `${LAST_SEEN}${this.remote}/${key}`
  }

  /** The folder of all that was last seen. */
  get seenFolder(): RefFolder {
    return `${LAST_SEEN}${this.remote}/`
  }

  /** Where it stands which archives were last seen. */
  get seenArchives(): RefFolder {
    return `${this.seenFolder}archive/`
  }

  /** What a server is asked for: of these sessions, or of all. What was rewritten counts for all. */
  prefixes(sessions: readonly SessionId[] | undefined): string[] {
    const folder = this.isMapped ? 'refs/forkpoint/' : 'refs/'
    const parts = sessions === undefined ? undefined : sessions.map(encodeName)
    if (parts === undefined || parts.length > MOST_PREFIXED)
      return [`${folder}heads/`, `${folder}tags/`, GONE, REWRITTEN, ARCHIVE]
    const own = parts.flatMap((part) => [`${folder}heads/${part}/`, `${folder}tags/${part}/`, GONE + part])
    return [...own, REWRITTEN, ARCHIVE]
  }
}

/** Of more sessions, all refs are read. */
const MOST_PREFIXED = 50

/**
 * Whether a server's repository also holds code, told by its refs: branches of sessions are apart already, or there are branches that
 * are not those of sessions.
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
