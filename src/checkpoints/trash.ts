import type { AnyRepository } from '../git/any-repository.ts'
import type { Repository } from '../git/repository.ts'
import { notePurgeDue } from '../git/upkeep/purge-mark.ts'
import {
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

const TRASH = 'refs/forkpoint/trash/' as const

/** A deleted session in the trash. */
export interface Discarded {
  session: SessionId
  /** When it was deleted, in milliseconds since 1970. */
  at: number
  /** Branches, reserved lines and tags, by their former refs. */
  refs: ReadonlyMap<RefName, ObjectId>
  active: BranchName
}

/** Lists the trash, by session, the newest deletion of a session first. Skips refs that forkpoint did not put there. */
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

/**
 * Returns the refs that keep these refs of a session in the trash, each with its former name. If the trash has a
 * deletion at this time already, uses a later time.
 */
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
 * Removes from the trash what was deleted before that time (milliseconds since 1970), and notes that a purge is due,
 * which removes it from the disk. Returns how many deleted sessions it removed.
 */
export async function emptyTrash(repository: Repository, before: number): Promise<number> {
  const old = discarded(repository).filter(({ at }) => at < before)
  if (old.length > 0) await notePurgeDue(repository.folder)
  for (let from = 0; from < old.length; from += AT_ONCE) {
    const refs = old.slice(from, from + AT_ONCE).flatMap((one) => [...inTrash(repository, one).keys()])
    await repository.setRefs(new Map(refs.map((ref) => [ref, null])))
  }
  return old.length
}

/** How many deleted sessions are removed in one change. */
const AT_ONCE = 256

/** Returns the refs that keep a deleted session in the trash. */
export function inTrash(repository: Repository, { session, at }: Discarded): Map<RefName, ObjectId> {
  return new Map(repository.refs.list(`${TRASH}${encodeName(session)}/${at}/`))
}

function parseTrash(ref: RefName): { part: string; at: number; kind: string; name: string } | undefined {
  const parts = ref.slice(TRASH.length).split('/')
  const [part, time, kind, name] = parts as [string, string, string, string]
  if (parts.length !== 4 || !/^(?:0|[1-9]\d{0,15})$/.test(time)) return undefined
  return /^(?:heads|tags|active)$/.test(kind) ? { part, at: Number(time), kind, name } : undefined
}
