/**
 * Commits as checkpoints: the one write and the one read of everything that keeps sessions in a repository. Knows
 * branches, lines, keys, types, times and trailers; what a document is, and what of it changed, is decided above.
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
import { Writing } from './writing.ts'
import { wrongType } from './wrong-type.ts'

/** What everything that is written through it has in common. */
export interface CheckpointRules {
  /** Of the sessions' documents; those of another are refused. */
  readonly type: string
  /** Of checkpoints that name no author. */
  readonly author: Author | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly redact: Redact | undefined
  /** How the documents lie in their trees. */
  readonly layout: Layout
  /** How turns get their pages; `undefined`: they get none. */
  readonly pages: PageRules | undefined
  /** Makes each checkpoint unlike every other one, where several writers may make the same at once. */
  readonly nonce?: (() => string) | undefined
}

/** Where a write goes: a branch (default: the active one), or a reserved line. */
export interface Onto {
  branch?: BranchName | undefined
  line?: string
  /** Whether the branch begins with this write. Default: whether it is missing. */
  starts?: boolean
  /** Whether it becomes the active branch. Default: where a session begins with it. */
  activates?: boolean
  /** Other refs to hold meanwhile, so that `Writing.move` can move them. */
  also?: readonly LockName[]
}

export interface CheckpointWrite<T> {
  session: SessionId
  /** A function is asked before the locks, and again under them; where it then says something else, all starts over. */
  onto: Onto | (() => Onto | Promise<Onto>)
  /** Write to a session of whatever type it is. */
  anyType?: boolean
  /** What is written is redacted by `decide`: it is also called before the locks, so that `redact` knows its answers then. */
  redacts?: true
  /** Set at where the write ends. Throws AlreadyExistsError when there is one elsewhere. */
  tag?: TagName | undefined
  /** The caller calls `replicate` itself, after its positions have moved, or leaves that to a later write. */
  replicates?: false
  /**
   * Called under the locks, perhaps more than once: what it adds to `writing` becomes durable whole or not at all. What it
   * throws is thrown, and nothing is written. `AGAIN`: to start over.
   */
  decide(writing: Writing): T | Again | Promise<T | Again>
}

/** One look at a session. */
export interface Snapshot {
  branch: BranchName
  /** Of the branch; `undefined` when there is none of that name. */
  tip: CommitId | undefined
  /** What was asked for. */
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
  /** Of what is read often. */
  readonly copies: KeptCopies
  /** Work that `close` has to wait for runs in `lifetime.use`. */
  readonly lifetime = new Lifetime()
  /**
   * Brings a session to where it is replicated; resolves when it is where it has to be. Set by the store, and called after
   * each write. `checkpoint`: empty for a deletion. Throws ReplicationError.
   */
  replicate: (session: SessionId, checkpoint: string) => Promise<void> = async () => undefined
  readonly #repository: R
  readonly #keys: Keys
  readonly #signing: Signing | undefined
  /** Of checkpoints that name no author, redacted. */
  #author: Author | undefined
  /** Tips of branches and lines that are of our type, by ref: where they were a moment ago. */
  readonly #tips = new Map<RefName, CommitId>()

  /** @param signing what every commit is signed with */
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

  /** Whether there is a repository. Throws what `Repository.open` throws. */
  open(): Promise<boolean> {
    return this.#repository.open()
  }

  /**
   * As `open`, for whoever may want to write on top of what is read: finishes what dead processes had saved for good
   * without moving the branch there. The first write would do so, and then lose against it. On a disk that can only be
   * read, nothing is written, so nothing is lost.
   */
  async openFinished(): Promise<boolean> {
    if (!(await this.open())) return false
    await this.#repository.recover().catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error
    })
    return true
  }

  /** Stands for what has been purged so far: taken before a checkpoint is resolved, given to `Writing.stands`. */
  mark(): string {
    return purgeMark(this.#repository)
  }

  /**
   * The checkpoint that a revision names, else the tip of the branch, else of the active one; `undefined` when there is
   * no such session. Throws NotFoundError for a branch or revision that is not there, InvalidStateError for a checkpoint of
   * another type.
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

  /** The checkpoint. Throws InvalidStateError when it is of another type than ours. */
  async checked(session: SessionId, id: CommitId): Promise<CommitInfo> {
    const info = await this.history.info(id)
    await this.#checkType(session, info)
    return info
  }

  /**
   * THE write: every checkpoint of every store and adapter is made here. Throws what `onto` and `decide` throw;
   * InvalidStateError for a session of another type; ConflictError when others change the branch all the time;
   * LockedError, StorageError; SigningError before anything is made, where signing is required and cannot be; ReplicationError
   * when it is durable here, but has to be at a server as well, and is not.
   */
  async write<T>(write: CheckpointWrite<T>): Promise<T> {
    if (this.#signing !== undefined) await this.#signing.ready()
    const rules = await this.#cleanRules()
    const { session, onto, tag: name, anyType = false } = write
    if (write.redacts && rules.redact !== undefined) await this.#rehearse(write, rules)
    const tag = name === undefined ? undefined : tagRef(session, name)
    const again = typeof onto === 'function' ? onto : undefined
    let made: string | undefined
    const written = await changeLocked<Target, T>(this.#repository, {
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
        const grave = target.starts && id === undefined ? current.get(goneRef(session)) : undefined
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
        // A line that was deleted under this name, and begins at a checkpoint that may have been named then.
        const restored =
          grave !== undefined && moved !== undefined && !writing.goesOn
            ? restoring(session, ref, grave as CommitId, rules.now())
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

  /** Asks `decide` once without any lock. What it makes or throws does not count. */
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
      // It is thrown again under the locks, if it still holds there.
    }
  }

  /** What is remembered of branches that have gone goes, too. */
  forget(refs: Iterable<RefName>): void {
    for (const ref of refs) this.#tips.delete(ref)
  }

  /** What writes have in common, with the author redacted. */
  async #cleanRules(): Promise<CheckpointRules> {
    const { author, redact } = this.rules
    if (author === undefined || redact === undefined) return this.rules
    this.#author ??= (await redactValue(author, redact, ['author'])) as Author
    return { ...this.rules, author: this.#author }
  }

  /** What is locked for a write. Looked at again under the locks. */
  #target(session: SessionId, there: boolean, onto: Onto): Target {
    const { line, also = [] } = onto
    const branch = onto.branch ?? (there ? this.history.active(session) : MAIN)
    const ref = line === undefined ? branchRef(session, branch) : reservedRef(session, line)
    // One that is remembered was there a moment ago.
    const isMissing = () => !this.#tips.has(ref) && (!there || this.#repository.refs.read(ref) === undefined)
    const starts = onto.starts ?? isMissing()
    const isNew = starts && (!there || !this.history.exists(session))
    const activates = line === undefined && (onto.activates ?? (isNew && branch !== MAIN))
    return {
      refs: [
        ref,
        ...(activates ? [activeRef(session)] : []),
        ...also,
        ...this.#graveOf(session, starts && there),
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

  /** The ref that names what was deleted of the session, if it is wanted and there is one. */
  #graveOf(session: SessionId, isWanted: boolean): RefName[] {
    const ref = goneRef(session)
    return isWanted && this.#repository.refs.read(ref) !== undefined ? [ref] : []
  }

  /** Throws InvalidStateError unless the session is of our type, as far as there is anything of it. */
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

/** Whether the refs that were locked for one target are those that another needs. */
const covers = (locked: Target, now: Target): boolean =>
  now.ref === locked.ref && now.starts === locked.starts && now.refs.every((ref) => locked.refs.includes(ref))
