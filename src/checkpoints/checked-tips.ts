/** Checks the types of sessions, and remembers the tips of branches and lines whose type was checked. */
import type { AnyRepository } from '../git/any-repository.ts'
import type { CommitId, RefName, SessionId } from '../ids.ts'
import type { CommitInfo, History } from './commits/history.ts'
import { wrongType } from './wrong-type.ts'

const MOST = 256

export class CheckedTips {
  readonly #history: History<AnyRepository>
  readonly #type: string
  /** The newest last. */
  readonly #tips = new Map<RefName, CommitId>()

  /** @param type the only type that sessions may have */
  constructor(history: History<AnyRepository>, type: string) {
    this.#history = history
    this.#type = type
  }

  /** Returns whether the ref has a remembered tip: then it existed a moment ago. */
  has(ref: RefName): boolean {
    return this.#tips.has(ref)
  }

  remember(ref: RefName, tip: CommitId): void {
    this.#tips.delete(ref)
    if (this.#tips.size >= MOST) this.#tips.delete(this.#tips.keys().next().value!)
    this.#tips.set(ref, tip)
  }

  forget(refs: Iterable<RefName>): void {
    for (const ref of refs) this.#tips.delete(ref)
  }

  /** Throws InvalidStateError if the session exists and is of another type. */
  async checkLine(session: SessionId, ref: RefName, tip: CommitInfo | undefined): Promise<void> {
    if (tip !== undefined && this.#tips.get(ref) === tip.id) return
    const other = tip === undefined ? this.#history.branches(session).values().next().value : undefined
    const any = tip ?? (other === undefined ? undefined : await this.#history.info(other))
    if (any !== undefined) await this.checkType(session, any)
    if (tip !== undefined) this.remember(ref, tip.id)
  }

  /** Throws InvalidStateError if the checkpoint is of another type. */
  async checkType(session: SessionId, { id, type }: CommitInfo): Promise<void> {
    const actual = type ?? (await this.#history.typeOf(id))
    if (actual !== undefined && actual !== this.#type) throw wrongType(session, actual, this.#type)
  }
}
