/** Who signed a commit, and whether the signature is valid. Agrees with `git verify-commit` about SSH signatures. */
import { decodeCommit, splitSignature } from '../objects/commit.ts'
import type { AllowedSigners } from './allowed-signers.ts'
import { fingerprint, isKnownType, isSignedBy, keyType } from './public-key.ts'
import { isSshSignature, NAMESPACE, parseSignature, signedBytes } from './sshsig.ts'
import { WireError } from './wire.ts'

/** The result of checking the signature of a checkpoint. */
export interface CheckpointSignature {
  /**
   * `good`: the signature is valid, and the key belongs to an allowed signer or no signers were given; `unknown`: the
   * key's owner is not known, or its type cannot be checked here; `bad`: the signature is not valid.
   */
  status: 'good' | 'unknown' | 'bad'
  /** Fingerprint of the key, `SHA256:…`; absent if it cannot be read. */
  key?: string
  /** The allowed signer that the key belongs to. */
  principal?: string
  /** Why it is not good: the end of a sentence that begins with "Its signature". */
  reason?: string
}

/** `undefined` for a commit without a signature. */
export function checkCommit(
  data: Uint8Array,
  allowed: AllowedSigners | undefined,
): CheckpointSignature | undefined {
  const split = splitSignature(data)
  if (split === undefined) return undefined
  if (!isSshSignature(split.signature))
    return { status: 'unknown', reason: 'is not one of SSH, and only git can check it' }
  let key: string | undefined
  const result = (status: 'unknown' | 'bad', reason: string): CheckpointSignature => ({
    status,
    ...(key !== undefined && { key }),
    reason,
  })
  try {
    const signature = parseSignature(split.signature)
    key = fingerprint(signature.publicKey)
    const type = keyType(signature.publicKey)
    if (signature.namespace !== NAMESPACE)
      return result('bad', `is for '${signature.namespace}', not for git`)
    if (!isKnownType(type))
      return result('unknown', `is by a key of the type '${type}', and only git can check it`)
    if (!isSignedBy(signature.publicKey, signedBytes(signature, split.signed), signature.signature))
      return result('bad', 'does not fit')
    if (allowed === undefined) return { status: 'good', key }
    const principal = allowed.principalOf(signature.publicKey, decodeCommit(data).committer.at)
    if (principal === undefined) return result('unknown', `is by ${key}, which is not of the allowed signers`)
    return { status: 'good', key, principal }
  } catch (error) {
    if (error instanceof WireError) return result('bad', `is damaged: ${error.message}`)
    throw error
  }
}
