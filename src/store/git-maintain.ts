/** Looking after a store: fewer packs, less disk, numbers. */
import type { Repository } from '../git/repository.ts'
import { parseRef } from '../ids.ts'
import type { MaintainOptions, MaintainReport, StoreStats } from './session-store.ts'

export async function maintainRepository(
  repository: Repository,
  _options: MaintainOptions,
): Promise<MaintainReport> {
  if (!(await repository.open())) {
    return { native: false, packsBefore: 0, packsAfter: 0, bytesBefore: 0, bytesAfter: 0 }
  }
  const before = repository.objects.packs()
  await repository.settle()
  const after = repository.objects.packs()
  const bytes = (packs: typeof before) => packs.reduce((sum, pack) => sum + pack.bytes, 0)
  return {
    native: false,
    packsBefore: before.length,
    packsAfter: after.length,
    bytesBefore: bytes(before),
    bytesAfter: bytes(after),
  }
}

export async function repositoryStats(repository: Repository): Promise<StoreStats> {
  if (!(await repository.open())) {
    return { sessions: 0, branches: 0, tags: 0, objects: 0, packs: 0, looseObjects: 0, bytes: 0 }
  }
  const parsed = [...repository.refs.list('refs/').keys()].map((ref) => parseRef(ref))
  const packs = repository.objects.packs()
  const looseObjects = [...repository.objects.looseIds()].length
  return {
    sessions: new Set(parsed.flatMap((ref) => (ref?.kind === 'branch' ? [ref.session] : []))).size,
    branches: parsed.filter((ref) => ref?.kind === 'branch').length,
    tags: parsed.filter((ref) => ref?.kind === 'tag').length,
    objects: packs.reduce((sum, pack) => sum + pack.objects, looseObjects),
    packs: packs.length,
    looseObjects,
    bytes: packs.reduce((sum, pack) => sum + pack.bytes, 0),
  }
}
