/**
 * Sends requests to a git server over HTTP (gitprotocol-http(5)): with credentials, redirects by the rules of git, time
 * limits, and retries if they are safe. Answers of servers are not trusted.
 */
import { RemoteError, type RemoteErrorData } from '../../errors.ts'
import { RemoteAddress } from './address.ts'
import { type CredentialSource, type Credentials, credentialHeaders, HeldCredentials } from './credentials.ts'
import { discard, isRedirect, meaningOf, retryAfter, textAtStart } from './http/answer.ts'
import { Watch } from './http/watch.ts'
import { plainWords } from './words.ts'

export interface HttpOptions {
  /** Asked for credentials of this server; not asked after a redirect to another one. */
  credentials: CredentialSource
  /** Asked for credentials of any server, by its address; the user's own `git credential`. */
  anywhere?: CredentialSource | undefined
  /** Default: the global `fetch`, with the certificates that Node has. */
  fetch?: typeof globalThis.fetch | undefined
  /** Milliseconds without any data after which a request is given up. Default 60,000. */
  timeout?: number | undefined
  /** How often a request is repeated if the server is busy. Default 4. */
  retries?: number | undefined
  /** Headers for every request. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Waits for this number of milliseconds. For tests. */
  pause?: ((milliseconds: number) => Promise<void>) | undefined
}

export interface HttpRequest {
  service: 'git-upload-pack' | 'git-receive-pack'
  headers?: Readonly<Record<string, string>>
  /** Returns the body, as a stream if it is large. Called for each try. */
  body: () => Uint8Array | ReadableStream<Uint8Array>
  /** Whether the request changes nothing at the server, and so can be repeated if its answer was lost. */
  isSafe: boolean
  signal?: AbortSignal | undefined
}

export class Http {
  readonly #options: HttpOptions
  readonly #home: RemoteAddress
  #address: RemoteAddress
  readonly #held = new HeldCredentials((refused, challenge) => this.#ask(refused, challenge))
  /** Credentials that were reported to their source as accepted. */
  #accepted: Credentials | undefined

  /** Throws TypeError unless `url` is an http or https address. A user name and password in it are credentials. */
  constructor(url: string, options: HttpOptions) {
    this.#options = options
    this.#home = RemoteAddress.parse(url)
    this.#address = this.#home
  }

  /** The address without user name and password. */
  get url(): string {
    return this.#address.url
  }

  /** Posts to a service; returns the answer's bytes as they arrive. Throws RemoteError, and the reason of an abort. */
  async post(request: HttpRequest): Promise<AsyncGenerator<Uint8Array, void>> {
    const { service, headers, body, signal } = request
    const init = (): RequestInit => {
      const content = body()
      return {
        method: 'POST',
        headers: {
          'content-type': `application/x-${service}-request`,
          accept: `application/x-${service}-result`,
          ...headers,
        },
        body: content as NonNullable<RequestInit['body']>,
        ...(content instanceof Uint8Array ? {} : { duplex: 'half' }),
      }
    }
    let answer = await this.#send(`/${service}`, init, request)
    if (isRedirect(answer.status)) {
      // Git follows redirects only of the first request, for the refs, so that one is sent now.
      await discard(answer)
      for await (const _ of await this.advertisement(service, headers, signal)) break
      answer = await this.#send(`/${service}`, init, request)
    }
    return this.#checked(answer, `application/x-${service}-result`, signal)
  }

  /** Requests the advertisement of a service. Throws what `post` throws. */
  async advertisement(
    service: HttpRequest['service'],
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<AsyncGenerator<Uint8Array, void>> {
    const path = `/info/refs?service=${service}`
    for (let hops = 0; ; hops++) {
      const answer = await this.#send(path, () => ({ headers: { ...headers } }), { isSafe: true, signal })
      if (!isRedirect(answer.status))
        return this.#checked(answer, `application/x-${service}-advertisement`, signal)
      await discard(answer)
      this.#moveTo(answer, path, hops)
    }
  }

  /** Makes an error with this server's address. */
  error(data: Omit<RemoteErrorData, 'url'>, message: string, cause?: unknown): RemoteError {
    const said = data.said === undefined ? undefined : plainWords(data.said)
    return new RemoteError({ ...data, url: this.url, said }, message, { cause })
  }

  async #send(
    path: string,
    init: () => RequestInit,
    { isSafe, signal }: Pick<HttpRequest, 'isSafe' | 'signal'>,
  ): Promise<Response> {
    const { retries = 4 } = this.#options
    let refusals = 0
    for (let tries = 0; ; ) {
      const credentials = await this.#held.first()
      let answer: Response
      try {
        answer = await this.#once(path, init(), credentials, signal)
      } catch (error) {
        if (!(error instanceof RemoteError) || !isSafe || tries >= retries) throw error
        await this.#pause(2 ** tries++ * FIRST_PAUSE, signal)
        continue
      }
      const { status } = answer
      if (status === 401 && refusals < MOST_REFUSALS) {
        refusals++
        const challenge = answer.headers.get('www-authenticate')
        await discard(answer)
        if (await this.#held.others(credentials, challenge)) continue
        throw this.error(
          { failure: 'denied', status },
          credentials === undefined
            ? `${this.url} wants credentials. Programs give the option 'auth'; the command line asks 'git credential'.`
            : `${this.url} wants other credentials.`,
        )
      }
      const isBusy = status === 429 || status === 503 || (isSafe && status >= 500)
      if (isBusy && tries < retries) {
        const after = retryAfter(answer)
        if (after <= LONGEST_PAUSE) {
          await discard(answer)
          await this.#pause(Math.max(after, 2 ** tries++ * FIRST_PAUSE), signal)
          continue
        }
      }
      if (status < 400) await this.#accept(credentials)
      return answer
    }
  }

  /** Sends one request. The time limit applies to the head of the answer, and to each piece of a streamed body. */
  async #once(
    path: string,
    init: RequestInit,
    credentials: Credentials | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { fetch = globalThis.fetch, headers } = this.#options
    const watch = new Watch(this.#options.timeout, signal)
    const { body } = init
    try {
      return await fetch(`${this.url}${path}`, {
        ...init,
        ...(body instanceof ReadableStream && { body: body.pipeThrough(watch.passing()) }),
        headers: {
          'user-agent': 'git/forkpoint',
          ...(init.headers as Record<string, string>),
          ...headers,
          ...credentialHeaders(credentials),
        },
        redirect: 'manual',
        signal: watch.signal,
      })
    } catch (error) {
      throw this.#lost(error, watch, signal)
    } finally {
      watch.stop()
    }
  }

  /** Checks status and type of an answer, and returns its bytes. */
  async #checked(
    answer: Response,
    type: string,
    signal: AbortSignal | undefined,
  ): Promise<AsyncGenerator<Uint8Array, void>> {
    const { status } = answer
    const actual = answer.headers.get('content-type')?.split(';')[0]?.trim()
    if (status === 200 && actual === type) return this.#bytes(answer, signal)
    const said = actual === 'text/plain' ? await textAtStart(answer) : undefined
    await discard(answer)
    const { failure, message } = meaningOf(status, this.url)
    throw this.error({ failure, status, said }, message)
  }

  async *#bytes(answer: Response, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    const reader = answer.body?.getReader()
    if (reader === undefined) return
    try {
      for (;;) {
        const watch = new Watch(this.#options.timeout, signal)
        try {
          const { done, value } = await Promise.race([reader.read(), watch.over])
          if (done) return
          yield value as Uint8Array
        } catch (error) {
          throw this.#lost(error, watch, signal)
        } finally {
          watch.stop()
        }
      }
    } finally {
      void reader.cancel().catch(() => undefined)
    }
  }

  #lost(error: unknown, watch: Watch, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason
    if (error instanceof RemoteError) return error
    const why = watch.isOver
      ? `did not answer in time`
      : `cannot be reached, or the connection was lost (${causeOf(error)})`
    return this.error({ failure: 'unreachable' }, `${this.url} ${why}.`, error)
  }

  async #ask(refused: Credentials | undefined, challenge: string | null): Promise<Credentials | undefined> {
    const question = { url: this.url, refused, challenge: challenge ?? undefined }
    const isHome = this.#address.isSameServer(this.#home)
    const given = isHome
      ? (this.#home.credentials(refused) ?? (await this.#options.credentials.ask(question)))
      : undefined
    return given ?? (challenge === null ? undefined : await this.#options.anywhere?.ask(question))
  }

  async #accept(credentials: Credentials | undefined): Promise<void> {
    if (credentials === undefined || this.#accepted === credentials) return
    this.#accepted = credentials
    if (this.#address.isSameServer(this.#home)) await this.#options.credentials.accepted?.(credentials)
    await this.#options.anywhere?.accepted?.(credentials)
  }

  #moveTo(answer: Response, path: string, hops: number): void {
    const location = answer.headers.get('location') ?? ''
    const to = hops < MOST_HOPS ? this.#address.redirected(location, path) : undefined
    if (to === undefined) {
      const text = plainWords(location)
      throw this.error(
        { failure: 'redirected', status: answer.status },
        `${this.url} redirects to '${text}', which git does not follow. If the repository has moved there, use its new address.`,
      )
    }
    if (!to.isSameServer(this.#address)) this.#held.forget()
    this.#address = to
  }

  async #pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    const { pause = sleep } = this.#options
    // The random factor keeps clients that were refused at the same time from returning at the same time.
    await pause(milliseconds * (0.5 + Math.random()))
    signal?.throwIfAborted()
  }
}

const MOST_HOPS = 5
const MOST_REFUSALS = 3
/** The first pause and the longest one, in milliseconds. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 30_000
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  const inner = cause as (Error & { code?: string }) | undefined
  return plainWords(inner?.code ?? inner?.message ?? message)
}
