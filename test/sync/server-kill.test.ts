/** A server whose processes are killed in mid-push: what a save with `replicate: 'now'` has promised is there. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SessionHandle } from '../../src/index.ts'
import { ReplicationError } from '../../src/sync/error.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { randomNumbers } from '../git/support/disk-state.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { makeServed, startGitServer } from '../support/git-server.ts'
import { expectClean, machine } from './support/machines.ts'

const SAVES = process.env.FORKPOINT_SOAK === '1' ? 300 : 25
const SESSIONS = 3
const seed = Math.floor(Date.now() / 86_400_000)

test(`a server that is killed again and again has all that has resolved (seed ${seed})`, async () => {
  const root = tempFolder()
  const served = makeServed(root, 'sessions.git', ['core.fsync=all', 'core.fsyncMethod=fsync'])
  const random = randomNumbers(seed)
  let kills = 0
  const server = await startGitServer({
    root,
    intercept: ({ url }) => {
      if (url?.endsWith('receive-pack') && random() < 0.5) {
        setTimeout(() => {
          server.kill()
          kills++
          // What whoever looks after the server does before git runs again: nobody holds these any more.
          removeLocks(served)
        }, random() * 80)
      }
      return false
    },
  })
  const store = machine(`${server.url}/sessions.git`, 'one', { replicate: 'now' })
  const promised: string[] = []
  let refusals = 0
  const attempt = async (save: () => Promise<{ id: string }>): Promise<void> => {
    try {
      promised.push((await save()).id)
    } catch (error) {
      if (!(error instanceof ReplicationError)) throw error
      refusals++
    }
  }
  await Promise.all(
    Array.from({ length: SESSIONS }, async (_, n) => {
      await attempt(() => store.save(emptySession(`s${n}`)))
      const handle: SessionHandle = await store.open(`s${n}`)
      for (let m = 0; m < SAVES; m++)
        await attempt(() => handle.append({ messages: [message(`m${m}`, `${m}`)] }))
    }),
  )
  const there = new Set(gitText(served, ['rev-list', '--all']).split('\n'))
  expect(promised.filter((id) => !there.has(id))).toEqual([])
  // The checks say something: some pushes were killed, and some were not.
  expect(kills).toBeGreaterThan(0)
  expect(promised.length).toBeGreaterThan(0)
  expect(refusals).toBeLessThan(SESSIONS * (SAVES + 1))
  await server.close()
  removeLocks(served)
  // Nothing is lost here, and the next push brings it.
  const again = await startGitServer({ root })
  try {
    const other = machine(`${again.url}/sessions.git`, 'two')
    await store.addRemote('again', `${again.url}/sessions.git`)
    await store.push({ remote: 'again' })
    await other.fetch()
    for (let n = 0; n < SESSIONS; n++) expect((await other.load(`s${n}`))?.messages).toHaveLength(SAVES)
    expectClean(served)
  } finally {
    await again.close()
  }
}, 240_000)

function removeLocks(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true }) as string[])
    if (name.endsWith('.lock')) rmSync(join(folder, name), { force: true })
}
