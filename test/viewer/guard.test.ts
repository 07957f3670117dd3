/** Who gets an answer of the local page, asked without a browser's manners. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Viewer } from '../../src/viewer/server.ts'
import { importSessions, storeFolder, view } from './support/sessions.ts'

let reader: Viewer
let writer: Viewer

beforeAll(async () => {
  const folder = await storeFolder()
  await importSessions(folder)
  reader = await view(folder)
  writer = await view(folder, { writable: true })
})

interface Got {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        text(response).then(
          (said) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: said }),
          reject,
        )
      },
    )
    call.on('error', reject).end(body)
  })
}

async function cookieOf({ address, port }: Viewer): Promise<string> {
  const { headers } = await ask(port, address.slice(address.indexOf('/?')))
  return String(headers['set-cookie']).split(';')[0]!
}

describe('the local page answers', () => {
  test('the browser that has the token, and takes the token out of the address', async () => {
    const { status, headers } = await ask(reader.port, reader.address.slice(reader.address.indexOf('/?')))
    expect(status).toBe(303)
    expect(headers.location).toBe('/')
    expect(String(headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/)
    const cookie = await cookieOf(reader)
    expect((await ask(reader.port, '/', { cookie })).status).toBe(200)
    expect(JSON.parse((await ask(reader.port, '/api/session?session=demo', { cookie })).body).title).toBe(
      'Newlines inside quotes',
    )
  })

  test.each<[string, Record<string, string>]>([
    ['without a cookie', {}],
    ['with the cookie of another page', { cookie: 'forkpoint-1=abc' }],
    ['for another host name', { host: 'evil.test' }],
    ['for its address on another port', { host: '127.0.0.1:1' }],
    ['from another origin', { origin: 'http://evil.test' }],
    ['from another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['from a document that hides where it comes from', { origin: 'null' }],
    ['as part of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['as part of a page of another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
  ])('nothing to a request %s', async (what, headers) => {
    const cookie = headers.cookie ?? (what === 'without a cookie' ? '' : await cookieOf(reader))
    for (const path of ['/', '/api/session?session=demo', '/api/changes', '/api/store']) {
      const got = await ask(reader.port, path, { cookie, ...headers })
      expect([401, 403]).toContain(got.status)
      expect(got.body).not.toContain('Newlines')
      expect(got.headers['set-cookie']).toBeUndefined()
    }
  })

  test('nothing to a wrong token', async () => {
    const got = await ask(reader.port, '/?token=abc')
    expect(got.status).toBe(401)
    expect(got.headers['set-cookie']).toBeUndefined()
  })

  test('never with a header that opens it to other origins', async () => {
    const cookie = await cookieOf(reader)
    for (const [path, method] of [
      ['/', 'GET'],
      ['/api/store', 'GET'],
      ['/api/store', 'OPTIONS'],
      ['/nothing', 'GET'],
    ] as const) {
      const origin = `http://127.0.0.1:${reader.port}`
      const { headers } = await ask(reader.port, path, { cookie, origin }, method)
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['cross-origin-resource-policy']).toBe('same-origin')
    }
  })

  test('under a policy that allows its own code and nothing else', async () => {
    const { headers, body } = await ask(reader.port, '/', { cookie: await cookieOf(reader) })
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; img-src 'self'; connect-src 'self'; /,
    )
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    expect(Buffer.byteLength(body)).toBeLessThan(400 * 1024)
    expect(body).not.toMatch(/(?:src|href)="https?:/)
  })
})

describe('a change', () => {
  const change = async (viewer: Viewer, headers: Record<string, string>, body: unknown) =>
    ask(
      viewer.port,
      '/api/tag',
      { cookie: await cookieOf(viewer), ...headers },
      'POST',
      typeof body === 'string' ? body : JSON.stringify(body),
    )
  const own = (viewer: Viewer) => ({ origin: `http://127.0.0.1:${viewer.port}` })
  const tag = { session: 'demo', at: 'main~1', name: 'from-the-page' }

  test('is refused where the page only reads', async () => {
    const { status, body } = await change(reader, own(reader), tag)
    expect(status).toBe(400)
    expect(JSON.parse(body).error.message).toMatch(/--write/)
  })

  test('is refused without an origin, and from another one', async () => {
    expect((await change(writer, {}, tag)).status).toBe(403)
    expect((await change(writer, { origin: 'http://evil.test' }, tag)).status).toBe(403)
  })

  test('is made once, and refused as taken the second time', async () => {
    expect(JSON.parse((await change(writer, own(writer), tag)).body)).toMatchObject({ name: 'from-the-page' })
    expect((await change(writer, own(writer), tag)).status).toBe(409)
  })

  test('is refused when it is too long, or no JSON', async () => {
    expect((await change(writer, own(writer), { ...tag, name: 'x'.repeat(20_000) })).status).toBe(400)
    expect((await change(writer, own(writer), '<tag>')).status).toBe(400)
    expect((await change(writer, own(writer), { session: 'demo' })).status).toBe(400)
  })
})

describe('a request that makes no sense', () => {
  test.each([
    ['/api/session?session=nobody', 404],
    ['/api/session?session=demo&at=nowhere', 404],
    ['/api/session', 400],
    ['/api/messages?session=demo&at=main&from=-1', 400],
    ['/api/message?session=demo&at=main&index=99999', 404],
    ['/api/run?session=demo&at=main&run=none', 404],
    ['/api/file?session=demo&at=main&index=0&file=0', 400],
    ['/api/__proto__', 404],
    ['/../etc/passwd', 404],
    [`/api/session?session=${'x'.repeat(5000)}`, 403],
  ])('%s is answered with %i', async (path, status) => {
    expect((await ask(reader.port, path, { cookie: await cookieOf(reader) })).status).toBe(status)
  })
})
