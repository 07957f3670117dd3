/** Refs of a server's repository as last seen, and symbolic refs that exist only here. */
import type { ObjectId, RefFolder, RefName } from '../../ids.ts'
import type { RefReader } from '../any-repository.ts'
import type { RefValue } from '../refs/refs.ts'

export class HostedRefs implements RefReader {
  readonly #values = new Map<RefName, ObjectId>()
  readonly #symbolic = new Map<RefName, RefName>()
  readonly #known = new Set<string>()

  /** Returns whether the refs below the folder were read from the server. */
  knows(folder: RefFolder): boolean {
    return this.#known.has(folder)
  }

  /** Records the server's refs in these folders; returns whether anything has changed. */
  learn(folders: readonly RefFolder[], refs: ReadonlyMap<string, ObjectId>): boolean {
    let isChanged = false
    for (const folder of folders) {
      this.#known.add(folder)
      for (const ref of [...this.#values.keys()]) {
        if (!ref.startsWith(folder) || refs.has(ref)) continue
        this.#values.delete(ref)
        isChanged = true
      }
    }
    for (const [ref, id] of refs as ReadonlyMap<RefName, ObjectId>) {
      if (this.#values.get(ref) === id) continue
      this.#values.set(ref, id)
      isChanged = true
    }
    return isChanged
  }

  move(ref: RefName, to: ObjectId | null): void {
    if (to === null) this.#values.delete(ref)
    else this.#values.set(ref, to)
  }

  point(ref: RefName, to: RefName | null): void {
    if (to === null) this.#symbolic.delete(ref)
    else this.#symbolic.set(ref, to)
  }

  read(ref: RefName): ObjectId | undefined {
    return this.#values.get(this.#symbolic.get(ref) ?? ref)
  }

  readValue(ref: RefName): RefValue | undefined {
    const symbolic = this.#symbolic.get(ref)
    if (symbolic !== undefined) return { symbolic }
    const id = this.#values.get(ref)
    return id === undefined ? undefined : { id }
  }

  list(prefix: RefFolder): Map<RefName, ObjectId> {
    return new Map(this.entries(prefix))
  }

  *entries(prefix: RefFolder): Generator<[ref: RefName, id: ObjectId]> {
    yield* [...this.#values].filter(([ref]) => ref.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
  }

  folders(prefix: RefFolder): Set<string> {
    const below = [...this.#values.keys()].filter((ref) => ref.startsWith(prefix))
    return new Set(
      below.map((ref) => ref.slice(prefix.length)).flatMap((path) => /^(.*?)\//.exec(path)?.[1] ?? []),
    )
  }

  looseNames(folder: RefFolder): RefName[] {
    return [...this.#symbolic.keys()].filter((ref) => ref.startsWith(folder))
  }
}
