/** A git server in this process: another repository. It takes moves of refs as git does, and is as fast as a disk. */
import { EMPTY_TREE, type NewObject } from '../../../src/git/objects/object.ts'
import { buildPack } from '../../../src/git/packs/writer.ts'
import type { Repository } from '../../../src/git/repository.ts'
import { reachableFrom } from '../../../src/git/upkeep/reachable.ts'
import type { Fetched, MoveAnswer, Remote, RemoteMove, RemoteRefs } from '../../../src/git/wire/remote.ts'
import type { ObjectId, RefName } from '../../../src/ids.ts'

export class RepositoryRemote implements Remote {
  readonly #here: Repository
  readonly #server: Repository

  constructor(here: Repository, server: Repository) {
    this.#here = here
    this.#server = server
  }

  async refs(prefixes: readonly string[]): Promise<RemoteRefs> {
    await this.#server.open()
    const all = [...this.#server.refs.list('refs/')]
    return {
      refs: new Map(all.filter(([ref]) => prefixes.some((one) => ref.startsWith(one)))),
      head: undefined,
    }
  }

  async fetch({ wants }: { wants: readonly ObjectId[] }): Promise<Fetched> {
    this.#server.objects.refresh()
    await copy(this.#server, this.#here, wants)
    return { release: () => undefined }
  }

  async push({ moves }: { moves: readonly RemoteMove[] }): Promise<readonly MoveAnswer[]> {
    await this.#server.open()
    await copy(
      this.#here,
      this.#server,
      moves.flatMap(({ to }) => to ?? []),
    )
    const named = moves.map((move) => ({ ...move, ref: move.ref as RefName }))
    const stale = await this.#server.change<readonly string[]>({
      refs: named.map(({ ref }) => ref),
      prepare: (current) => {
        const wrong = named.filter(({ ref, from }) => current.get(ref) !== from).map(({ ref }) => ref)
        const made = wrong.length > 0 ? [] : named.filter(({ from, to }) => from !== to)
        return { objects: [], moves: new Map(made.map(({ ref, to }) => [ref, to ?? null])), result: wrong }
      },
    })
    const refused = (ref: string) => (stale.includes(ref) ? 'stale' : stale.length > 0 ? 'atomic' : undefined)
    return moves.map(({ ref }) => ({ ref, refused: refused(ref) }))
  }
}

async function copy(from: Repository, to: Repository, ids: readonly ObjectId[]): Promise<void> {
  const objects: NewObject[] = []
  // Git, and `has`, know the empty tree even where it is not stored; fsck does not.
  for (const id of await reachableFrom(from.objects, ids))
    if (id === EMPTY_TREE || !(await to.objects.has(id)))
      objects.push({ id, ...(await from.objects.read(id)) })
  if (objects.length === 0) return
  const { name, pack, index } = buildPack(objects)
  await to.placement.placeSynced(name, pack, index)
  to.objects.addPack(name, index)
}
