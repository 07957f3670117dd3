/**
 * The server of the local page: HTTP on 127.0.0.1, for one browser. Sessions may come from untrusted sources, so
 * nothing in them can run: `guard.ts` decides which requests are allowed, `page-file.ts` what the page may do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  AlreadyExistsError,
  AmbiguousRevisionError,
  ConflictError,
  InvalidIdError,
  InvalidStateError,
  NotFoundError,
  UnsupportedError,
} from '../errors.ts'
import { sessionView } from './answers/session-view.ts'
import { Source, type Stores } from './answers/source.ts'
import { CHANGES } from './changes.ts'
import { Guard } from './guard.ts'
import { Live, type LiveOptions } from './live.ts'
import { pageFile } from './page-file.ts'
import { bodyOf, RequestError } from './request.ts'
import { type Answer, ROUTES } from './routes.ts'
import type { StoreInfo } from './wire.ts'

export interface ViewerOptions extends Stores, LiveOptions {
  info: StoreInfo
  /** Default: a free port. */
  port?: number
  /** The session that is opened first. Default: the newest. */
  session?: string | undefined
}

export interface Viewer {
  /** Address that opens the page; it contains the token. */
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves the page until `close` is called.
 *
 * @throws an Error with a system `code`, such as `EADDRINUSE`, if the port is not available
 */
export async function startViewer({ info, port = 0, session, ...options }: ViewerOptions): Promise<Viewer> {
  const source = new Source(options)
  const live = new Live(options.store, options)
  const page = pageFile({ alone: false })
  let guard: Guard
  let running = 0

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = request
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const url = addressOf(request)
    const verdict =
      url === undefined
        ? ({ allowed: false, status: 403, reason: 'This is no address of the page.' } as const)
        : guard.judge({ method, url, headers })
    if (!verdict.allowed) {
      if (!('cookie' in verdict))
        return send(response, verdict.status, 'text/plain; charset=utf-8', `${verdict.reason}\n`)
      response.setHeader('set-cookie', verdict.cookie)
      response.setHeader('location', '/')
      return send(response, 303, 'text/plain; charset=utf-8', '')
    }
    const { pathname, searchParams } = url!
    if (method === 'GET' && pathname === '/') {
      response.setHeader('content-security-policy', page.policy)
      return send(response, 200, 'text/html; charset=utf-8', page.html)
    }
    // Browsers request it on their own.
    if (pathname === '/favicon.ico') return send(response, 204, 'image/x-icon', '')
    if (method === 'GET' && pathname === '/api/changes') {
      if (!live.hasRoom) return refuse(response, 503, 'BUSY', 'Too many pages are open.')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return live.follow(response, searchParams.get('session') ?? undefined)
    }
    if (running >= MOST_RUNNING) return refuse(response, 503, 'BUSY', 'Too many requests at once.')
    running++
    try {
      const given = await resultOf(method, pathname, searchParams, request)
      if (given === undefined) return refuse(response, 404, 'NOT_FOUND', 'There is nothing at this address.')
      if ('json' in given) send(response, 200, 'application/json; charset=utf-8', JSON.stringify(given.json))
      else {
        response.setHeader('content-security-policy', "default-src 'none'; sandbox")
        if (!given.mediaType.startsWith('image/')) response.setHeader('content-disposition', 'attachment')
        send(response, 200, given.mediaType, given.bytes)
      }
    } catch (error) {
      const { code = 'FAILED' } = error as { code?: string }
      refuse(response, statusOf(error), code, error instanceof Error ? error.message : String(error))
    } finally {
      running--
    }
  }

  const resultOf = async (
    method: string,
    path: string,
    asked: URLSearchParams,
    body: AsyncIterable<Uint8Array>,
  ): Promise<Answer | undefined> => {
    if (method === 'GET' && path === '/api/store') return { json: info }
    if (method === 'GET' && Object.hasOwn(ROUTES, path)) return ROUTES[path]!(source, asked)
    if (method !== 'POST' || !Object.hasOwn(CHANGES, path)) return undefined
    if (!info.writable)
      throw new RequestError('The page only reads. Start it with --write to change sessions.')
    return { json: await CHANGES[path]!(source.store, await bodyOf(body)) }
  }

  const server = createServer({ maxHeaderSize: 8 * 1024, requestTimeout: 10_000, headersTimeout: 5000 })
  server.maxConnections = 64
  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, 'FAILED', String(error))
      else response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const bound = (server.address() as AddressInfo).port
  guard = new Guard(bound)
  // The browser takes its time to start: what it will most likely ask for is read meanwhile.
  readAhead(source, session).catch(() => undefined)
  return {
    address: `http://127.0.0.1:${bound}/?token=${guard.token}`,
    port: bound,
    close: async () => {
      live.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Fills the caches of a source with a session. */
async function readAhead(source: Source, session: string | undefined): Promise<void> {
  let first = session
  if (first === undefined) for await (const { id } of source.store.list({ limit: 1 })) first = id
  if (first !== undefined) await sessionView(source, first, { at: '', exact: false })
}

/** Most concurrent requests. */
const MOST_RUNNING = 32
/** Most characters of an address. */
const LONGEST_ADDRESS = 4096

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Parses the address of a request. The guard checks the host. */
function addressOf({ url = '' }: IncomingMessage): URL | undefined {
  if (url.length > LONGEST_ADDRESS || !url.startsWith('/') || url.startsWith('//')) return undefined
  return URL.canParse(url, 'http://page') ? new URL(url, 'http://page') : undefined
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type }).end(body)
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify({ error: { code, message } }))
}

function statusOf(error: unknown): number {
  if (error instanceof NotFoundError) return 404
  if (error instanceof ConflictError || error instanceof AlreadyExistsError) return 409
  const wrong = [
    RequestError,
    InvalidIdError,
    InvalidStateError,
    AmbiguousRevisionError,
    UnsupportedError,
    TypeError,
  ]
  return wrong.some((type) => error instanceof type) ? 400 : 500
}
