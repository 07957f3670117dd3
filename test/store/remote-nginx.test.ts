/** A store without a disk on what stands before git in the world: nginx and fcgiwrap, with TLS and basic auth. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { newSession } from '../../src/state/index.ts'
import { RemoteSessionStore } from '../../src/store/remote/remote-session-store.ts'
import { checkRemote } from '../../src/sync/check/remote-check.ts'
import { suite } from '../../src/testing/index.ts'
import { makeServed } from '../support/git-server.ts'
import { hasNginx, type Nginx, startNginx } from '../support/nginx.ts'
import { expectExactlyWhatIsTold } from './support/workers.ts'

// As NODE_EXTRA_CA_CERTS would, which Node reads when it starts; only in the process of this file.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

let folder: string
let nginx: Nginx
let stores = 0
beforeAll(async () => {
  if (!hasNginx) return
  folder = mkdtempSync(join(tmpdir(), 'forkpoint-nginx-'))
  mkdirSync(join(folder, 'work'))
  nginx = await startNginx(folder, join(folder, 'work'))
})
afterAll(async () => {
  await nginx?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

function serve(): { url: string; served: string; auth: { username: string; password: string } } {
  const name = `${stores++}.git`
  const { username, password } = nginx
  return { served: makeServed(folder, name), url: `${nginx.url}/${name}`, auth: { username, password } }
}

describe.skipIf(!hasNginx)('behind nginx', () => {
  suite({
    test: (name, run) => test(name, run, 300_000),
    factory: async (options) => {
      const { url, auth } = serve()
      return {
        store: new RemoteSessionStore(url, { ...options, auth }),
        reopen: async (more) => new RemoteSessionStore(url, { ...options, ...more, auth }),
      }
    },
  })

  it('32 workers make exactly the checkpoints that they are told of', async () => {
    const { url, served, auth } = serve()
    await expectExactlyWhatIsTold(() => new RemoteSessionStore(url, { auth }), served)
  }, 300_000)

  it('nobody is let in without the password, and it keeps what forkpoint needs', async () => {
    const { url, auth } = serve()
    await expect(new RemoteSessionStore(url).save(newSession('demo'))).rejects.toMatchObject({
      code: 'REMOTE',
      failure: 'denied',
    })
    const { ok, promises, left } = await checkRemote(url, { auth })
    expect(promises.filter(({ holds }) => holds === false).map(({ name }) => name)).toEqual(['rewrite'])
    expect({ ok, left }).toEqual({ ok: true, left: [] })
  }, 300_000)
})
