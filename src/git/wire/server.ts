/**
 * A git server over HTTP: protocol version 2 for reading (gitprotocol-v2(5)), `git-receive-pack` for writing
 * (gitprotocol-pack(5)). The capabilities of a server are requested only if it refuses a request without them, and are
 * then remembered.
 */
import { Buffer } from 'node:buffer'
import { RemoteError } from '../../errors.ts'
import { capabilitiesOfReading, capabilitiesOfWriting, VERSION_2 } from './capabilities.ts'
import { type FetchAnswer, type FetchRequest, fetchLines, readFetchAnswer } from './fetch-command.ts'
import type { Http, HttpRequest } from './http.ts'
import { BrokenPacketError, type Packet, packets, TooLargeError } from './pkt-line.ts'
import { commandLines, type PushRequest, readReport } from './push-command.ts'
import { readRefs, refLines } from './refs-command.ts'
import type { MoveAnswer, RemoteRefs } from './remote.ts'
import { ServerGaveUpError } from './side-band.ts'

export interface ServerLimits {
  /** Most refs that a server may list. Default 1,000,000. */
  maxRefs?: number | undefined
  /** Most bytes of a fetched pack. Default 2 GiB. */
  maxPackSize?: number | undefined
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Called with the server's messages about its progress. */
  onText?: ((text: string) => void) | undefined
}

/** Returns the bytes of a pack to send. Called for each try. */
export type PackBody = () => Uint8Array | AsyncIterable<Uint8Array>

export class GitServer {
  readonly http: Http
  readonly limits: ServerLimits
  /** Capabilities of the server; `undefined` until they are requested. */
  #reading: ReadonlySet<string> | undefined
  #writing: ReadonlySet<string> | undefined

  constructor(http: Http, limits: ServerLimits = {}) {
    this.http = http
    this.limits = limits
  }

  get url(): string {
    return this.http.url
  }

  /** Reads the refs below these prefixes. Throws RemoteError. */
  async refs(prefixes: readonly string[], options: CallOptions = {}): Promise<RemoteRefs> {
    const { maxRefs = 1_000_000 } = this.limits
    return this.#read(
      (can) => refLines(prefixes, can),
      (answer) => readRefs(answer, { prefixes, maxRefs }),
      options,
    )
  }

  /** Requests objects; `take` reads the answer. Throws RemoteError, and what `take` throws. */
  async fetch<T>(
    request: FetchRequest,
    take: (answer: FetchAnswer) => Promise<T>,
    { onText, ...options }: CallOptions = {},
  ): Promise<T> {
    const { maxPackSize = 2 ** 31 } = this.limits
    return this.#read(
      () => fetchLines({ ...request, isQuiet: onText === undefined }),
      async (answer, begun) => {
        const head = await readFetchAnswer(answer, { onText, maxPackSize })
        begun()
        return take(head)
      },
      options,
    )
  }

  /**
   * Moves refs. `pack` holds the objects; `undefined` if refs are only deleted. Throws RemoteError if a move has no
   * answer: then the moves may have been made or not.
   */
  async push(
    request: PushRequest,
    pack: PackBody | undefined,
    options: CallOptions = {},
  ): Promise<MoveAnswer[]> {
    const send = () => this.#pushOnce(request, pack, options)
    if (this.#writing !== undefined) return send()
    try {
      return await send()
    } catch (error) {
      // The server may require a request for its capabilities first.
      if (!mayWantAQuestion(error) || (error as RemoteError).status === undefined) throw error
      this.#writing = await this.#capabilities('git-receive-pack', options.signal)
      return send()
    }
  }

  async #pushOnce(
    request: PushRequest,
    pack: PackBody | undefined,
    { signal, onText }: CallOptions,
  ): Promise<MoveAnswer[]> {
    if (request.atomic && request.moves.length > 1 && this.#writing?.has('atomic') === false) {
      const message = `${this.url} cannot move several refs at once. Update the git server.`
      throw this.http.error({ failure: 'refused' }, message)
    }
    const commands = Buffer.concat(commandLines(request, this.#writing))
    const body = (): Uint8Array | ReadableStream<Uint8Array> => {
      const content = pack?.() ?? EMPTY
      return content instanceof Uint8Array ? Buffer.concat([commands, content]) : streamOf(commands, content)
    }
    const answer = await this.#explained(() =>
      this.http.post({ service: 'git-receive-pack', body, isSafe: false, signal }),
    )
    return this.#explained(() => readReport(packets(answer), request.moves, { onText }))
  }

  async #read<T>(
    lines: (can: ReadonlySet<string> | undefined) => readonly Uint8Array[],
    read: (answer: AsyncGenerator<Packet, void>, begun: () => void) => Promise<T>,
    { signal }: CallOptions,
  ): Promise<T> {
    let isUnderstood = false
    const once = async (): Promise<T> => {
      const content = Buffer.concat(lines(this.#reading))
      const request: HttpRequest = {
        service: 'git-upload-pack',
        headers: VERSION_2,
        body: () => content,
        isSafe: true,
        signal,
      }
      const answer = packets(await this.http.post(request))
      try {
        return await read(answer, () => {
          isUnderstood = true
        })
      } finally {
        await answer.return()
      }
    }
    try {
      return await this.#explained(once)
    } catch (error) {
      if (this.#reading !== undefined || isUnderstood || !mayWantAQuestion(error)) throw error
      this.#reading = await this.#capabilities('git-upload-pack', signal)
      return this.#explained(once)
    }
  }

  /** Requests the capabilities of a service. Throws RemoteError if the server does not use version 2. */
  async #capabilities(service: HttpRequest['service'], signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const isReading = service === 'git-upload-pack'
    return this.#explained(async () => {
      const answer = packets(await this.http.advertisement(service, isReading ? VERSION_2 : {}, signal))
      try {
        return isReading ? await capabilitiesOfReading(answer) : await capabilitiesOfWriting(answer)
      } finally {
        await answer.return()
      }
    })
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof BrokenPacketError) {
        throw this.http.error(
          { failure: 'invalid' },
          `${this.url} does not answer as a git server does: ${error.message}.`,
          error,
        )
      }
      if (error instanceof TooLargeError)
        throw this.http.error({ failure: 'too-large' }, `${this.url} ${error.message}.`, error)
      if (error instanceof ServerGaveUpError) {
        const said = error.message
        throw this.http.error({ failure: 'refused', said }, `${this.url} refused.`, error)
      }
      throw error
    }
  }
}

/** Returns whether the server may only require a request for its capabilities first. */
const mayWantAQuestion = (error: unknown): boolean =>
  error instanceof RemoteError &&
  (error.status === undefined
    ? error.failure === 'refused' || error.failure === 'invalid'
    : error.status >= 400 && error.status < 500 && !['denied', 'busy', 'too-large'].includes(error.failure))

const EMPTY = new Uint8Array()

function streamOf(first: Uint8Array, rest: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const pieces = rest[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const { value, done } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await pieces.return?.()
    },
  })
}
