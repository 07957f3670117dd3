/**
 * Signs with an SSH key: reads keys, makes and checks signatures. Callers decide what is signed, and what happens if it
 * cannot be.
 */
import { resolve } from 'node:path'
import { SigningError } from '../../errors.ts'
import { readNamedFile } from '../../named-file.ts'
import { type PrivateKey, readPrivateKey } from './private-key.ts'
import { signWithKeygen } from './ssh-keygen.ts'
import { signWith } from './sshsig.ts'

/** Signs with one key, which is read at the first use. */
export class Signer {
  /** The file of the key; `undefined` when its text was given. */
  readonly file: string | undefined
  readonly #text: string | undefined
  #loading: Promise<PrivateKey | undefined> | undefined
  #loaded: PrivateKey | undefined

  /**
   * @param key the file of a private key, the file of a public key whose private half the SSH agent has, or the text of
   * an unencrypted ed25519 key
   */
  constructor(key: string) {
    const isText = key.trimStart().startsWith('-----BEGIN ')
    this.file = isText ? undefined : resolve(key)
    this.#text = isText ? key : undefined
  }

  /** Reads the key and tries it, unless that was done before. Throws SigningError when it cannot be read or used. */
  async ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      // The file may exist later.
      this.#loading = undefined
      throw error
    })
    this.#loaded = await this.#loading
  }

  /** The signature as git writes it, without a newline at the end. Throws SigningError. */
  async sign(data: Uint8Array): Promise<string> {
    if (this.#loaded === undefined) await this.ready()
    return this.#loaded === undefined ? this.#signOutside(data) : signWith(this.#loaded, data)
  }

  async #signOutside(data: Uint8Array): Promise<string> {
    try {
      return await signWithKeygen(this.file!, data)
    } catch (cause) {
      throw unusable(this.file, (cause as Error).message, cause)
    }
  }

  async #load(): Promise<PrivateKey | undefined> {
    const text = this.#text ?? readKeyFile(this.file!)
    let key: PrivateKey | undefined
    try {
      key = readPrivateKey(text)
    } catch (cause) {
      throw unusable(this.file, `It is damaged: ${(cause as Error).message}`, cause)
    }
    if (key === undefined && this.file === undefined) {
      throw unusable(undefined, 'Only the text of an unencrypted ed25519 key can be given. Give its file')
    }
    // Only a try shows whether the agent has the key and lets us use it.
    if (key === undefined) await this.#signOutside(Buffer.from('forkpoint'))
    return key
  }
}

function readKeyFile(file: string): string {
  try {
    return readNamedFile(file)
  } catch (cause) {
    throw unusable(file, (cause as Error).message.replace(/\.$/, ''), cause)
  }
}

const unusable = (file: string | undefined, reason: string, cause?: unknown): SigningError =>
  new SigningError({ key: file }, reason, { cause })
