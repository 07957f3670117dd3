/** Where history is cut off, written down (gitrepository-layout(5), `shallow`). */
import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import type { ObjectId } from '../../ids.ts'
import { decodeParents } from '../objects/commit.ts'
import { nothing } from '../refs/change.ts'
import type { Repository } from '../repository.ts'
import { shallowCommits } from './roots.ts'

/**
 * Notes commits whose parents are elsewhere, and such whose parents have come: durable before a ref leads there. Call it
 * when what has come is in place. What a server says of commits whose parents are here, or are not, does not count.
 */
export async function cutHistory(
  repository: Repository,
  shallow: readonly ObjectId[],
  unshallow: readonly ObjectId[],
): Promise<void> {
  const { fs, folder, paths } = repository
  const before = shallowCommits(folder)
  if (!shallow.some((id) => !before.has(id)) && !unshallow.some((id) => before.has(id))) return
  await repository.change({
    refs: [SHALLOW],
    prepare: async () => {
      const cut = shallowCommits(folder)
      for (const id of shallow) if (!cut.has(id) && !(await hasParents(repository, id))) cut.add(id)
      for (const id of unshallow) if (cut.has(id) && (await hasParents(repository, id))) cut.delete(id)
      const file = join(paths.root, SHALLOW)
      if (cut.size === 0) fs.unlink(file)
      else {
        const written = folder.temporaries.write(Buffer.from([...cut, ''].join('\n')))
        await fs.syncFile(written)
        fs.rename(written, file)
      }
      await fs.syncDir(paths.root)
      return nothing(undefined)
    },
  })
}

async function hasParents({ objects }: Repository, id: ObjectId): Promise<boolean> {
  const object = await objects.tryRead(id)
  if (object?.type !== 'commit') return true
  for (const parent of decodeParents(object.data, id)) if (!(await objects.has(parent))) return false
  return true
}

const SHALLOW = 'shallow'
