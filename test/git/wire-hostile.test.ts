/** What a server may answer that is none, or means harm. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeEntryHeader, packHeader } from '../../src/git/packs/writer.ts'
import { Repository } from '../../src/git/repository.ts'
import { HttpRemote, type HttpRemoteOptions } from '../../src/git/wire/http-remote.ts'
import type { ObjectId } from '../../src/ids.ts'
import { git, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'

type Script = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const running: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop()
})

async function serve(script: Script): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    request.resume()
    request.on('end', () => void script(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

async function against(
  script: Script,
  options: HttpRemoteOptions = {},
): Promise<{ remote: HttpRemote; folder: string; repository: Repository; asked: IncomingMessage[] }> {
  const { url, asked } = await serve(script)
  const folder = join(tempFolder(), 'store')
  const repository = new Repository(folder)
  running.push(() => repository.close())
  return { remote: remoteAt(repository, url, options), folder, repository, asked }
}

const remoteAt = (repository: Repository, url: string, options: HttpRemoteOptions = {}): HttpRemote =>
  new HttpRemote(repository, `${url}/demo.git`, { pause: async () => {}, retries: 2, ...options })

const line = (data: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(data as string)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}
const band = (n: number, data: string | Uint8Array): Buffer =>
  line(Buffer.concat([Buffer.from([n]), Buffer.from(data as string)]))

/** Answers every request with the bytes, as a git server would label them. */
const answering =
  (...pieces: (string | Uint8Array)[]): Script =>
  (request, response) => {
    const service = /git-(?:upload|receive)-pack/.exec(request.url ?? '')![0]
    const kind = request.method === 'GET' ? 'advertisement' : 'result'
    response.writeHead(200, { 'content-type': `application/x-${service}-${kind}` })
    response.end(Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))))
  }

const ID = 'a'.repeat(40) as ObjectId
const wanted = commitOf('wanted')

describe('a list of refs is refused', () => {
  const refused: Record<string, (string | Uint8Array)[]> = {
    'that is a web page': ['<!DOCTYPE html><title>Log in</title>'],
    'that is nothing': [''],
    'that is cut short': [line(`${ID} refs/heads/s/main\n`)],
    'that ends inside a line': ['0040abc'],
    'with a length that is none': ['00-1'],
    'with a line that is too long': ['ffff', 'a'.repeat(70_000)],
    'with sections': ['0001', '0000'],
    'with an id that is none': [line(`${'g'.repeat(40)} refs/heads/s/main\n`), '0000'],
    'with a name that leads out': [line(`${ID} refs/heads/../../config\n`), '0000'],
    'with a name that is a lock': [line(`${ID} refs/heads/s/main.lock\n`), '0000'],
    'with a control character': [line(`${ID} refs/heads/s/\u0007\n`), '0000'],
    'with a name outside of refs': [line(`${ID} config\n`), '0000'],
    'with a name twice': [line(`${ID} refs/heads/s/main\n`), line(`${ID} refs/heads/s/main\n`), '0000'],
  }
  it.each(Object.entries(refused))('%s', async (_, pieces) => {
    const { remote } = await against(answering(...pieces))
    await expect(remote.refs(['refs/'])).rejects.toMatchObject({ code: 'REMOTE', failure: 'invalid' })
  })

  it('that does not end', async () => {
    const { remote } = await against(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
        let n = 0
        const more = (): void => {
          while (response.writable && response.write(line(`${ID} refs/heads/s${n++}/main\n`)));
          response.once('drain', more)
        }
        more()
      },
      { maxRefs: 5000 },
    )
    await expect(remote.refs(['refs/'])).rejects.toMatchObject({ code: 'REMOTE', failure: 'too-large' })
  })

  it('in the words of the server, which do nothing on a terminal', async () => {
    const { remote } = await against(answering(line(`ERR \u001b]0;owned\u0007 go ${'away '.repeat(5000)}`)))
    const error = await remote.refs(['refs/']).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ failure: 'refused', said: expect.stringMatching(/^\]0;owned go away/) })
    expect((error as { said: string }).said).toHaveLength(2000)
  })
})

describe('a pack is refused, and nothing is placed,', () => {
  const { objects } = wanted
  const entryOf = ({ type, data }: (typeof objects)[number]): Buffer =>
    Buffer.concat([encodeEntryHeader(type, data.length), deflateSync(data)])
  const packOf = (count: number, ...entries: Uint8Array[]): Buffer => {
    const body = Buffer.concat([packHeader(count), ...entries])
    return Buffer.concat([body, createHash('sha1').update(body).digest()])
  }
  const sent = (pack: Uint8Array): Uint8Array[] => {
    const packets: Uint8Array[] = [line('packfile\n')]
    for (let at = 0; at < pack.length; at += 60_000) packets.push(band(1, pack.subarray(at, at + 60_000)))
    return [...packets, Buffer.from('0000')]
  }
  const whole = objects.map(entryOf)
  /** A delta on an entry that starts `back` bytes before. */
  const delta = (back: number, instructions: Buffer): Buffer => {
    const size: number[] = []
    let first = (6 << 4) | (instructions.length & 15)
    for (let rest = instructions.length >> 4; rest > 0; rest >>= 7) {
      size.push(first | 0x80)
      first = rest & 0x7f
    }
    const distance = [back & 0x7f]
    for (let rest = back >> 7; rest > 0; rest >>= 7) distance.unshift((--rest & 0x7f) | 0x80)
    return Buffer.concat([Buffer.from([...size, first, ...distance]), deflateSync(instructions)])
  }
  const sizeOf = (size: number): number[] => {
    const bytes: number[] = []
    let rest = size
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80)
    return [...bytes, rest]
  }
  const blob = (size: number): Buffer =>
    Buffer.concat([encodeEntryHeader('blob', size), deflateSync(Buffer.alloc(size))])
  /** A chain of deltas, each of which copies the object before it: few bytes that make very many. */
  function bomb(count: number): Buffer {
    const first = 60_000_000
    const size = 3 * 0xffffff + 2
    const entries = [blob(first)]
    for (let n = 1; n < count; n++) {
      const copies = Array.from({ length: 3 }, () => [0xf0, 0xff, 0xff, 0xff]).flat()
      const parts = [...sizeOf(n === 1 ? first : size), ...sizeOf(size), ...copies, 2, n & 0xff, n >> 8]
      entries.push(delta(entries.at(-1)!.length, Buffer.from(parts)))
    }
    return packOf(count, ...entries)
  }
  const refused: Record<string, () => Uint8Array[]> = {
    'that is not whole': () => sent(packOf(3, ...whole.slice(1))),
    'whose checksum is wrong': () => sent(packOf(3, ...whole).fill(0, 12 + Buffer.concat(whole).length)),
    'that lacks what was wanted': () => sent(packOf(1, entryOf(commitOf('other').objects[0]!))),
    'that lacks what the wanted lead to': () => sent(packOf(2, ...whole.slice(1))),
    'that holds nothing': () => sent(packOf(0)),
    'that claims four billion objects': () => sent(packOf(0xffffffff, ...whole)),
    'with something behind its end': () => sent(packOf(2, ...whole)),
    'with an object twice': () => sent(packOf(4, ...whole, whole[0]!)),
    'with an object that claims to be huge': () =>
      sent(packOf(1, encodeEntryHeader('blob', 2 ** 40), deflateSync(''))),
    'with an object longer than it claims': () =>
      sent(packOf(1, encodeEntryHeader('blob', 3), deflateSync(Buffer.alloc(10_000_000)))),
    'with an entry of no type': () => sent(packOf(1, Buffer.from([0x50]), deflateSync(''))),
    'with a tree that leads out': () => {
      const tree = Buffer.concat([Buffer.from('100644 ../x\0'), Buffer.alloc(20, 1)])
      return sent(packOf(4, ...whole, encodeEntryHeader('tree', tree.length), deflateSync(tree)))
    },
    'with a delta on nothing': () => sent(packOf(4, ...whole, delta(5, Buffer.from([1, 1, 1, 65])))),
    'with a delta that reads past its base': () =>
      sent(packOf(2, blob(100), delta(blob(100).length, Buffer.from([100, 100, 0x91, 90, 100])))),
    'whose deltas make more than they should': () => sent(bomb(800)),
  }
  it.each(Object.entries(refused))(
    '%s',
    async (name, pieces) => {
      const { remote, folder, repository } = await against(answering(...pieces()))
      const before = process.memoryUsage().rss
      const error = await remote.fetch({ wants: [wanted.id], haves: [] }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'CORRUPT' })
      if (name.includes('make more')) expect(String(error)).toContain('make more')
      expect(process.memoryUsage().rss - before).toBeLessThan(600 << 20)
      expect(readdirSync(join(folder, 'objects/pack'))).toEqual([])
      expect(readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
      await repository.change({
        refs: [],
        prepare: () => ({ objects: [], moves: new Map(), result: undefined }),
      })
      git(folder, ['fsck', '--strict'])
    },
    60_000,
  )

  const answers: Record<string, [failure: string, pieces: (string | Uint8Array)[]]> = {
    'when the server gives up in the middle': [
      'refused',
      [line('packfile\n'), band(1, 'PACK'), band(3, 'out of memory')],
    ],
    'when the connection ends in the middle': ['invalid', [line('packfile\n'), band(1, 'PACK')]],
    'when there is an unknown band': ['invalid', [line('packfile\n'), band(7, 'PACK')]],
    'when there is an unknown section': [
      'invalid',
      [line('packfile-uris\n'), line(`${ID} file:///etc/passwd\n`), '0000'],
    ],
    'when history is cut off at no commit': [
      'invalid',
      [line('shallow-info\n'), line('shallow ../../config\n'), '0001'],
    ],
    'when it is larger than the limit': [
      'too-large',
      [line('packfile\n'), ...Array.from({ length: 20 }, () => band(1, 'x'.repeat(60_000)))],
    ],
    'when the server talks without an end': [
      'too-large',
      [line('packfile\n'), ...Array.from({ length: 300 }, () => band(2, 'x'.repeat(60_000)))],
    ],
  }
  it.each(Object.entries(answers))('%s', async (_, [failure, pieces]) => {
    const { remote, folder } = await against(answering(...pieces), { maxPackSize: 1_000_000 })
    await expect(remote.fetch({ wants: [wanted.id], haves: [] })).rejects.toMatchObject({
      code: 'REMOTE',
      failure,
    })
    expect(readdirSync(join(folder, 'objects/pack'))).toEqual([])
    expect(readdirSync(join(folder, 'forkpoint/tmp'))).toEqual([])
  })

  it('and the same pack is taken when it is whole', async () => {
    const { remote } = await against(answering(...sent(packOf(3, ...whole))))
    await remote.fetch({ wants: [wanted.id], haves: [] })
  })
})

describe('a report of a push is refused', () => {
  const refused: Record<string, (string | Uint8Array)[]> = {
    'that is empty': [''],
    'that does not speak of a ref': [line('unpack ok\n'), '0000'],
    'that does not say whether the objects were taken': [line('ok refs/heads/s/main\n'), '0000'],
    'with a line that is none': [line('unpack ok\n'), line('yes refs/heads/s/main\n'), '0000'],
  }
  it.each(Object.entries(refused))('%s', async (_, pieces) => {
    const { remote } = await against(answering(...pieces))
    const moves = [{ ref: 'refs/heads/s/main', from: ID, to: undefined }]
    await expect(remote.push({ moves, has: [], atomic: true })).rejects.toMatchObject({ failure: 'invalid' })
  })

  it('never; what it says of the objects is the answer to each ref', async () => {
    const { remote } = await against(answering(line('unpack disk \u001b[2Jfull\n'), '0000'))
    const moves = [{ ref: 'refs/heads/s/main', from: ID, to: undefined }]
    expect(await remote.push({ moves, has: [], atomic: true })).toEqual([
      { ref: 'refs/heads/s/main', refused: 'disk [2Jfull' },
    ])
  })
})

describe('a redirect', () => {
  const to =
    (location: (request: IncomingMessage) => string, status = 302): Script =>
    (request, response) =>
      void response.writeHead(status, { location: location(request) }).end()

  it('leads no other way than git goes', async () => {
    for (const location of [
      'file:///etc/passwd',
      'ftp://127.0.0.1/demo.git/info/refs?service=git-upload-pack',
      'gopher://x/',
      'http://127.0.0.1:1/latest/meta-data',
      '',
    ]) {
      const { remote } = await against(to(() => location))
      await expect(remote.refs(['refs/'])).rejects.toMatchObject({ code: 'REMOTE', failure: 'redirected' })
    }
    const { remote } = await against(to((request) => request.url ?? ''))
    await expect(remote.refs(['refs/'])).rejects.toMatchObject({ failure: 'redirected' })
  })

  it('to another host is followed without credentials, and only from the first request', async () => {
    const refs = [line(`${ID} refs/heads/s/main\n`), '0000']
    const real = await serve((request, response) =>
      answering(...(request.method === 'GET' ? [line('version 2\n'), '0000'] : refs))(request, response),
    )
    const asked: (string | undefined)[] = []
    const { remote, asked: first } = await against(
      (request, response) => {
        asked.push(request.headers.authorization)
        to((one) => `${real.url}${one.url}`)(request, response)
      },
      { auth: { token: 'secret' } },
    )
    expect((await remote.refs(['refs/'])).refs.size).toBe(1)
    await remote.refs(['refs/'])
    expect(asked).toEqual(['Bearer secret', 'Bearer secret'])
    expect(first.map(({ method }) => method)).toEqual(['POST', 'GET'])
    expect(real.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined])
  })
})

describe('a server that is busy', () => {
  const busy = (times: number, status: number, then: Script): Script => {
    let left = times
    return (request, response) =>
      left-- > 0 ? void response.writeHead(status, { 'retry-after': '3' }).end() : then(request, response)
  }

  it('is asked again, after as long as it says', async () => {
    const pauses: number[] = []
    for (const status of [429, 500, 503]) {
      const { remote, asked } = await against(busy(2, status, answering('0000')), {
        pause: async (milliseconds) => void pauses.push(milliseconds),
      })
      await remote.refs(['refs/'])
      expect(asked).toHaveLength(3)
    }
    expect(pauses.every((pause) => pause >= 1500 && pause <= 4500)).toBe(true)
  })

  it('is given up in the end, and a push that may have been made is not made again', async () => {
    const { remote } = await against(busy(10, 503, answering('0000')))
    await expect(remote.refs(['refs/'])).rejects.toMatchObject({ failure: 'busy', status: 503 })
    const moves = [{ ref: 'refs/heads/s/main', from: ID, to: undefined }]
    const other = await against(busy(10, 500, answering('0000')))
    await expect(other.remote.push({ moves, has: [], atomic: true })).rejects.toMatchObject({
      failure: 'busy',
    })
    expect(other.asked).toHaveLength(1)
  })

  it('or says nothing is given up, and so is one that stops in the middle', async () => {
    const silent = await against(() => {}, { timeout: 100, retries: 0 })
    await expect(silent.remote.refs(['refs/'])).rejects.toMatchObject({ failure: 'unreachable' })
    const stuck = await against(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
        response.write(line(`${ID} refs/heads/s/main\n`))
      },
      { timeout: 100, retries: 0 },
    )
    await expect(stuck.remote.refs(['refs/'])).rejects.toMatchObject({ failure: 'unreachable' })
  })

  it('is left by whoever does not want to wait any more', async () => {
    const { remote } = await against(() => {})
    const stop = new AbortController()
    const asked = remote.refs(['refs/'], { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })
})

describe('credentials', () => {
  const guarded =
    (right: string): Script =>
    (request, response) =>
      request.headers.authorization === right
        ? answering('0000')(request, response)
        : void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()

  it('are those of the address, a name and password, a token, or headers', async () => {
    const basic = `Basic ${Buffer.from('ann:s3cret/').toString('base64')}`
    await (await against(guarded(basic), { auth: { username: 'ann', password: 's3cret/' } })).remote.refs([
      'refs/',
    ])
    await (await against(guarded('Bearer t'), { auth: { token: 't' } })).remote.refs(['refs/'])
    const custom = { headers: { authorization: 'Custom x' } }
    await (await against(guarded('Custom x'), { auth: custom })).remote.refs(['refs/'])
    const { url } = await serve(guarded(basic))
    const { repository } = await against(() => {})
    const remote = remoteAt(repository, url.replace('//', '//ann:s3cret%2F@'))
    await remote.refs(['refs/'])
    expect(remote.url).toBe(`${url}/demo.git`)
  })

  it('are asked for again when they are refused, and not without an end', async () => {
    const questions: unknown[] = []
    const { remote } = await against(guarded('Bearer new'), {
      auth: async (question) => {
        questions.push(question)
        return { token: question.refused === undefined ? 'old' : 'new' }
      },
    })
    await remote.refs(['refs/'])
    await remote.refs(['refs/'])
    expect(questions).toEqual([
      { url: remote.url, refused: undefined, challenge: undefined },
      { url: remote.url, refused: { token: 'old' }, challenge: 'Basic realm="git"' },
    ])
    const wrong = await against(guarded('nothing'), { auth: () => ({ token: 'wrong' }) })
    await expect(wrong.remote.refs(['refs/'])).rejects.toMatchObject({ failure: 'denied', status: 401 })
    expect(wrong.asked).toHaveLength(4)
    const none = await against(guarded('nothing'), { auth: { token: 'secret' } })
    const error = (await none.remote.refs(['refs/']).catch((thrown: unknown) => thrown)) as Error
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('secret')
  })
})
