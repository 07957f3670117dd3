/** The one branch of a session in a store that has neither branches nor tags. */
import { AlreadyExistsError, UnsupportedError } from '../errors.ts'
import { MAIN } from '../ids.ts'
import type { Backend, Kept, Lines } from './backend.ts'
import type { WriteRequest } from './options/write-options.ts'

/** Every call throws NotFoundError if the session does not exist, and UnsupportedError for any branch but `main`. */
export const mainOnly = (backend: Backend): Lines<Kept> => ({
  async branches(session) {
    const { id } = await backend.resolve(session, '')
    return { active: MAIN, heads: new Map([[MAIN, id]]) }
  },
  async tags(session) {
    await backend.resolve(session, '')
    return new Map()
  },
  async switch(session) {
    await backend.resolve(session, '')
  },
  async newBranch(session, at) {
    await backend.resolve(session, at)
    throw new AlreadyExistsError({ kind: 'branch', id: MAIN, session })
  },
  async newTag(session) {
    await backend.resolve(session, '')
    throw new UnsupportedError('tags')
  },
  async deleteBranch() {
    throw new UnsupportedError('branches')
  },
  async deleteTag() {
    throw new UnsupportedError('tags')
  },
})

/** Throws UnsupportedError if a write needs something that the store does not support. */
export function checkSupported(
  { branch, tag, key, files }: WriteRequest,
  { lines, supports }: Backend,
): void {
  if (branch !== undefined && branch !== MAIN && lines === undefined) throw new UnsupportedError('branches')
  if (tag !== undefined && lines === undefined) throw new UnsupportedError('tags')
  if (key !== undefined && !supports.keys) throw new UnsupportedError('keys')
  if (files !== undefined && !supports.files) throw new UnsupportedError('files')
}
