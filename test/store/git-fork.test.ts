import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { forkSession } from '../../src/checkpoints/fork.ts'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { newObject } from '../../src/git/objects/object.ts'
import { type CommitId, MAIN, parseSessionId, reservedRef } from '../../src/ids.ts'
import { AlreadyExistsError, GitSessionStore, newSession } from '../../src/index.ts'

let folder: string
let store: GitSessionStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forkpoint-fork-'))
  store = new GitSessionStore(join(folder, 'store'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const [from, session] = [parseSessionId('a'), parseSessionId('b')]

async function withLine(name: string, of = from): Promise<string> {
  const ref = reservedRef(of, name)
  const blob = newObject('blob', Buffer.from(`kept in ${name}`))
  await checkpointsOf(store).history.repository.change({
    refs: [ref],
    prepare: () => ({ objects: [blob], moves: new Map([[ref, blob.id]]), result: undefined }),
  })
  return blob.id
}

const fork = (source: string) =>
  forkSession(checkpointsOf(store), { source: source as CommitId, from, session, branch: MAIN })

it('a fork takes the reserved lines along, by ref, but for the files of branches', async () => {
  const { id } = await store.save(newSession('a'))
  const kept = [await withLine('agents'), await withLine('other')]
  await withLine('workspace.main')
  await fork(id)
  const { refs } = checkpointsOf(store).history.repository
  expect(['agents', 'other'].map((name) => refs.read(reservedRef(session, name)))).toEqual(kept)
  expect(refs.read(reservedRef(session, 'workspace.main'))).toBeUndefined()
  expect((await store.verify()).problems.filter(({ session }) => session === 'b')).toEqual([])
})

it('a fork does not move a line that is there already', async () => {
  const { id } = await store.save(newSession('a'))
  await withLine('agents')
  await withLine('agents', session)
  await expect(fork(id)).rejects.toBeInstanceOf(AlreadyExistsError)
  expect(await store.exists('b')).toBe(false)
})
