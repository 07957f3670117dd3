/**
 * Stores checkpoints as commits: every store and adapter that keeps sessions in a repository writes and reads here.
 * Knows branches, lines, keys, types, times and trailers, but not documents: callers decide what changed in them.
 */
import type { Layout } from '../codec/index.ts'
import { NotFoundError, StorageError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import type { KeptCopies } from '../git/database/kept-copies.ts'
import type { ObjectStore } from '../git/database/object-store.ts'
import type { Repository } from '../git/repository.ts'
import { purgeMark } from '../git/upkeep/purge-mark.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  goneRef,
  type LockName,
  MAIN,
  type RefName,
  reservedRef,
  type SessionId,
  type TagName,
  tagRef,
  trustedCommit,
} from '../ids.ts'
import { refuseSecrets } from '../redaction/names.ts'
import { type Redact, redactValue } from '../redaction/redact.ts'
import type { Author } from './commits/checkpoint.ts'
import { type CommitInfo, History } from './commits/history.ts'
import { Keys } from './commits/keys.ts'
import { Lifetime } from './lifetime.ts'
import { AGAIN, type Again, type Aim, changeLocked, nothing } from './locking.ts'
import type { PageRules } from './pages.ts'
import { restoring, SessionRefs } from './session-refs.ts'
import type { Signing } from './signing.ts'
import { mayHaveTombstone, tombstoneOf } from './tombstones/folded.ts'
import { Writing } from './writing.ts'
import { wrongType } from './wrong-type.ts'

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

/** Where a write goes: a branch (default: the active one), or a reserved line. */
export interface Onto {
  branch?: BranchName | undefined
  line?: string
  /** Whether this write creates the branch. Default: whether it is missing. */
  starts?: boolean
  /** Whether the branch becomes the active one. Default: only if this write creates the session. */
  activates?: boolean
  /** Other refs to lock, so that `Writing.move` can move them. */
  also?: readonly LockName[]
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

interface Target extends Aim {
  ref: RefName
  name: string
  starts: boolean
  isNew: boolean
  activates: boolean
  head: RefName
}

const TIPS = 256

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
  /** Last known tips of branches and lines whose type was checked, by ref. */
  readonly #tips = new Map<RefName, CommitId>()

  /** @param signing signs every commit */
  constructor(repository: R, rules: CheckpointRules, signing?: Signing) {
    this.#repository = repository
    this.#signing = signing
    this.rules = rules
    this.copies = repository.copies(() => this.mark())
    this.history = new History(repository, this.copies)
    this.#keys = new Keys(this.history)
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
    await this.#checkType(session, info)
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
        if (!isNew && !anyType) await this.#checkLine(session, target.ref, tip)
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
            if (moved !== undefined && moved !== null) this.#remember(ref, trustedCommit(moved))
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
    for (const ref of refs) this.#tips.delete(ref)
  }

  /** Returns the rules with the author redacted. */
  async #cleanRules(): Promise<CheckpointRules> {
    const { author, redact } = this.rules
    if (author === undefined || redact === undefined) return this.rules
    this.#author ??= (await redactValue(author, redact, ['author'])) as Author
    return { ...this.rules, author: this.#author }
  }

  /** Returns what a write must lock. Checked again under the locks. */
  #target(session: SessionId, there: boolean, onto: Onto): Target {
    const { line, also = [] } = onto
    const branch = onto.branch ?? (there ? this.history.active(session) : MAIN)
    const ref = line === undefined ? branchRef(session, branch) : reservedRef(session, line)
    // A remembered ref existed a moment ago.
    const isMissing = () => !this.#tips.has(ref) && (!there || this.history.tip(ref) === undefined)
    const starts = onto.starts ?? isMissing()
    const isNew = starts && (!there || !this.history.exists(session))
    const activates = line === undefined && (onto.activates ?? (isNew && branch !== MAIN))
    return {
      refs: [
        ref,
        ...(activates ? [activeRef(session)] : []),
        ...also,
        ...(starts && there && mayHaveTombstone(this.#repository.refs, session) ? [goneRef(session)] : []),
      ],
      reaches: starts && line === undefined,
      ref,
      name: line ?? branch,
      starts,
      isNew,
      activates,
      head: branchRef(session, branch),
    }
  }

  /** Throws InvalidStateError if the session exists and is of another type. */
  async #checkLine(session: SessionId, ref: RefName, tip: CommitInfo | undefined): Promise<void> {
    if (tip !== undefined && this.#tips.get(ref) === tip.id) return
    const other = tip === undefined ? this.history.branches(session).values().next().value : undefined
    const any = tip ?? (other === undefined ? undefined : await this.history.info(other))
    if (any !== undefined) await this.#checkType(session, any)
    if (tip !== undefined) this.#remember(ref, tip.id)
  }

  async #checkType(session: SessionId, { id, type }: CommitInfo): Promise<void> {
    const actual = type ?? (await this.history.typeOf(id))
    if (actual !== undefined && actual !== this.rules.type) throw wrongType(session, actual, this.rules.type)
  }

  #remember(ref: RefName, tip: CommitId): void {
    this.#tips.delete(ref)
    if (this.#tips.size >= TIPS) this.#tips.delete(this.#tips.keys().next().value!)
    this.#tips.set(ref, tip)
  }
}

/** Returns whether the refs locked for one target are enough for another. */
const covers = (locked: Target, now: Target): boolean =>
  now.ref === locked.ref && now.starts === locked.starts && now.refs.every((ref) => locked.refs.includes(ref))
