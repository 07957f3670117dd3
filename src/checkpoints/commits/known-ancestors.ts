/**
 * Keeps the ids of all commits that are reachable from a tip of a session. Finding out whether an old id belongs to a
 * session means reading all newer commits; with these ids, they are read only once. Whether one commit is reachable
 * from another never changes, whatever happens to refs.
 */
import { hash } from 'node:crypto'
import type { KeptCopies } from '../../git/database/kept-copies.ts'
import { type CommitId, type SessionId, trustedId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'

const KIND = 'ancestors 1'
const ID_BYTES = 20
/** Fewer new commits than this are not worth another copy: reading them is faster. */
const WORTH_KEEPING = 50

export class KnownAncestors {
  readonly tip: CommitId
  readonly #bytes: Buffer

  /** @param bytes the ids of the tip and of all commits reachable from it, 20 bytes each */
  private constructor(bytes: Buffer) {
    this.tip = trustedId(bytes.toString('hex', 0, ID_BYTES)) as CommitId
    this.#bytes = bytes
  }

  /** Reads the kept ids of the session; `undefined` if there are none. */
  static read(copies: KeptCopies, session: SessionId): KnownAncestors | undefined {
    const bytes = copies.read(KIND, nameOf(session))
    return bytes === undefined ? undefined : new KnownAncestors(bytes)
  }

  /**
   * Keeps the ids, unless few are new. `mark`: see `Copies.write`.
   *
   * @param ids all commits reachable from `tip`
   */
  static keep(
    copies: KeptCopies,
    session: SessionId,
    { tip, ids, before }: { tip: CommitId; ids: ReadonlySet<CommitId>; before: KnownAncestors | undefined },
    mark: string,
  ): void {
    const known = before !== undefined && ids.has(before.tip) ? before.#bytes.length / ID_BYTES : 0
    if (ids.size - known < WORTH_KEEPING) return
    copies.write(KIND, nameOf(session), Buffer.from([...new Set([tip, ...ids])].join(''), 'hex'), mark)
  }

  /** Returns whether the commit is reachable from the tip. */
  has(id: CommitId): boolean {
    const wanted = Buffer.from(id, 'hex')
    let at = this.#bytes.indexOf(wanted)
    while (at % ID_BYTES !== 0 && at !== -1) at = this.#bytes.indexOf(wanted, at + 1)
    return at !== -1
  }

  *ids(): Generator<CommitId> {
    const hex = this.#bytes.toString('hex')
    for (let at = 0; at < hex.length; at += 2 * ID_BYTES)
      yield trustedId(hex.slice(at, at + 2 * ID_BYTES)) as CommitId
  }
}

const nameOf = (session: SessionId): string => hash('sha1', encodeName(session), 'hex')
