/** What goes over the wire: counted, and cut anywhere. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/git/repository.ts'
import type { HttpRemote } from '../../src/git/wire/http-remote.ts'
import type { ObjectId } from '../../src/ids.ts'
import { startProxy, type WireProxy } from '../support/wire-proxy.ts'
import { git, gitText } from './real-git.ts'
import { MAIN, newRepository, point, remoteOf, running, type Scene, save, scene } from './support/wire.ts'

/** Every byte takes minutes: how many of them are tried. */
const STRIDE = process.env.EVERY_BYTE === undefined ? 29 : 1

async function proxied(): Promise<Scene & { proxy: WireProxy; at: (repository: Repository) => HttpRemote }> {
  const all = await scene()
  const proxy = await startProxy(all.server.url)
  running.push(proxy)
  const at = (repository: Repository) =>
    remoteOf({ ...all.server, url: proxy.url }, repository, { retries: 0 })
  return { ...all, proxy, at }
}

describe('a push of one save', () => {
  it('to a server with 10,000 refs is one request and little data, whatever else is there', async () => {
    const { served, repository, proxy, at, server } = await proxied()
    const first = await save(repository, 'one', MAIN, 1500)
    await at(repository).push({ moves: [{ ref: MAIN, from: undefined, to: first }], has: [], atomic: true })
    const refs = Array.from({ length: 10_000 }, (_, n) => `create refs/heads/s${n}/main ${first}\n`)
    git(served, ['update-ref', '--stdin'], refs.join(''))
    git(served, ['pack-refs', '--all'])
    const second = await save(repository, 'two', MAIN, 1500)
    const before = server.requests.length
    await proxy.reset()
    await at(repository).push({ moves: [{ ref: MAIN, from: first, to: second }], has: [first], atomic: true })
    expect(server.requests.length - before).toBe(1)
    expect(proxy.up + proxy.down).toBeLessThan(4096)
    await proxy.reset()
    expect((await at(repository).refs([MAIN])).refs).toEqual(new Map([[MAIN, second]]))
    expect(proxy.up + proxy.down).toBeLessThan(2048)
  }, 60_000)
})

describe('a connection that is cut', () => {
  it('anywhere in a small push leaves the old ref or the new one, and another push goes on from it', async () => {
    const { served, repository, proxy, at } = await proxied()
    let tip = await save(repository, 'start')
    await at(repository).push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
    const push = async (from: ObjectId, to: ObjectId) =>
      at(repository).push({ moves: [{ ref: MAIN, from, to }], has: [from], atomic: true })
    let next = await save(repository, 'measured')
    await proxy.reset()
    await push(tip, next)
    const whole = { up: proxy.up, down: proxy.down }
    expect(whole.up + whole.down).toBeLessThan(4096)
    tip = next
    let made = 0
    for (const direction of ['up', 'down'] as const) {
      for (let at = 0; at < whole[direction]; at += STRIDE) {
        next = await save(repository, `${direction} ${at}`)
        await proxy.reset()
        proxy.cut = { [direction]: at }
        const answer = await push(tip, next).catch((error: unknown) => error)
        proxy.cut = {}
        await proxy.reset()
        const now = gitText(served, ['rev-parse', MAIN])
        if (Array.isArray(answer)) expect(answer).toEqual([{ ref: MAIN, refused: undefined }])
        else expect(answer).toMatchObject({ code: 'REMOTE' })
        if (Array.isArray(answer)) expect(now).toBe(next)
        // What the server is doing when the client has gone away, it may do later.
        if (now === next) made++
        else {
          // The first may still be sent on a connection that was cut just now.
          const again = await push(tip, next).catch(() => push(tip, next))
          const refused = again[0]!.refused !== undefined
          expect(gitText(served, ['rev-parse', MAIN])).toBe(next)
          if (refused) made++
        }
        tip = next
      }
    }
    expect(made).toBeGreaterThan(0)
    git(served, ['fsck', '--strict', '--full'])
  }, 600_000)

  it('anywhere in a fetch places nothing, and the next one brings all', async () => {
    const { repository, proxy, at } = await proxied()
    const tip = await save(repository, 'one', MAIN, 1000)
    await at(repository).push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
    const { repository: first } = newRepository()
    await proxy.reset()
    await at(first).fetch({ wants: [tip], haves: [] })
    const { up, down } = proxy
    const { repository: other, folder } = newRepository()
    let isComplete = false
    for (const [direction, size] of Object.entries({ up, down })) {
      for (let cut = 0; cut < size; cut += STRIDE) {
        await proxy.reset()
        proxy.cut = { [direction]: cut }
        // Nothing comes after the last object but ends of chunks, and how many chunks there are differs from time to time.
        const error = await at(other)
          .fetch({ wants: [tip], haves: [] })
          .catch((thrown: unknown) => thrown)
        isComplete ||= direction === 'down' && size - cut < 100 && !(error instanceof Error)
        if (isComplete) continue
        expect(error).toMatchObject({ code: 'REMOTE', failure: expect.stringMatching(/unreachable|invalid/) })
        expect(readdirSync(join(folder, 'objects/pack'))).toEqual([])
      }
    }
    proxy.cut = {}
    await proxy.reset()
    await at(other).fetch({ wants: [tip], haves: [] })
    await point(other, MAIN, tip)
    git(folder, ['fsck', '--strict', '--full'])
  }, 600_000)

  it('at every byte of the answer to a small fetch places nothing, however the answer ends', async () => {
    const { answer, tip, remote } = await recorded(1000)
    expect(answer.length).toBeLessThan(4096)
    const { repository: other, folder } = newRepository()
    for (let cut = 0; cut < answer.length; cut++) {
      for (const end of ENDS) {
        const error = await remote(other, answer.subarray(0, cut), end)
          .fetch({ wants: [tip], haves: [] })
          .catch((thrown: unknown) => thrown)
        // What comes after the last object is only the end.
        if (cut >= answer.length - 4 && !(error instanceof Error)) continue
        expect(error).toMatchObject({ code: expect.stringMatching(/^(?:REMOTE|CORRUPT)$/) })
        expect(readdirSync(join(folder, 'objects/pack')), `${cut} ${end}`).toEqual([])
      }
    }
    await remote(other, answer, 'ends').fetch({ wants: [tip], haves: [] })
    await point(other, MAIN, tip)
    git(folder, ['fsck', '--strict', '--full'])
  }, 600_000)

  it('at the edges of all packets of a large fetch places nothing, however the answer ends', async () => {
    const { answer, tip, remote } = await recorded(1_000_000)
    const edges = edgesOf(answer)
    expect(edges.length).toBeGreaterThan(10)
    const { repository: other, folder } = newRepository()
    // The last packet says that it was the last.
    for (const edge of edges.slice(0, -1)) {
      for (const end of ENDS) {
        for (const cut of [edge - 1, edge, edge + 1]) {
          await expect(
            remote(other, answer.subarray(0, cut), end).fetch({ wants: [tip], haves: [] }),
          ).rejects.toMatchObject({ code: expect.stringMatching(/^(?:REMOTE|CORRUPT)$/) })
          expect(readdirSync(join(folder, 'objects/pack'))).toEqual([])
          expect(readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
        }
      }
    }
  }, 600_000)

  it('at the edges of the pieces of a large push leaves the old ref, and another push goes through', async () => {
    const { served, repository, proxy, at } = await proxied()
    const first = await save(repository, 'one')
    await at(repository).push({ moves: [{ ref: MAIN, from: undefined, to: first }], has: [], atomic: true })
    const large = await save(repository, 'large', MAIN, 12_000_000)
    const push = () =>
      at(repository).push({ moves: [{ ref: MAIN, from: first, to: large }], has: [first], atomic: true })
    for (let cut = 65_536; cut < 8_000_000; cut *= 3) {
      for (const off of [-1, 0, 1]) {
        await proxy.reset()
        proxy.cut = { up: cut + off }
        await expect(push()).rejects.toMatchObject({ code: 'REMOTE' })
        expect(gitText(served, ['rev-parse', MAIN])).toBe(first)
      }
    }
    proxy.cut = {}
    await proxy.reset()
    expect(await push()).toEqual([{ ref: MAIN, refused: undefined }])
    git(served, ['fsck', '--strict', '--full'])
  }, 600_000)
})

/** How an answer ends that is cut: the connection is lost, or it ends as if all were said. */
const ENDS = ['is lost', 'ends'] as const

/** The answer of a real server to one fetch, and remotes that answer with what they are given of it. */
async function recorded(size: number) {
  const { repository, remote, server } = await scene()
  const tip = await save(repository, 'one', MAIN, size)
  await remote.push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
  let answer: Buffer = Buffer.alloc(0)
  const record: typeof fetch = async (...request) => {
    const response = await fetch(...request)
    answer = Buffer.from(await response.arrayBuffer())
    return new Response(answer, { status: response.status, headers: response.headers })
  }
  const { repository: first } = newRepository()
  await remoteOf(server, first, { fetch: record }).fetch({ wants: [tip], haves: [] })
  const headers = { 'content-type': 'application/x-git-upload-pack-result' }
  const answering = (repository: Repository, bytes: Uint8Array, end: (typeof ENDS)[number]): HttpRemote =>
    remoteOf(server, repository, {
      retries: 0,
      fetch: async () => new Response(streamOf(bytes, end), { headers }),
    })
  return { answer, tip, remote: answering }
}

function streamOf(bytes: Uint8Array, end: (typeof ENDS)[number]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(Uint8Array.from(bytes))
    },
    pull(controller) {
      if (end === 'ends') controller.close()
      else controller.error(new TypeError('terminated'))
    },
  })
}

/** Where the packets of an answer end (gitprotocol-common(5)). */
function edgesOf(answer: Buffer): number[] {
  const edges: number[] = []
  for (let at = 0; at < answer.length; ) {
    const length = Number.parseInt(answer.toString('latin1', at, at + 4), 16)
    at += Math.max(length, 4)
    edges.push(at)
  }
  return edges
}
