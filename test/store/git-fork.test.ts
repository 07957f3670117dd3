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

function fork(source: string, beside: readonly string[]) {
  return forkSession(checkpointsOf(store), {
    source: source as CommitId,
    from,
    session,
    branch: MAIN,
    beside,
  })
}

it('a fork takes the lines along that it is told to, by ref', async () => {
  const { id } = await store.save(newSession('a'))
  const kept = await withLine('agents')
  await withLine('other')
  await fork(id, ['agents', 'gone'])
  const { refs } = checkpointsOf(store).history.repository
  expect(refs.read(reservedRef(session, 'agents'))).toBe(kept)
  expect(refs.read(reservedRef(session, 'other'))).toBeUndefined()
  expect(refs.read(reservedRef(session, 'gone'))).toBeUndefined()
  expect((await store.verify()).problems.filter(({ session }) => session === 'b')).toEqual([])
})

it('a fork does not move a line that is there already', async () => {
  const { id } = await store.save(newSession('a'))
  await withLine('agents')
  await withLine('agents', session)
  await expect(fork(id, ['agents'])).rejects.toBeInstanceOf(AlreadyExistsError)
  expect(await store.exists('b')).toBe(false)
})
