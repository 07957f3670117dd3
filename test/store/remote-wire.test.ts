/** What a store without a disk asks of its server, and what becomes of answers that are lost. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { RemoteSessionStore } from '../../src/store/remote/remote-session-store.ts'
import { git, gitText } from '../git/real-git.ts'
import { type GitServer, makeServed, startGitServer } from '../support/git-server.ts'
import { startProxy, type WireProxy } from '../support/wire-proxy.ts'
import { expectExactlyWhatIsTold } from './support/workers.ts'

let folder: string
let served: string
let server: GitServer
let proxy: WireProxy
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'forkpoint-remote-'))
  served = makeServed(folder)
  server = await startGitServer({ root: folder })
  proxy = await startProxy(server.url)
})
afterEach(async () => {
  await proxy.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const store = (): RemoteSessionStore => new RemoteSessionStore(`${proxy.url}/demo.git`)
/** Prose of 1,500 characters, which compresses about as English does. */
function words(n: number): string {
  let x = n + 1
  const next = (): number => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return x >>> 8
  }
  let text = ''
  while (text.length < 1500) text += `${VOCABULARY[Math.floor((next() % 1000) ** 2 / 1000)]} `
  return text.slice(0, 1500)
}
const VOCABULARY = Array.from({ length: 1000 }, (_, n) => (n * 2654435761).toString(26).slice(0, 2 + (n % 9)))
const pair = (n: number) => [newMessage('user', words(n)), newMessage('assistant', words(n + 1000))]

describe('requests', () => {
  it('are one per append, small, and no more as the session grows; two to load it', async () => {
    const writer = store()
    await writer.save({ ...newSession('demo'), messages: pair(0) })
    const handle = await writer.open('demo')
    const sizes: number[] = []
    for (let n = 1; n <= 40; n++) {
      const [up, before] = [proxy.up, server.requests.length]
      await handle!.append({ messages: pair(n) })
      expect(server.requests.length - before).toBe(1)
      sizes.push(proxy.up - up)
    }
    expect(Math.max(...sizes)).toBeLessThan(5 * 1024)
    expect(sizes.at(-1)! / sizes[0]!).toBeLessThan(1.3)
    git(served, ['fsck', '--strict', '--full'])
    let before = server.requests.length
    const reader = store()
    expect((await reader.load('demo'))!.messages).toHaveLength(82)
    expect(server.requests.length - before).toBe(2)
    before = server.requests.length
    expect(await reader.load('demo')).toBeDefined()
    expect(server.requests.length - before).toBe(1)
    before = server.requests.length
    let checkpoints = 0
    for await (const _ of reader.log('demo')) checkpoints++
    expect(checkpoints).toBe(41)
    expect(server.requests.length - before).toBeLessThanOrEqual(4)
  }, 60_000)
})

describe('an answer that is lost', () => {
  it('is asked for: the append was made, once', async () => {
    const writer = store()
    await writer.save({ ...newSession('demo'), messages: pair(0) })
    const handle = await writer.open('demo')
    await proxy.reset()
    proxy.cut = { down: 0 }
    proxy.cutsOnce = true
    const checkpoint = await handle!.append({ messages: pair(1) })
    expect(gitText(served, ['rev-parse', 'refs/heads/demo/main'])).toBe(checkpoint.id)
    expect(gitText(served, ['rev-list', '--count', 'refs/heads/demo/main'])).toBe('2')
  }, 60_000)
})

describe('several workers', () => {
  it('make exactly the checkpoints that they are told of', async () => {
    await expectExactlyWhatIsTold(store, served)
  }, 120_000)
})

describe('a store on a disk', () => {
  it('is what the server has', async () => {
    const writer = store()
    await writer.save({ ...newSession('demo'), messages: pair(0) }, { tag: 'start' })
    await writer.append('demo', { messages: pair(1) })
    const onDisk = new GitSessionStore(served)
    expect((await onDisk.load('demo'))!.messages).toEqual((await store().load('demo'))!.messages)
    const { ok, problems } = await onDisk.verify()
    expect(problems).toEqual([])
    expect(ok).toBe(true)
    await onDisk.append('demo', { messages: pair(2) })
    await onDisk.close()
    expect((await writer.load('demo'))!.messages).toHaveLength(6)
  }, 60_000)
})

it('runs where there is no file system and no process', async () => {
  const { metafile } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../src/store/remote/index.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    splitting: true,
    outdir: folder,
  })
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  const builtIn = [...new Set(imported.filter((path) => path.startsWith('node:') || !path.includes('/')))]
  const pure = ['node:buffer', 'node:crypto', 'node:path', 'node:timers/promises', 'node:zlib']
  expect(builtIn.filter((one) => !pure.includes(one))).toEqual([])
})
