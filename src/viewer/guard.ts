/**
 * Decides which requests are allowed: those of the page itself, in the browser that opened the address with the token.
 * Refused are other pages in the same browser, other host names that resolve to this machine (DNS rebinding), and other
 * users of the machine.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export type Verdict =
  | { allowed: true }
  /** The token was right: redirect to the page with this cookie. */
  | { allowed: false; cookie: string }
  | { allowed: false; status: 401 | 403; reason: string }

export interface Asked {
  method: string
  url: URL
  headers: IncomingHttpHeaders
}

export class Guard {
  /** The part of the address that opens the page. */
  readonly token = randomBytes(32).toString('base64url')
  readonly #secret = randomBytes(32).toString('base64url')
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  judge({ method, url, headers }: Asked): Verdict {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`]
    const { host, origin } = headers
    if (host === undefined || !hosts.includes(host)) return refused(403, 'This name is not the page.')
    if (origin !== undefined && origin !== `http://${host}`)
      return refused(403, 'Another page may not ask here.')
    // Browsers always send an Origin with requests that can change something.
    if (method !== 'GET' && origin === undefined) return refused(403, 'A change needs an Origin.')
    const site = headers['sec-fetch-site']
    // A link on another page may open this page.
    const isOpening = headers['sec-fetch-mode'] === 'navigate' && url.pathname === '/'
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isOpening)
      return refused(403, 'Another page may not ask here.')
    const token = url.searchParams.get('token')
    if (method === 'GET' && url.pathname === '/' && token !== null) {
      if (!isSame(token, this.token)) return refused(401, WRONG_TOKEN)
      const cookie = `${this.#cookie}=${this.#secret}; Path=/; HttpOnly; SameSite=Strict`
      return { allowed: false, cookie }
    }
    return isSame(cookieOf(headers.cookie, this.#cookie), this.#secret)
      ? { allowed: true }
      : refused(401, WRONG_TOKEN)
  }

  /** Browsers share cookies between the ports of a host, so the name contains the port. */
  get #cookie(): string {
    return `forkpoint-${this.#port}`
  }
}

const WRONG_TOKEN = "Open the address that 'forkpoint view' printed: it holds the token."

const refused = (status: 401 | 403, reason: string): Verdict => ({ allowed: false, status, reason })

/** Compares hashes, so that the time does not depend on where the texts differ. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(hash(given), hash(expected))

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()

function cookieOf(header: string | undefined, name: string): string {
  for (const pair of (header ?? '').split(';')) {
    const [key, value = ''] = pair.trim().split('=', 2)
    if (key === name) return value
  }
  return ''
}
