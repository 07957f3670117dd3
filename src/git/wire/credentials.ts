/** Credentials for servers, and sources of credentials. */
import { Buffer } from 'node:buffer'

/** A user name with a password, a bearer token, or headers of any kind. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly token: string }
  | { readonly headers: Readonly<Record<string, string>> }

/** The question to a source of credentials. */
export interface CredentialQuestion {
  /** Address of the repository, without user name and password. */
  readonly url: string
  /** The credentials that the server has just refused; `undefined` the first time. */
  readonly refused: Credentials | undefined
  /** The server's `WWW-Authenticate` header, if it sent one. */
  readonly challenge: string | undefined
}

/**
 * Returns credentials. Called before the first request, and again each time the server answers 401, three times at
 * most. The credentials are used until the server refuses them. Returns `undefined` if there are none, or no others.
 *
 *     auth: async ({ refused }) => ({ token: refused ? await refresh() : token })
 */
export type AskForCredentials = (
  question: CredentialQuestion,
) => Credentials | undefined | Promise<Credentials | undefined>

/** Credentials, or a function that returns them. */
export type Auth = Credentials | AskForCredentials

/** A source of credentials. `accepted` is called when the server has accepted them. */
export interface CredentialSource {
  ask: AskForCredentials
  accepted?(credentials: Credentials): void | Promise<void>
}

/** Returns the request headers for these credentials. */
export function credentialHeaders(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) return {}
  if ('headers' in credentials) return { ...credentials.headers }
  if ('token' in credentials) return { authorization: `Bearer ${credentials.token}` }
  const { username, password } = credentials
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** Makes a source of the given credentials or function; fixed credentials are tried once. */
export function credentialSource(auth: Auth | undefined): CredentialSource {
  if (auth === undefined) return { ask: () => undefined }
  if (typeof auth === 'function') return { ask: auth }
  return { ask: ({ refused }) => (refused === undefined ? auth : undefined) }
}

type Ask = (refused: Credentials | undefined, challenge: string | null) => Promise<Credentials | undefined>

/** The current credentials. Only one question is asked at a time; other requests wait for its answer. */
export class HeldCredentials {
  readonly #ask: Ask
  #current: Credentials | undefined
  #isAsked = false
  #asking: Promise<unknown> = Promise.resolve()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Returns the current credentials; asks for them the first time. */
  async first(): Promise<Credentials | undefined> {
    if (!this.#isAsked) await this.others(undefined, null)
    return this.#current
  }

  /** Asks for other credentials than the refused ones; returns whether there are any. */
  others(refused: Credentials | undefined, challenge: string | null): Promise<boolean> {
    const answer = this.#asking.then(async () => {
      // Another request has received new credentials in the meantime.
      if (this.#isAsked && this.#current !== refused) return this.#current !== undefined
      this.#current = await this.#ask(refused, challenge)
      this.#isAsked = true
      return this.#current !== undefined
    })
    this.#asking = answer.catch(() => undefined)
    return answer
  }

  /** Forgets the credentials, because they were for another server. */
  forget(): void {
    this.#isAsked = false
    this.#current = undefined
  }
}
