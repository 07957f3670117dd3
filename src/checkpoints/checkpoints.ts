/**
 * Stores checkpoints as commits: every store and adapter that keeps sessions in a repository writes and reads here.
 * Knows branches, lines, keys, types, times and trailers, but not documents: callers decide what changed in them.
 */
import type { Layout } from '../codec/index.ts'
import { NotFoundError, StorageError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import type { KeptCopies } from '../git/database/kept-copies.ts'
import type { ObjectStore } from '../git/database/object-store.ts'
import { nothing } from '../git/refs/change.ts'
import type { Repository } from '../git/repository.ts'
import { purgeMark } from '../git/upkeep/purge-mark.ts'
import {
  activeRef,
  type BranchName,
  type CommitId,
  goneRef,
  MAIN,
  type RefName,
  type SessionId,
  type TagName,
  tagRef,
  trustedCommit,
} from '../ids.ts'
import { refuseSecrets } from '../redaction/names.ts'
import { type Redact, redactValue } from '../redaction/redact.ts'
import { CheckedTips } from './checked-tips.ts'
import type { Author } from './commits/checkpoint.ts'
import { type CommitInfo, History } from './commits/history.ts'
import { Keys } from './commits/keys.ts'
import { Lifetime } from './lifetime.ts'
import { AGAIN, type Again, changeLocked } from './locking/locking.ts'
import { covers, type Onto, type Target, targetOf } from './locking/target.ts'
import type { PageRules } from './pages/pages.ts'
import { restoring, SessionRefs } from './session-refs.ts'
import type { Signing } from './signing.ts'
import { tombstoneOf } from './tombstones/folded.ts'
import { Writing } from './writing.ts'

export { AGAIN, type Again, type Onto }

/** What all writes of one `Checkpoints` have in common. */
export interface CheckpointRules {
  /** The type of the sessions' documents; sessions of another type are refused. */
  readonly type: string
  /** The author of checkpoints for which the caller gave none. */
  readonly author: Author | undefined
  /** Returns the current time, in milliseconds since 1970. */
  readonly now: () => number
  readonly redact: Redact | undefined
  /** How documents are divided into files. */
  readonly layout: Layout
  /** How the pages of turns are made; `undefined`: turns get no pages. */
  readonly pages: PageRules | undefined
  /** Returns a value that makes commits unique, where several writers may write equal ones at the same time. */
  readonly nonce?: (() => string) | undefined
}

export interface CheckpointWrite<T> {
  session: SessionId
  /** A function is called before the locks are taken and under them; if results differ, the write starts over. */
  onto: Onto | (() => Onto | Promise<Onto>)
  /** Write to a session of any type. */
  anyType?: boolean
  /** `decide` redacts what it writes. It is also called before the locks, so that `redact` knows its answers then. */
  redacts?: true
  /** A tag to set on the last checkpoint of the write. Throws AlreadyExistsError if it names another one. */
  tag?: TagName | undefined
  /** The caller calls `replicate` itself after updating its positions, or leaves that to a later write. */
  replicates?: false
  /**
   * Called under the locks, perhaps more than once. What it adds to `writing` becomes durable completely or not at all.
   * If it throws, `write` throws the same error and nothing is written. Returns `AGAIN` to start over.
   */
  decide(writing: Writing): T | Again | Promise<T | Again>
}

/** A session at one moment. */
export interface Snapshot {
  branch: BranchName
  /** The tip of the branch; `undefined` if the session has no branch of that name. */
  tip: CommitId | undefined
  /** The requested checkpoint. */
  commit: CommitInfo
}

export class Checkpoints<R extends AnyRepository = Repository> {
  readonly history: History<R>
  readonly refs: SessionRefs
  readonly rules: CheckpointRules
  /** Cached copies of what is read often. */
  readonly copies: KeptCopies
  /** Runs work that `close` must wait for, with `lifetime.use`. */
  readonly lifetime = new Lifetime()
  /**
   * Replicates a session; resolves when it is stored wherever the store requires it. Set by the store, and called after
   * each write. `checkpoint` is empty for a deletion. Throws ReplicationError.
   */
  replicate: (session: SessionId, checkpoint: string) => Promise<void> = async () => undefined
  readonly #repository: R
  readonly #keys: Keys
  readonly #signing: Signing | undefined
  /** The author of checkpoints for which the caller gave none, redacted. */
  #author: Author | undefined
  readonly #tips: CheckedTips

  /** @param signing signs every commit */
  constructor(repository: R, rules: CheckpointRules, signing?: Signing) {
    this.#repository = repository
    this.#signing = signing
    this.rules = rules
    this.copies = repository.copies(() => this.mark())
    this.history = new History(repository, this.copies)
    this.#keys = new Keys(this.history)
    this.#tips = new CheckedTips(this.history, rules.type)
    this.refs = new SessionRefs(this.history, rules.now, (refs) => this.forget(refs))
  }

  get objects(): ObjectStore {
    return this.#repository.objects
  }

  /** Opens the repository; returns whether there is one. Throws what `Repository.open` throws. */
  open(): Promise<boolean> {
    return this.#repository.open()
  }

  /**
   * As `open`, for callers that may write on top of what they read: finishes durable saves of dead processes whose
   * branch has not moved yet. Otherwise the first write would finish them, and then conflict with them. Ignores a
   * StorageError, such as on a read-only disk, where no write can follow.
   */
  async openFinished(): Promise<boolean> {
    if (!(await this.open())) return false
    await this.#repository.recover().catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error
    })
    return true
  }

  /** Returns the purge mark. Take it before resolving a checkpoint, and pass it to `Writing.stands`. */
  mark(): string {
    return purgeMark(this.#repository)
  }

  /**
   * Reads the checkpoint that a revision names, else the tip of the branch, else the tip of the active branch. Returns
   * `undefined` if there is no such session. Throws NotFoundError for a missing branch or revision, InvalidStateError
   * for a checkpoint of another type.
   */
  async read(
    session: SessionId,
    { branch: named, at }: { branch?: BranchName | undefined; at?: string | undefined } = {},
  ): Promise<Snapshot | undefined> {
    if (!(await this.openFinished())) return undefined
    const branch = named ?? this.history.active(session)
    const tip = this.history.head(session, branch)
    if (tip === undefined && !this.history.exists(session)) return undefined
    const id = at === undefined ? tip : await this.history.resolve(session, at)
    if (id === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
    return { branch, tip, commit: await this.checked(session, id) }
  }

  /** Reads a checkpoint. Throws InvalidStateError if its type is not that of these rules. */
  async checked(session: SessionId, id: CommitId): Promise<CommitInfo> {
    const info = await this.history.info(id)
    await this.#tips.checkType(session, info)
    return info
  }

  /**
   * Makes checkpoints: every store and adapter writes here. Throws what `onto` and `decide` throw; InvalidStateError
   * for a session of another type; ConflictError if others keep changing the branch; LockedError, StorageError;
   * SigningError, before anything is made, if required signing is not possible; ReplicationError if the write is
   * durable here but did not reach a server that must have it.
   */
  async write<T>(write: CheckpointWrite<T>): Promise<T> {
    if (this.#signing !== undefined) await this.#signing.ready()
    const rules = await this.#cleanRules()
    const { session, onto, tag: name, anyType = false } = write
    if (write.redacts && rules.redact !== undefined) await this.#rehearse(write, rules)
    const tag = name === undefined ? undefined : tagRef(session, name)
    const again = typeof onto === 'function' ? onto : undefined
    let made: string | undefined
    const written = await changeLocked<Target, T>(this.history, {
      session,
      branch: typeof onto === 'function' ? MAIN : (onto.branch ?? onto.line ?? MAIN),
      aim: async () => {
        const there = await this.open()
        const target = this.#target(session, there, again === undefined ? (onto as Onto) : await again())
        await refuseSecrets({ session, branch: target.name, tag: name }, rules.redact)
        return tag === undefined ? target : { ...target, refs: [...target.refs, tag] }
      },
      decide: async (target, current) => {
        const found = current.get(target.ref)
        const id = found && trustedCommit(found)
        if (again !== undefined && !covers(target, this.#target(session, true, await again())))
          return nothing(AGAIN)
        if (id === undefined && !target.starts) {
          this.forget([target.ref])
          return nothing(AGAIN)
        }
        const tip = id === undefined ? undefined : await this.history.info(id)
        const isNew = target.isNew && id === undefined
        if (!isNew && !anyType) await this.#tips.checkLine(session, target.ref, tip)
        const { ref, name: branch } = target
        const common = { history: this.history, keys: this.#keys, rules, signing: this.#signing }
        const isMarked = target.starts && id === undefined && target.refs.includes(goneRef(session))
        const grave = isMarked ? await tombstoneOf(this.history, session) : undefined
        const writing = new Writing(common, { session, branch, ref, tip, isNew, grave })
        const result = await write.decide(writing)
        if (result === AGAIN) return nothing(AGAIN)
        const at = name === undefined ? undefined : await this.history.tagged(session, name)
        const active = { ref: activeRef(session), to: branch === MAIN ? null : ref }
        const plan = writing.plan(
          result as T,
          name === undefined ? undefined : { name, ref: tag!, at },
          target.activates && (again !== undefined || id === undefined) ? [active] : [],
        )
        const moved = plan.moves.get(ref)
        // A line of this name was deleted before, and the new one begins at a checkpoint that its tombstone may name.
        const restored =
          grave !== undefined && moved !== undefined && !writing.goesOn
            ? restoring(session, ref, grave, rules.now())
            : []
        return {
          ...plan,
          objects: [...plan.objects, ...restored],
          ...(restored[0] && { moves: new Map([...plan.moves, [goneRef(session), restored[0].id]]) }),
          placed: () => {
            if (moved !== undefined && moved !== null) this.#tips.remember(ref, trustedCommit(moved))
            if (plan.moves.size > 0) made = moved ?? [...plan.moves.values()].find((to) => to !== null) ?? ''
            plan.placed?.()
          },
        }
      },
      head: (target) => target.head,
    })
    if (made !== undefined && write.replicates !== false) await this.replicate(session, made)
    return written
  }

  /** Calls `decide` once without locks. Its result and its errors are ignored. */
  async #rehearse<T>({ session, onto, decide }: CheckpointWrite<T>, rules: CheckpointRules): Promise<void> {
    try {
      const there = await this.open()
      const { ref, name, isNew } = this.#target(
        session,
        there,
        typeof onto === 'function' ? await onto() : onto,
      )
      const id = there ? this.history.tip(ref) : undefined
      const tip = id && (await this.history.info(id))
      const common = { history: this.history, keys: this.#keys, rules, signing: undefined }
      await decide(new Writing(common, { session, branch: name, ref, tip, isNew }))
    } catch {
      // If the cause remains, `decide` throws again under the locks.
    }
  }

  /** Forgets the remembered tips of deleted refs. */
  forget(refs: Iterable<RefName>): void {
    this.#tips.forget(refs)
  }

  /** Returns the rules with the author redacted. */
  async #cleanRules(): Promise<CheckpointRules> {
    const { author, redact } = this.rules
    if (author === undefined || redact === undefined) return this.rules
    this.#author ??= (await redactValue(author, redact, ['author'])) as Author
    return { ...this.rules, author: this.#author }
  }

  #target(session: SessionId, there: boolean, onto: Onto): Target {
    return targetOf(this.history, session, onto, { there, existed: (ref) => this.#tips.has(ref) })
  }
}
