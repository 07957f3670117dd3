/** Sessions on many git servers, without a disk: a session's id tells which server has it. */
import { InvalidIdError, UnsupportedError } from '../../errors.ts'
import { parseSessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import type { Session } from '../../state/index.ts'
import type {
  Addition,
  Checkpoint,
  ForkOptions,
  ListOptions,
  LoadOptions,
  LogOptions,
  MaintainOptions,
  MaintainReport,
  Place,
  SessionStore,
  SessionSummary,
  StateDiff,
  StoredDocument,
  StoreStats,
  Supports,
  VerifyReport,
  WriteOptions,
} from '../session-store.ts'
import { pageOf } from '../summary.ts'
import { RemoteSessionStore, type RemoteStoreOptions } from './remote-session-store.ts'

export interface FleetStoreOptions<S extends StoredDocument = Session> extends RemoteStoreOptions<S> {
  /** Returns the addresses of all servers, for calls about all sessions. Default: such calls throw UnsupportedError. */
  urls?: () => readonly string[] | Promise<readonly string[]>
}

/**
 * One store for sessions on many git servers, with a `RemoteSessionStore` for each. `memory` is per server. A fork or a
 * diff across two servers throws UnsupportedError.
 *
 *     const store = new FleetSessionStore('https://host/{scope}.git', { auth: { token } })
 *     await store.append('team-a/demo', { messages })
 */
export class FleetSessionStore<S extends StoredDocument = Session> implements SessionStore<S> {
  readonly supports: Supports
  readonly type: string
  readonly #urlOf: (session: string) => string
  readonly #options: FleetStoreOptions<S>
  /** Stores by address. */
  readonly #stores = new Map<string, RemoteSessionStore<S>>()
  /** Sends nothing; it tells `supports` and `type` of all stores. */
  readonly #like: RemoteSessionStore<S>

  /**
   * @param url the address of a session's server: a function of the session's id, or a template with `{session}` for
   *   the id and `{scope}` for the part of the id before its first slash
   */
  constructor(url: string | ((session: string) => string), options: FleetStoreOptions<S> = {}) {
    this.#urlOf = typeof url === 'function' ? url : fromTemplate(url)
    this.#options = options
    this.#like = new RemoteSessionStore<S>('https://fleet.invalid/', options)
    this.supports = this.#like.supports
    this.type = this.#like.type
  }

  async save(state: S, options?: WriteOptions): Promise<Checkpoint> {
    const { id } = (state ?? {}) as { id?: unknown }
    return this.#of(id).save(state, options)
  }

  async append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint> {
    return this.#of(session).append(session, addition, options)
  }

  async load(session: string, options?: LoadOptions): Promise<S | undefined> {
    return this.#of(session).load(session, options)
  }

  async open(session: string, options?: { at?: string; branch?: string }) {
    return this.#of(session).open(session, options)
  }

  async resolve(session: string, revision: string): Promise<string> {
    return this.#of(session).resolve(session, revision)
  }

  async checkpoint(session: string, revision?: string): Promise<Checkpoint> {
    return this.#of(session).checkpoint(session, revision)
  }

  async *log(session: string, options?: LogOptions): AsyncGenerator<Checkpoint> {
    yield* this.#of(session).log(session, options)
  }

  async branches(session: string) {
    return this.#of(session).branches(session)
  }

  async tags(session: string) {
    return this.#of(session).tags(session)
  }

  async switch(session: string, branch: string): Promise<void> {
    return this.#of(session).switch(session, branch)
  }

  async fork(session: string, options: ForkOptions): Promise<Checkpoint> {
    const store = this.#of(session)
    if (options.session !== undefined && this.#of(options.session) !== store) throw apart('a fork')
    return store.fork(session, options)
  }

  async tag(session: string, name: string, options?: { at?: string }) {
    return this.#of(session).tag(session, name, options)
  }

  diff(from: Place, to: Place): Promise<StateDiff>
  diff(session: string, from: string, to: string): Promise<StateDiff>
  async diff(first: Place | string, second: Place | string, third?: string): Promise<StateDiff> {
    if (typeof first === 'string') return this.#of(first).diff(first, second as string, third as string)
    const store = this.#of(first.session)
    if (this.#of((second as Place).session) !== store) throw apart('a comparison')
    return store.diff(first, second as Place)
  }

  async *list(options: ListOptions = {}): AsyncGenerator<SessionSummary> {
    const { after: _, limit: __, ...each } = options
    const all: SessionSummary[] = []
    for (const store of await this.#all('list')) for await (const one of store.list(each)) all.push(one)
    yield* pageOf(all, options)
  }

  async runEvents(session: string, run: string, options?: { after?: number; at?: string }) {
    return this.#of(session).runEvents(session, run, options)
  }

  async exists(session: string): Promise<boolean> {
    return this.#of(session).exists(session)
  }

  async delete(session: string, options?: { branch?: string; tag?: string }): Promise<boolean> {
    return this.#of(session).delete(session, options)
  }

  async verify(
    session?: string,
    options?: { onProgress?: MaintainOptions['onProgress'] },
  ): Promise<VerifyReport> {
    if (session !== undefined) return this.#of(session).verify(session, options)
    const reports: VerifyReport[] = []
    for (const store of await this.#all('verify')) reports.push(await store.verify(undefined, options))
    return {
      ok: reports.every(({ ok }) => ok),
      checkpoints: sum(reports.map(({ checkpoints }) => checkpoints)),
      objects: sum(reports.map(({ objects }) => objects)),
      problems: reports.flatMap(({ problems }) => problems),
      foreign: reports.flatMap(({ foreign = [] }) => foreign),
    }
  }

  /** Does nothing: servers maintain themselves. */
  maintain(options?: MaintainOptions): Promise<MaintainReport> {
    return this.#like.maintain(options)
  }

  async stats(): Promise<StoreStats> {
    const all: StoreStats[] = []
    for (const store of await this.#all('stats')) all.push(await store.stats())
    return {
      sessions: sum(all.map(({ sessions }) => sessions)),
      branches: sum(all.map(({ branches }) => branches)),
      tags: sum(all.map(({ tags }) => tags)),
      bytes: 0,
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#like, ...this.#stores.values()].map((store) => store.close()))
  }

  /** Returns the store of a session. Throws InvalidIdError. */
  #of(session: unknown): RemoteSessionStore<S> {
    return this.#at(this.#urlOf(parseSessionId(session)))
  }

  #at(url: string): RemoteSessionStore<S> {
    const known = this.#stores.get(url)
    if (known !== undefined) return known
    const { urls: _, ...options } = this.#options
    const made = new RemoteSessionStore<S>(url, options as RemoteStoreOptions<S>)
    this.#stores.set(url, made)
    return made
  }

  /** Returns the stores of all servers. Throws UnsupportedError without the option `urls`. */
  async #all(call: string): Promise<RemoteSessionStore<S>[]> {
    const { urls } = this.#options
    if (urls !== undefined) return [...new Set(await urls())].map((url) => this.#at(url))
    throw new UnsupportedError(
      call,
      `'${call}' is about all sessions, and the store does not know all servers. Give it the option 'urls'.`,
    )
  }
}

const apart = (what: string): UnsupportedError =>
  new UnsupportedError(what, `The two sessions are on different servers, so ${what} is not possible.`)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** Each name becomes one part of a path, whatever characters it has. */
function fromTemplate(template: string): (session: string) => string {
  if (!/\{(?:session|scope)\}/.test(template))
    throw new TypeError(`The address '${template}' has neither {session} nor {scope} in it`)
  const part = (name: string): string => encodeURIComponent(encodeName(name as never))
  return (session) =>
    template
      .replaceAll('{session}', () => part(session))
      .replaceAll('{scope}', () => {
        const at = session.indexOf('/')
        if (at < 1)
          throw new InvalidIdError(
            'session',
            session,
            'the server is chosen by what stands before its first /',
          )
        return part(session.slice(0, at))
      })
}
