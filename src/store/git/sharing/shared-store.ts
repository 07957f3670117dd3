/** What `GitSessionStore` does with its remotes. Loaded on first use. */
import type { Checkpoints } from '../../../checkpoints/checkpoints.ts'
import { ForkpointError, NotFoundError } from '../../../errors.ts'
import type { Repository } from '../../../git/repository.ts'
import type { Remote, RemoteOptions, RemoteRefs } from '../../../git/wire/remote.ts'
import { parseSessionId, type SessionId } from '../../../ids.ts'
import { type SecretOptions, secretFinder } from '../../../redaction/secrets.ts'
import { type BundleReport, bundleSessions, unbundleSessions } from '../../../sync/bundle/bundle.ts'
import { absoluteAddress, type ConnectOptions, connect } from '../../../sync/connect.ts'
import { cutOff, deepen, lacksHistory } from '../../../sync/deepen.ts'
import { create, type FetchResult, fetchSessions } from '../../../sync/fetch.ts'
import { hasCode, parseKey, RemoteNames } from '../../../sync/planning/names.ts'
import { pushSessions } from '../../../sync/push.ts'
import { addRemote, type NamedRemote, remotesOf, removeRemote } from '../../../sync/remotes.ts'
import type { FetchReport, PushReport, RemoteStatus, SyncReport } from '../../../sync/report.ts'
import { bringOutdated, type OutdatedWork } from '../../../sync/rewrites/outdated.ts'
import type { Sharing } from '../../../sync/sharing.ts'
import { statusOf } from '../../../sync/status.ts'
import { foldTombstones } from '../../../sync/tombstones/fold.ts'
import { writerName } from '../../../sync/writer.ts'
import type { CleanMemory } from '../../scan/scan.ts'
import { gate } from './gate.ts'

/** A git server that a store shares its sessions with. */
export interface RemoteSettings extends ConnectOptions {
  /** Name of the remote. Default `origin`. */
  name?: string
  /** `https://…`, `ssh://…`, `user@host:path`, or the path of a folder. */
  url: string
  /**
   * Whether the repository also holds code, so that branches of sessions are below `refs/forkpoint/heads/`. Default:
   * false.
   */
  mapped?: boolean
}

export interface ShareOptions extends RemoteOptions {
  /** Name of the remote. Default: `origin`, or the only remote. */
  remote?: string
  /** Only these sessions. */
  only?: readonly string[]
}

export interface FetchOptions extends ShareOptions {
  /**
   * Fetch only this number of checkpoints of each new branch. The rest is missing in this store until `deepen`.
   * Default: all.
   */
  depth?: number
  /** Also fetch what earlier fetches have cut off. Default: false. */
  deepen?: boolean
}

export interface PushOptions extends ShareOptions {
  /** Also push lines with the files of a workspace. Default: false. */
  workspace?: boolean
  /** Which secrets to look for in what is pushed; `false`: none. Default: all rules. */
  secrets?: Pick<SecretOptions, 'rules' | 'only' | 'off' | 'allow' | 'preset'> | false
  /** Returns the memory of content that has no secret by the rules with this id. */
  memory?: (rules: string) => CleanMemory | undefined
}

export interface BundleOptions extends Pick<ShareOptions, 'only' | 'onProgress'> {
  /** Only what is new since an earlier bundle (the path of its file) or since a time. Default: everything. */
  since?: string | Date
  /** Replace a file that exists. Default: false. */
  overwrite?: boolean
}

export interface SharedStoreSettings {
  remote: RemoteSettings | undefined
  writer: string | undefined
}

export class SharedStore {
  readonly #checkpoints: Checkpoints
  readonly #settings: SharedStoreSettings
  readonly #remotes = new Map<string, Remote>()
  /** Why the last push of a session was refused, by remote and session. */
  readonly #refused = new Map<string, string>()

  constructor(checkpoints: Checkpoints, settings: SharedStoreSettings) {
    this.#checkpoints = checkpoints
    this.#settings = settings
  }

  async fetch(options: FetchOptions): Promise<FetchReport> {
    return (await this.#fetch(options)).report
  }

  async #fetch(options: FetchOptions): Promise<FetchResult> {
    const sharing = await this.#sharing(options)
    const result = await fetchSessions(sharing, only(options), options.depth)
    if (options.deepen === true) await deepen([sharing], only(options))
    return result
  }

  /**
   * Fetches all history that is cut off in this store, from any remote. Throws UnsupportedError if no remote has some
   * of it.
   *
   * @param why the reason in the error
   */
  async deepen(session: SessionId, why: string): Promise<void> {
    const { objects, repository } = this.#checkpoints.history
    const tips = () => cutOff(objects, [...repository.refs.list('refs/heads/').values()])
    if ((await tips()).length === 0) return
    await deepen(await this.#others(undefined, {}))
    const cut = await tips()
    if (cut.length > 0) throw lacksHistory(session, cut, why)
  }

  push(options: PushOptions): Promise<PushReport> {
    return this.#push(options)
  }

  /** @param there the remote's refs, if all of them were just read */
  async #push(options: PushOptions, there?: RemoteRefs): Promise<PushReport> {
    const { secrets = {}, memory, workspace = false } = options
    const sharing = await this.#sharing(options)
    if (options.only === undefined && (await this.#checkpoints.openFinished()))
      await foldTombstones(this.#checkpoints)
    const finder = secrets === false ? undefined : secretFinder(secrets)
    const { history } = this.#checkpoints
    const report = await pushSessions(sharing, {
      only: only(options),
      workspace,
      there,
      gate: gate(history, finder, finder && memory?.(finder.id)),
      others: () => this.#others(sharing.names.remote, options),
    })
    const { remote } = report
    for (const key of [...report.pushed, ...report.deleted])
      this.#refused.delete(`${remote} ${parseKey(key)?.session}`)
    for (const { session, reason } of report.refused) this.#refused.set(`${remote} ${session}`, reason)
    return report
  }

  async sync(options: PushOptions): Promise<SyncReport> {
    const { report: fetch, there } = await this.#fetch(options)
    // A push names the values that it replaces, so it is refused if the refs have changed since.
    const push = await this.#push(options, there)
    // The push may have deleted or replaced refs that were still at the server during the fetch.
    const done = new Set([...push.deleted, ...push.pushed])
    const hidden = fetch.hidden.filter((key) => !done.has(key))
    return { fetch: { ...fetch, hidden }, push }
  }

  async status(options: ShareOptions): Promise<RemoteStatus> {
    const { url } = await this.remote(options.remote)
    const sharing = await this.#sharing(options)
    const status = await statusOf(sharing, url, only(options))
    const sessions = status.sessions.map((one) => {
      const refused = this.#refused.get(`${status.remote} ${one.session}`)
      return refused === undefined ? one : { ...one, refused }
    })
    return { ...status, sessions }
  }

  /** Fetches the work on a session that the remote has on top of rewritten checkpoints. */
  async outdated(session: SessionId, options: ShareOptions): Promise<OutdatedWork> {
    return bringOutdated(await this.#sharing(options), session)
  }

  bundle(file: string, { only: sessions, ...options }: BundleOptions): Promise<BundleReport | undefined> {
    return bundleSessions(this.#checkpoints, file, { ...options, only: sessions?.map(parseSessionId) })
  }

  async unbundle(file: string, options: Omit<ShareOptions, 'remote'>): Promise<FetchReport> {
    const { signal, onProgress } = options
    return unbundleSessions(this.#checkpoints, file, {
      only: only(options),
      writer: await this.#writer(),
      options: { signal, onProgress },
    })
  }

  /** Returns the remotes of the configuration and that of the store's options. */
  async remotes(): Promise<NamedRemote[]> {
    const { repository } = this.#checkpoints.history
    const all = (await this.#checkpoints.open()) ? remotesOf(repository.config()) : []
    const { remote } = this.#settings
    if (remote === undefined) return all
    const { name = 'origin', url, mapped = false } = remote
    return [{ name, url, mapped }, ...all.filter((one) => one.name !== name)]
  }

  /** Returns the remote of this name. Throws NotFoundError. */
  async remote(name?: string): Promise<NamedRemote> {
    const all = await this.remotes()
    const found =
      name === undefined
        ? (all.find((one) => one.name === 'origin') ?? (all.length === 1 ? all[0] : undefined))
        : all.find((one) => one.name === name)
    if (found !== undefined) return found
    throw new NotFoundError(
      { kind: 'remote', id: name ?? 'origin' },
      name === undefined
        ? "The store has no remote to share with. Add one: 'forkpoint remote add origin <url>'."
        : undefined,
    )
  }

  /** Returns one object per address, because it remembers what it has learned about the server. */
  #connected(repository: Repository, url: string): Remote {
    const known = this.#remotes.get(url)
    if (known !== undefined) return known
    const { remote } = this.#settings
    const made = connect(repository, url, remote?.url === url ? remote : {})
    this.#remotes.set(url, made)
    return made
  }

  /**
   * Adds a remote to the configuration. Without `mapped`, the server's refs decide where branches are: below
   * `refs/forkpoint/heads/` if the server has such refs, or branches that are not of sessions.
   */
  async add(name: string, given: string, mapped: boolean | undefined): Promise<NamedRemote> {
    const { repository } = this.#checkpoints.history
    const url = absoluteAddress(given)
    const remote = this.#connected(repository, url)
    await create(this.#checkpoints)
    const added = { name, url, mapped: mapped ?? (await alsoHoldsCode(remote)) }
    await addRemote(repository, added)
    return added
  }

  /** Throws NotFoundError. */
  async remove(name: string): Promise<void> {
    await removeRemote(this.#checkpoints.history.repository, name)
  }

  /** Returns all remotes but one. */
  async #others(but: string | undefined, options: ShareOptions): Promise<Sharing[]> {
    const names = (await this.remotes()).map(({ name }) => name).filter((name) => name !== but)
    return Promise.all(names.map((remote) => this.#sharing({ ...options, remote })))
  }

  async #sharing({ remote: name, signal, onProgress }: ShareOptions): Promise<Sharing> {
    const { repository } = this.#checkpoints.history
    const { name: remote, url, mapped } = await this.remote(name)
    return {
      checkpoints: this.#checkpoints,
      remote: this.#connected(repository, url),
      names: new RemoteNames(remote, mapped),
      writer: await this.#writer(),
      options: { signal, onProgress },
    }
  }

  async #writer(): Promise<string> {
    const { repository } = this.#checkpoints.history
    const isThere = await this.#checkpoints.open()
    return writerName(
      this.#settings.writer ?? (isThere ? repository.config().get('forkpoint.writer')?.at(-1) : undefined),
    )
  }
}

/** Whether the server also holds code. Assumes not if the server cannot be reached. */
async function alsoHoldsCode(remote: Remote): Promise<boolean> {
  const known = await remote.refs(['refs/heads/', 'refs/forkpoint/heads/']).catch((error: unknown) => {
    if (!(error instanceof ForkpointError)) throw error
    return undefined
  })
  return hasCode(known?.refs.keys() ?? [])
}

const only = ({ only }: ShareOptions): SessionId[] | undefined => only?.map(parseSessionId)
