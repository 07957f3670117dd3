/**
 * Who holds a lock or a journal, and whether that owner still lives. An owner is a store object, not a process: it may
 * end while its process continues. What proves its end, and why nothing else does:
 * `docs/decisions/0010-proof-of-death.md`.
 */
import { randomBytes } from 'node:crypto'
import type { Signal } from './beacon.ts'
import { isRunning, type ProcessFacts, processFacts } from './system.ts'

/** One store object of one thread. Written into its journals and its lock files. */
export interface Owner extends ProcessFacts {
  /** 16 hex digits, new for every store object. */
  id: string
  /** 16 hex digits, the same for all owners of one thread. */
  realm?: string
  /** The kind of the store's disk, if no other machine can have that disk at the same time. */
  disk?: string
  /** Whether it listens on a socket beside its token as long as it lives; only on such a disk. */
  beacon?: boolean
}

/**
 * `alive`: certainly alive. `dead`: certainly gone, but the kernel that it wrote through still runs and has every
 * write. `rebooted`: certainly gone, and its kernel may be gone too, so what it left unsynced cannot be trusted.
 * `unknown`: cannot be found out from here.
 */
export type Liveness = 'alive' | 'dead' | 'rebooted' | 'unknown'

/** `ended`: certainly gone, `dead` or `rebooted`. */
export type Verdict = Liveness | 'ended'

/** Who we are, and who still lives. It is an argument, so that a test can play another machine. */
export interface Identity {
  newOwner(): Owner
  /** `signal`: the answer of its beacon; `unsure` if it has none, or if the disk is not local for both of us. */
  liveness(owner: Owner, signal: Signal): Verdict
}

const HERE = Symbol.for('forkpoint.thread')

/** The identity that the operating system gives. */
export const systemIdentity: Identity = {
  newOwner() {
    const owner = { id: randomBytes(8).toString('hex'), realm: here.realm, ...processFacts() }
    here.owners.add(owner.id)
    return owner
  },
  liveness: (owner, signal) => judge(owner, processFacts(), signal, isRunning),
}

/** One thread: its name, and which of its owners have not ended. */
interface Realm {
  readonly realm: string
  readonly owners: Set<string>
}

/** This thread. All copies of the package that run in it share it. */
export const here: Realm = realmOf(globalThis as { [HERE]?: Realm })

function realmOf(scope: { [HERE]?: Realm }): Realm {
  scope[HERE] ??= { realm: randomBytes(8).toString('hex'), owners: new Set() }
  return scope[HERE]
}

/** Whether the owner is of this thread. */
export const isHere = ({ realm, pid, start }: Owner): boolean =>
  realm === here.realm && pid === process.pid && start === processFacts().start

/** What the evidence proves. Another boot id or another host name proves nothing. */
export function judge(
  owner: Owner,
  me: ProcessFacts,
  signal: Signal,
  runs: (process: ProcessFacts) => boolean,
): Verdict {
  const sameKernel = owner.boot !== '' && owner.boot === me.boot
  if (signal === 'answers') return 'alive'
  if (signal === 'silent') return sameKernel ? 'dead' : 'ended'
  if (sameKernel && owner.namespace !== '' && owner.namespace === me.namespace)
    return runs(owner) ? 'alive' : 'dead'
  // Only the owner and recovery remove a beacon; most tools that copy a folder leave it out.
  if (signal === 'absent') return sameKernel ? 'dead' : 'ended'
  // Without boot ids and pid namespaces, the host name is the only evidence.
  const isPlain = me.system !== 'linux' && me.boot === '' && owner.boot === ''
  if (isPlain && owner.system === me.system && owner.host === me.host) return runs(owner) ? 'alive' : 'ended'
  return 'unknown'
}

/** Whether both certainly write through the same kernel. */
export const shareKernel = (a: Owner, b: Owner): boolean => a.boot !== '' && a.boot === b.boot

export const ownerText = (owner: Owner): string => `forkpoint ${JSON.stringify(owner)}\n`

/** The owner that `text` names; `undefined` when it is something else, such as a lock of git's. */
export function parseOwner(text: string): Owner | undefined {
  if (!text.startsWith('forkpoint {')) return undefined
  try {
    const owner = JSON.parse(text.slice('forkpoint '.length)) as Owner
    const texts = [owner.id, owner.host, owner.boot, owner.namespace, owner.start]
    if (!texts.every((value) => typeof value === 'string')) return undefined
    return /^[0-9a-f]{16}$/.test(owner.id) && Number.isSafeInteger(owner.pid) ? owner : undefined
  } catch {
    return undefined
  }
}
