/**
 * What a listing knows of sessions from the one before, in the user's cache: a line each, in the order of their refs.
 * A line counts only for the commit that it was made from, and everything in it follows from that commit. So it is right
 * whoever moved the branch, and after a purge nothing that was purged is read, and the lines are written anew.
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

/** Reading so many sessions takes as long as writing the lines of many thousands. */
const WORTH_WRITING = 200
/** Characters of a line: a longer one is not kept. */
const MOST_LINE = 2000

export class KnownSessions implements SessionMemory {
  readonly #repository: Repository
  readonly #place: Place | undefined
  readonly #mark: string
  /** Whether it was written before the last purge. */
  readonly #isOld: boolean
  /** Empty once it was written again. */
  #text: string
  #at = 0
  #lines = 0
  #found = 0

  /**
   * @param own what the listing depends on beside the commits
   * @param isArchived whether it is the listing of archived sessions
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
    const text = this.#place?.cache.read(this.#place.name) ?? ''
    this.#text = text.endsWith('\n') ? text : ''
    this.#at = this.#text.indexOf('\n') + 1
    this.#isOld = this.#at > 0 && this.#text.slice(0, this.#at - 1) !== this.#mark
  }

  /** What is known of the session, as long as `tip` is where it is. Sessions are asked for in the order of their refs. */
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

  /** Keeps these for the next listing, and nothing else, if there is enough that it would not know. */
  keep(sessions: readonly KnownSession[]): void {
    if (this.#place === undefined) return
    const fresh = sessions.reduce((count, { isFresh }) => count + (isFresh ? 1 : 0), 0)
    const gone = this.#lines - this.#found + this.#linesLeft()
    this.#text = ''
    if (!this.#isOld && fresh + gone < WORTH_WRITING) return
    const lines = sessions.map(lineOf)
    const { cache, name, folder } = this.#place
    cache.write(name, folder, `${this.#mark}\n${lines.join('')}`)
    // A purge that came meanwhile may have looked for it before it was there.
    if (JSON.stringify(purgeMark(this.#repository)) !== this.#mark) cache.remove(name)
  }

  #linesLeft(): number {
    let lines = 0
    for (let at = this.#at; at < this.#text.length; at = this.#text.indexOf('\n', at) + 1) lines++
    return lines
  }

  /** Removes what is known of all sessions of the repository: what they say may have been purged. */
  static forget(repository: Repository): void {
    const place = placeOf(repository)
    place?.cache.remove(place.name)
  }
}

interface Place {
  cache: UserCache
  name: string
  /** The repository's. */
  folder: string
}

/** Where the lines are; without `own`, how all names of such places start. */
function placeOf(
  { fs, paths }: Pick<Repository, 'fs' | 'paths'>,
  own?: readonly string[],
): Place | undefined {
  const cache = isRealDisk(fs) ? UserCache.open() : undefined
  const folder = cache && realPath(paths.root)
  if (cache === undefined || folder === undefined) return undefined
  return { cache, folder, name: `list-1-${hash(folder)}-${own === undefined ? '' : hash(own.join('\n'))}` }
}

function realPath(folder: string): string | undefined {
  try {
    return realpathSync(folder)
  } catch {
    // Moved a moment ago.
    return undefined
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** In the order in which refs are: the `/` after a session's part of them counts. */
const keyOf = (session: SessionId): string => `${encodeName(session)}/`

/** Parts without spaces, with one between them; the last may have any. */
function lineOf({ session, tip, id, type, updatedAt, shown = '' }: KnownSession): string {
  // Which type it is may show when more of a shallow clone is fetched.
  if (type === '') return ''
  const name = id === session ? '' : encodeURIComponent(id)
  const json = shown.replace(/[\u007f-\uffff]/g, escaped)
  const line = `${keyOf(session)} ${tip} ${updatedAt} ${encodeURIComponent(type)} ${name} ${json}\n`
  return line.length > MOST_LINE ? '' : line
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** From what stands after the key. */
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
