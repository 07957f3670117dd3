/** Reads from commits who signed the checkpoints. */
import type { History } from '../../checkpoints/commits/history.ts'
import { CorruptError } from '../../errors.ts'
import { peel } from '../../git/database/peel.ts'
import { expectType } from '../../git/objects/object.ts'
import { AllowedSigners } from '../../git/signing/allowed-signers.ts'
import { type CheckpointSignature, checkCommit } from '../../git/signing/commit-signature.ts'
import { type CommitId, parseRef, type SessionId } from '../../ids.ts'
import { isSameName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { MaintainOptions, Problem } from '../session-store.ts'

export interface SignatureOptions {
  /**
   * Path of a file of allowed signers, in the format of git's `gpg.ssh.allowedSignersFile`. Default: every key is
   * accepted.
   */
  allowedSigners?: string | undefined
}

export interface SignatureReport {
  /** How many checkpoints have a good signature. */
  signed: number
  /** The keys that made them: fingerprint, owner if known, and number of checkpoints. */
  keys: readonly { key: string; principal?: string; checkpoints: number }[]
}

/** The signatures of one repository's commits. */
export class Signatures {
  readonly #history: History
  readonly #allowed: AllowedSigners | undefined

  /** Throws StorageError, AllowedSignersError and UnsupportedError if the file of allowed signers cannot be used. */
  static async open(history: History, { allowedSigners }: SignatureOptions): Promise<Signatures> {
    const allowed = allowedSigners === undefined ? undefined : await AllowedSigners.read(allowedSigners)
    return new Signatures(history, allowed)
  }

  private constructor(history: History, allowed: AllowedSigners | undefined) {
    this.#history = history
    this.#allowed = allowed
  }

  /**
   * Returns the signature; `undefined` if the commit is not signed. Throws CorruptError if the commit cannot be read.
   */
  async of(id: CommitId): Promise<CheckpointSignature | undefined> {
    return checkCommit(await this.#read(id), this.#allowed)
  }

  /** Checks every commit that branches, tags and lines of the session reach, or of all sessions. */
  async verify(
    only: SessionId | undefined,
    onProgress: MaintainOptions['onProgress'],
  ): Promise<SignatureReport & { problems: readonly Problem[] }> {
    const problems: Problem[] = []
    const keys = new Map<string, SignatureReport['keys'][number]>()
    const slice = new TimeSlice()
    const seen = new Set<CommitId>()
    const waiting = await this.#tips(only)
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { session, id } = next
      if (seen.has(id)) continue
      seen.add(id)
      const data = await this.#read(id).catch(passOver)
      if (data === undefined) continue
      const found = checkCommit(data, this.#allowed)
      if (found?.status === 'good') {
        const { key = '', principal } = found
        const checkpoints = (keys.get(key)?.checkpoints ?? 0) + 1
        keys.set(key, { key, ...(principal !== undefined && { principal }), checkpoints })
      } else {
        const message =
          found === undefined
            ? `Checkpoint ${id} has no signature.`
            : `Checkpoint ${id}: its signature ${found.reason}.`
        problems.push({ session, checkpoint: id, where: id, message })
      }
      for (const parent of this.#history.objects.parentsOf(id, data)) waiting.push({ session, id: parent })
      onProgress?.({ phase: 'signatures', done: seen.size })
      if (slice.isOver()) await slice.next()
    }
    const signed = [...keys.values()].reduce((sum, { checkpoints }) => sum + checkpoints, 0)
    return { signed, keys: [...keys.values()], problems }
  }

  async #read(id: CommitId): Promise<Uint8Array> {
    return expectType(await this.#history.objects.read(id), 'commit', id)
  }

  async #tips(only: SessionId | undefined): Promise<{ session: SessionId; id: CommitId }[]> {
    const tips: { session: SessionId; id: CommitId }[] = []
    for (const [ref, at] of this.#history.everyRef('refs/', () => undefined)) {
      const parsed = parseRef(ref)
      if (parsed === undefined || parsed.kind === 'active') continue
      if (only !== undefined && !isSameName(parsed.session, only)) continue
      // A line need not name a commit.
      const peeled = await peel(this.#history.objects, at).catch(passOver)
      if (peeled !== undefined) tips.push({ session: parsed.session, id: peeled.commit })
    }
    return tips
  }
}

/** The rest of the verification reports what cannot be read. */
function passOver(error: unknown): undefined {
  if (!(error instanceof CorruptError)) throw error
}
