/**
 * What was found out about which commits a tip of a session leads to. To tell whether an old id belongs to a session, all
 * commits above it are read; once that was done, they need not be read again. That one commit leads to another never
 * changes, whoever moves which ref.
 */
import { hash } from 'node:crypto'
import type { Copies } from '../../git/database/copies.ts'
import { type CommitId, type SessionId, trustedId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'

const KIND = 'ancestors 1'
const ID_BYTES = 20
/** So many commits are read sooner than they are kept anew. */
const WORTH_KEEPING = 50

export class KnownAncestors {
  readonly tip: CommitId
  readonly #bytes: Buffer

  /** @param bytes ids of the tip and of all that it leads to */
  private constructor(bytes: Buffer) {
    this.tip = trustedId(bytes.toString('hex', 0, ID_BYTES)) as CommitId
    this.#bytes = bytes
  }

  /** Of the session; `undefined` when nothing is known. */
  static read(copies: Copies, session: SessionId): KnownAncestors | undefined {
    const bytes = copies.read(KIND, nameOf(session))
    return bytes === undefined ? undefined : new KnownAncestors(bytes)
  }

  /**
   * Keeps to which commits the tip leads, unless that is hardly more than was known before. `mark`: see `Copies.write`.
   *
   * @param ids all of them
   */
  static keep(
    copies: Copies,
    session: SessionId,
    { tip, ids, before }: { tip: CommitId; ids: ReadonlySet<CommitId>; before: KnownAncestors | undefined },
    mark: string,
  ): void {
    const known = before !== undefined && ids.has(before.tip) ? before.#bytes.length / ID_BYTES : 0
    if (ids.size - known < WORTH_KEEPING) return
    copies.write(KIND, nameOf(session), Buffer.from([...new Set([tip, ...ids])].join(''), 'hex'), mark)
  }

  /** Whether the tip leads to the commit. */
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
