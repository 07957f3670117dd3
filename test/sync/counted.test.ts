/** What sharing asks of a server, counted on the wire: not more as the server grows. */
import { expect, test } from 'vitest'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { message } from '../store/support/git-store.ts'
import { makeServed, startGitServer } from '../support/git-server.ts'
import { startProxy } from '../support/wire-proxy.ts'
import { begin, machine } from './support/machines.ts'

test('a push of one save to a server with 10,000 refs is two requests, and 8 KB in all', async () => {
  const root = tempFolder()
  const served = makeServed(root, 'sessions.git')
  const server = await startGitServer({ root })
  const proxy = await startProxy(server.url)
  try {
    const store = machine(`${proxy.url}/sessions.git`, 'one')
    await begin(store)
    await store.push()
    const id = gitText(served, ['rev-parse', 'refs/heads/demo/main'])
    const refs = Array.from({ length: 10_000 }, (_, n) => `create refs/heads/s${n}/main ${id}\n`)
    git(served, ['update-ref', '--stdin'], refs.join(''))
    git(served, ['pack-refs', '--all'])
    for (const only of [undefined, ['demo']]) {
      const words = (from: number) =>
        Array.from({ length: 250 }, (_, n) => (from * n * 7919).toString(36)).join(' ')
      const messages = [1, 2].map((n) => message(`m-${only?.length}-${n}`, words(n).slice(0, 1500)))
      await store.append('demo', { messages })
      await proxy.reset()
      const before = server.requests.length
      expect((await store.push(only && { only })).pushed).toEqual(['heads/demo/main'])
      expect(server.requests.length - before).toBeLessThanOrEqual(2)
      expect(proxy.up + proxy.down).toBeLessThan(8 * 1024)
    }
    // Nothing to push is nothing to ask.
    const before = server.requests.length
    await store.push()
    expect(server.requests.length).toBe(before)
  } finally {
    await proxy.close()
    await server.close()
  }
}, 60_000)
