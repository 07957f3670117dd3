/** Every commit that is made gets a signature: by which key, and what happens where that cannot be. */
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
   * `required` (the default): what cannot be signed is not saved, and SigningError says why; `best-effort`: it is saved
   * without a signature, and `onUnsigned` is told; `off`: nothing is signed.
   */
  mode?: 'off' | 'best-effort' | 'required'
  /** Called after an unsigned checkpoint was saved. Default: a warning of the process, at the first. */
  onUnsigned?: (unsigned: UnsignedCheckpoint) => void
}

export interface UnsignedCheckpoint {
  session: string
  checkpoint: string
  error: SigningError
}

export class Signing {
  readonly #signer: Signer
  readonly #isRequired: boolean
  readonly #onUnsigned: (unsigned: UnsignedCheckpoint) => void

  /** `undefined` where nothing is to be signed. Throws TypeError for options that cannot be. */
  static of(options: SignOptions | undefined): Signing | undefined {
    if (options === undefined) return undefined
    const { key, mode = 'required', onUnsigned } = options ?? {}
    if (typeof key !== 'string' || key === '')
      throw new TypeError("'sign' needs a 'key': the file of an SSH key, or the text of a private one")
    if (!MODES.includes(mode)) throw new TypeError(`The mode of 'sign' has to be one of ${MODES.join(', ')}`)
    if (onUnsigned !== undefined && typeof onUnsigned !== 'function')
      throw new TypeError("'onUnsigned' has to be a function")
    return mode === 'off'
      ? undefined
      : new Signing(new Signer(key), mode === 'required', onUnsigned ?? warnOnce())
  }

  private constructor(
    signer: Signer,
    isRequired: boolean,
    onUnsigned: (unsigned: UnsignedCheckpoint) => void,
  ) {
    this.#signer = signer
    this.#isRequired = isRequired
    this.#onUnsigned = onUnsigned
  }

  /** Looks at the key before anything is locked or made. Throws SigningError where signing is required and cannot be. */
  async ready(): Promise<void> {
    if (this.#isRequired) await this.#signer.ready()
  }

  /** The commit with its signature; without one, and with the reason, where that is allowed. Throws SigningError. */
  async sign(commit: Buffer): Promise<{ data: Buffer; unsigned?: SigningError }> {
    try {
      return { data: withSignature(commit, await this.#signer.sign(commit)) }
    } catch (error) {
      if (this.#isRequired || !(error instanceof SigningError)) throw error
      return { data: commit, unsigned: error }
    }
  }

  /** Called once the checkpoint is in place. */
  tell(unsigned: UnsignedCheckpoint): void {
    this.#onUnsigned(unsigned)
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
