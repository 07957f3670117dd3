/** Signs new commits: with which key, and what happens if signing fails. */
import { SigningError } from '../errors.ts'
import { withSignature } from '../git/objects/commit.ts'
import { Signer } from '../git/signing/signer.ts'

const MODES = ['off', 'best-effort', 'required'] as const

export interface SignOptions {
  /**
   * The file of an SSH private key, or of a public key whose private half the SSH agent has; or the text of an
   * unencrypted ed25519 private key.
   */
  key: string
  /**
   * What happens if a checkpoint cannot be signed. `required` (the default): it is not saved, and SigningError says
   * why. `best-effort`: it is saved without a signature, and `onUnsigned` is called. `off`: nothing is signed.
   */
  mode?: 'off' | 'best-effort' | 'required'
  /** Called after a checkpoint was saved without a signature. Default: emits a process warning for the first one. */
  onUnsigned?: (unsigned: UnsignedCheckpoint) => void
}

export interface UnsignedCheckpoint {
  session: string
  checkpoint: string
  error: SigningError
}

/** How new commits are signed. */
export interface Signing {
  /** Checks the key before anything is locked or made. Throws SigningError if required signing is not possible. */
  ready(): Promise<void>
  /**
   * Returns the signed commit; if signing fails and is not required, the unsigned commit and the reason. Throws
   * SigningError.
   */
  sign(commit: Buffer): Promise<{ data: Buffer; unsigned?: SigningError }>
  /** Reports an unsigned checkpoint. Called once it is stored. */
  tell(unsigned: UnsignedCheckpoint): void
}

/** Returns the signing for these options; `undefined` if nothing is to be signed. Throws TypeError for invalid options. */
export function signingOf(options: SignOptions | undefined): Signing | undefined {
  if (options === undefined) return undefined
  const { key, mode = 'required', onUnsigned } = options ?? {}
  if (typeof key !== 'string' || key === '')
    throw new TypeError("'sign' needs a 'key': the file of an SSH key, or the text of a private one")
  if (!MODES.includes(mode)) throw new TypeError(`The mode of 'sign' has to be one of ${MODES.join(', ')}`)
  if (onUnsigned !== undefined && typeof onUnsigned !== 'function')
    throw new TypeError("'onUnsigned' has to be a function")
  if (mode === 'off') return undefined
  const signer = new Signer(key)
  const isRequired = mode === 'required'
  return {
    async ready() {
      if (isRequired) await signer.ready()
    },
    async sign(commit) {
      try {
        return { data: withSignature(commit, await signer.sign(commit)) }
      } catch (error) {
        if (isRequired || !(error instanceof SigningError)) throw error
        return { data: commit, unsigned: error }
      }
    },
    tell: onUnsigned ?? warnOnce(),
  }
}

function warnOnce(): (unsigned: UnsignedCheckpoint) => void {
  let isTold = false
  return ({ session, checkpoint, error }) => {
    if (isTold) return
    isTold = true
    process.emitWarning(
      `Checkpoint ${checkpoint} of session '${session}' was saved without a signature: ${error.reason}. Later ones are not told of; 'forkpoint verify --signatures' names them all.`,
      { code: 'FORKPOINT_UNSIGNED' },
    )
  }
}
