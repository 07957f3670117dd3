/** Who asks a server: credentials, and where they come from. */
import { Buffer } from 'node:buffer'

/** A user name with a password, a bearer token, or headers of any kind. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly token: string }
  | { readonly headers: Readonly<Record<string, string>> }

/** What a source of credentials is asked. */
export interface CredentialQuestion {
  /** The server and repository, without user name and password. */
  readonly url: string
  /** What the server refused just now; `undefined` the first time. */
  readonly refused: Credentials | undefined
  /** The server's `WWW-Authenticate`, if it said so. */
  readonly challenge: string | undefined
}

/**
 * Gives credentials: before the first request, and again each time the server answers 401, three times at most. What it
 * returns is used until the server refuses it. `undefined`: there are none (any more).
 *
 *     auth: async ({ refused }) => ({ token: refused ? await refresh() : token })
 */
export type AskForCredentials = (
  question: CredentialQuestion,
) => Credentials | undefined | Promise<Credentials | undefined>

/** Credentials, or who gives them. */
export type Auth = Credentials | AskForCredentials

/** Where credentials come from, told when they were right. */
export interface CredentialSource {
  ask: AskForCredentials
  accepted?(credentials: Credentials): void | Promise<void>
}

/** The request headers of these credentials. */
export function credentialHeaders(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) return {}
  if ('headers' in credentials) return { ...credentials.headers }
  if ('token' in credentials) return { authorization: `Bearer ${credentials.token}` }
  const { username, password } = credentials
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** A source of what was given: fixed credentials are tried once. */
export function credentialSource(auth: Auth | undefined): CredentialSource {
  if (auth === undefined) return { ask: () => undefined }
  if (typeof auth === 'function') return { ask: auth }
  return { ask: ({ refused }) => (refused === undefined ? auth : undefined) }
}

/** The credentials that are in use, asked for one at a time: requests that are made meanwhile wait for the answer. */
export class HeldCredentials {
  readonly #ask: (
    refused: Credentials | undefined,
    challenge: string | null,
  ) => Promise<Credentials | undefined>
  #current: Credentials | undefined
  #isAsked = false
  #asking: Promise<unknown> = Promise.resolve()

  constructor(
    ask: (refused: Credentials | undefined, challenge: string | null) => Promise<Credentials | undefined>,
  ) {
    this.#ask = ask
  }

  /** Asks if nobody has been asked yet. */
  async first(): Promise<Credentials | undefined> {
    if (!this.#isAsked) await this.others(undefined, null)
    return this.#current
  }

  /** Whether there are others than those that were refused. */
  others(refused: Credentials | undefined, challenge: string | null): Promise<boolean> {
    const answer = this.#asking.then(async () => {
      // Another request was given them since.
      if (this.#isAsked && this.#current !== refused) return this.#current !== undefined
      this.#current = await this.#ask(refused, challenge)
      this.#isAsked = true
      return this.#current !== undefined
    })
    this.#asking = answer.catch(() => undefined)
    return answer
  }

  /** They were for another server. */
  forget(): void {
    this.#isAsked = false
    this.#current = undefined
  }
}
