/**
 * Deleted sessions that can come back: their refs wait as `refs/forkpoint/trash/<session>/<milliseconds>/<kind>/<name>`, so
 * that nothing removes their checkpoints meanwhile (`docs/format.md`, "Refs").
 */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import type { Repository } from '../git/repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  MAIN,
  type ObjectId,
  parseRef,
  type RefFolder,
  type RefName,
  type SessionId,
} from '../ids.ts'
import { decodeName, encodeName } from '../ref-part.ts'
import { type Aim, changeLocked, nothing } from './locking.ts'

const TRASH = 'refs/forkpoint/trash/' as const

/** A session that was deleted, as it was then. */
export interface Discarded {
  session: SessionId
  /** When it was deleted, in milliseconds since 1970. */
  at: number
  /** Branches, reserved lines and tags, by the refs that they had. */
  refs: ReadonlyMap<RefName, ObjectId>
  active: BranchName
}

/** What is in the trash, the newest of a session first. Refs there that are not ours are passed over. */
export function discarded(repository: Pick<AnyRepository, 'refs'>, session?: SessionId): Discarded[] {
  const folder: RefFolder = session === undefined ? TRASH : `${TRASH}${encodeName(session)}/`
  const found = new Map<
    string,
    { session: SessionId; at: number; refs: Map<RefName, ObjectId>; active: BranchName }
  >()
  for (const [ref, id] of repository.refs.list(folder, () => undefined)) {
    const parsed = parseTrash(ref)
    if (parsed === undefined) continue
    const { part, at, kind, name } = parsed
    const owner = parseRef(`refs/heads/${part}/${MAIN}`)?.session
    if (owner === undefined) continue
    const key = `${part} ${at}`
    const one = found.get(key) ?? { session: owner, at, refs: new Map(), active: MAIN }
    found.set(key, one)
    if (kind === 'active') one.active = (decodeName(name) ?? MAIN) as BranchName
    else one.refs.set(`refs/${kind}/${part}/${name}`, id)
  }
  return [...found.values()]
    .filter(({ refs }) => refs.size > 0)
    .sort((a, b) => (a.session === b.session ? b.at - a.at : a.session < b.session ? -1 : 1))
}

/** Where these refs of a session wait, and what each was before. A time that the trash has already is moved on. */
export function trashRefs(
  repository: Pick<AnyRepository, 'refs'>,
  session: SessionId,
  refs: readonly RefName[],
  { at, active }: { at: number; active: BranchName },
): { ref: RefName; from: RefName }[] {
  const taken = new Set(discarded(repository, session).map((one) => one.at))
  let time = at
  while (taken.has(time)) time++
  const folder = `${TRASH}${encodeName(session)}/${time}` as const
  const inFolder = (name: string): RefName => `${folder}/${name}`
  const places = refs.map((from) => {
    const [, kind, , name] = from.split('/')
    return { ref: inFolder(`${kind}/${name}`), from }
  })
  const from = branchRef(session, active)
  if (active === MAIN || !refs.includes(from)) return places
  return [...places, { ref: inFolder(`active/${encodeName(active)}`), from }]
}

/**
 * Brings a deleted session back, the newest if it was deleted more than once. Returns what is there again.
 *
 * @throws NotFoundError when the trash does not have it; AlreadyExistsError when there is a session of that id
 */
export async function restoreDiscarded(repository: Repository, session: SessionId): Promise<Discarded> {
  return changeLocked<Aim & { one: Discarded; trash: Map<RefName, ObjectId> }, Discarded>(repository, {
    session,
    branch: MAIN,
    aim: () => {
      const [one] = discarded(repository, session)
      if (one === undefined) throw new NotFoundError({ kind: 'session', id: session })
      const trash = inTrash(repository, one)
      const refs = [...one.refs.keys(), ...trash.keys(), activeRef(session)]
      return { refs, reaches: false, one, trash }
    },
    head: () => branchRef(session, MAIN),
    decide: ({ one, trash }, current) => {
      const folders = (['heads', 'tags'] as const).map(
        (kind) => `refs/${kind}/${encodeName(session)}/` as const,
      )
      if (folders.some((folder) => repository.refs.list(folder).size > 0))
        throw new AlreadyExistsError({ kind: 'session', id: session })
      for (const [ref, id] of trash)
        if (current.get(ref) !== id) throw new NotFoundError({ kind: 'session', id: session })
      const gone = [...trash.keys()].map((ref) => [ref, null] as const)
      const to = one.active === MAIN ? null : branchRef(session, one.active)
      return {
        ...nothing(one),
        moves: new Map<RefName, ObjectId | null>([...one.refs, ...gone]),
        symbolic: [{ ref: activeRef(session), to }],
      }
    },
  })
}

/**
 * Forgets what was deleted before that time (milliseconds since 1970): a purge then removes it from the disk. Returns how
 * many sessions that were.
 */
export async function emptyTrash(repository: Repository, before: number): Promise<number> {
  const old = discarded(repository).filter(({ at }) => at < before)
  for (const one of old) {
    const refs = [...inTrash(repository, one).keys()]
    await repository.change({
      refs,
      prepare: () => ({ ...nothing(undefined), moves: new Map(refs.map((ref) => [ref, null] as const)) }),
    })
  }
  return old.length
}

function inTrash(repository: Repository, { session, at }: Discarded): Map<RefName, ObjectId> {
  return new Map(repository.refs.list(`${TRASH}${encodeName(session)}/${at}/`))
}

function parseTrash(ref: RefName): { part: string; at: number; kind: string; name: string } | undefined {
  const parts = ref.slice(TRASH.length).split('/')
  const [part, time, kind, name] = parts as [string, string, string, string]
  if (parts.length !== 4 || !/^(?:0|[1-9]\d{0,15})$/.test(time)) return undefined
  return /^(?:heads|tags|active)$/.test(kind) ? { part, at: Number(time), kind, name } : undefined
}
