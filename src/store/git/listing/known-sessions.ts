/**
 * Remembers sessions from one listing to the next in a file in the user's cache: one line per session, in the order of
 * their refs. A line counts only while the session's tip is the commit that the line names, and all its values come
 * from that commit. So it stays correct whoever moves the branch. After a purge, nothing purged is read and the file is
 * written again.
 */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { isRealDisk } from '../../../git/disk/file-system.ts'
import { UserCache } from '../../../git/disk/user-cache.ts'
import type { Repository } from '../../../git/repository.ts'
import { purgeMark } from '../../../git/upkeep/purge-mark.ts'
import type { CommitId, SessionId } from '../../../ids.ts'
import { encodeName } from '../../../ref-part.ts'
import type { DocumentRules } from '../../document.ts'
import type { KnownSession, SessionMemory } from './known-session.ts'

/**
 * The file is written if at least this many lines changed of so many. Reading one session takes as long as writing a
 * hundred lines.
 */
const worthWriting = (lines: number): number => Math.min(200, 25 + lines / 50)
/** Characters per line; a longer line is not kept. */
const MOST_LINE = 2000

export class KnownSessions implements SessionMemory {
  readonly #repository: Repository
  readonly #place: Place | undefined
  readonly #mark: string
  /** Whether the file was written before the last purge. */
  readonly #isOld: boolean
  /** The text of the file; empty after `keep`. */
  #text: string
  #at = 0
  #lines = 0
  #found = 0

  /**
   * @param rules `type` and the first collection: what the listing depends on, besides the commits
   * @param isArchived whether archived sessions are listed
   */
  constructor(
    repository: Repository,
    { type, collections }: Pick<DocumentRules, 'type' | 'collections'>,
    isArchived = false,
  ) {
    const own = [type, collections[0] ?? '', ...(isArchived ? ['archived'] : [])]
    this.#repository = repository
    this.#place = placeOf(repository, own)
    this.#mark = JSON.stringify(purgeMark(repository))
    const text = this.#place?.cache.read(this.#place.name)?.toString('latin1') ?? ''
    this.#text = text.endsWith('\n') ? text : ''
    this.#at = this.#text.indexOf('\n') + 1
    this.#isOld = this.#at > 0 && this.#text.slice(0, this.#at - 1) !== this.#mark
  }

  /**
   * Returns what was remembered of the session, if its tip still is `tip`. Call it in the order of the sessions' refs.
   */
  find(session: SessionId, tip: CommitId): KnownSession | undefined {
    const text = this.#text
    const key = keyOf(session)
    while (this.#at < text.length) {
      const end = text.indexOf('\n', this.#at)
      const space = text.indexOf(' ', this.#at)
      const found = text.slice(this.#at, space)
      if (found > key) return undefined
      const line = text.slice(space + 1, end)
      this.#at = end + 1
      this.#lines++
      if (found !== key) continue
      if (!line.startsWith(tip)) return undefined
      const known = parseLine(session, tip, line)
      this.#found++
      return known
    }
    return undefined
  }

  /** Remembers exactly these sessions for the next listing, unless too few of them are new or gone. */
  keep(sessions: readonly KnownSession[]): void {
    if (this.#place === undefined) return
    const fresh = sessions.reduce((count, { isFresh }) => count + (isFresh ? 1 : 0), 0)
    const gone = this.#lines - this.#found + this.#linesLeft()
    this.#text = ''
    if (!this.#isOld && fresh + gone < worthWriting(sessions.length)) return
    const lines = sessions.map(lineOf)
    const { cache, name, folder } = this.#place
    cache.write(name, folder, Buffer.from(`${this.#mark}\n${lines.join('')}`, 'latin1'))
    // A purge in the meantime may have looked for the file before it existed.
    if (JSON.stringify(purgeMark(this.#repository)) !== this.#mark) cache.remove(name)
  }

  #linesLeft(): number {
    let lines = 0
    for (let at = this.#at; at < this.#text.length; at = this.#text.indexOf('\n', at) + 1) lines++
    return lines
  }

  /** Removes what was remembered of the repository's sessions, since it may contain purged values. */
  static forget(repository: Repository): void {
    const place = placeOf(repository)
    place?.cache.remove(place.name)
  }
}

interface Place {
  cache: UserCache
  name: string
  /** The folder of the repository. */
  folder: string
}

/** Returns the cache and the name of the file; without `own`, the prefix of all such names. */
function placeOf(
  { fs, paths }: Pick<Repository, 'fs' | 'paths'>,
  own?: readonly string[],
): Place | undefined {
  const cache = isRealDisk(fs) ? UserCache.open() : undefined
  const folder = cache && realPath(paths.root)
  if (cache === undefined || folder === undefined) return undefined
  return { cache, folder, name: `list-2-${hash(folder)}-${own === undefined ? '' : hash(own.join('\n'))}` }
}

function realPath(folder: string): string | undefined {
  try {
    return realpathSync(folder)
  } catch {
    // The folder was moved a moment ago.
    return undefined
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** The key that sorts sessions as their refs are sorted: the `/` after the session's part of a ref counts. */
const keyOf = (session: SessionId): string => `${encodeName(session)}/`

/** One line: parts without spaces, separated by one space. Only the last part may contain spaces. */
function lineOf({ session, tip, id, type, updatedAt, shown = '' }: KnownSession): string {
  // In a shallow clone the type may become known with a later fetch.
  if (type === '') return ''
  const name = id === session ? '' : encodeURIComponent(id)
  const json = shown.replace(/[\u007f-\uffff]/g, escaped)
  const line = `${keyOf(session)} ${tip} ${updatedAt} ${encodeURIComponent(type)} ${name} ${json}\n`
  return line.length > MOST_LINE ? '' : line
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Parses a line without its key. */
function parseLine(session: SessionId, tip: CommitId, line: string): KnownSession {
  const parts: string[] = []
  let at = tip.length + 1
  for (let part = 0; part < 3; part++) {
    const end = line.indexOf(' ', at)
    parts.push(line.slice(at, end))
    at = end + 1
  }
  const [updatedAt, type, name] = parts as [string, string, string]
  const id = name === '' ? session : decoded(name)
  return {
    session,
    tip,
    id,
    type: decoded(type),
    updatedAt,
    shown: line.slice(at),
    isFresh: false,
  }
}

const decoded = (part: string): string => (part.includes('%') ? decodeURIComponent(part) : part)
