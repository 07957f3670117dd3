/**
 * When a policy first saw each session in the store. The file `forkpoint/arrivals` has one line per session: the time
 * in milliseconds and the session's part of its refs. An imported or fetched session may be older than its arrival.
 */
import { join } from 'node:path'
import type { Repository } from '../../git/repository.ts'
import type { SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'

/** The file is disposable: if it is missing or damaged, sessions only stay longer. */
export class Arrivals {
  readonly #repository: Repository
  readonly #known: ReadonlyMap<string, number>

  constructor(repository: Repository) {
    this.#repository = repository
    const text = repository.fs.readFile(fileOf(repository))?.toString('latin1') ?? ''
    this.#known = new Map(
      text.split('\n').flatMap((line) => {
        const [, at, part] = /^(\d{1,15}) (\S+)$/.exec(line) ?? []
        return part === undefined ? [] : [[part, Number(at)] as const]
      }),
    )
  }

  /** Returns when the session was first seen; `now` if it was not seen before. */
  of(session: SessionId, now: number): number {
    return this.#known.get(encodeName(session)) ?? now
  }

  /** Keeps the times of these sessions and forgets all others. Throws StorageError. */
  keep(sessions: readonly SessionId[], now: number): void {
    const lines = sessions.map((session) => `${this.of(session, now)} ${encodeName(session)}\n`)
    if (sessions.length === this.#known.size && sessions.every((one) => this.#known.has(encodeName(one))))
      return
    const { fs, folder } = this.#repository
    fs.rename(folder.temporaries.write(Buffer.from(lines.join(''), 'latin1')), fileOf(this.#repository))
  }
}

const fileOf = ({ paths }: Repository): string => join(paths.own, 'arrivals')
