/** The web address of a repository, and the redirects that are followed. */
import type { Credentials } from './credentials.ts'

export class RemoteAddress {
  /** The address without user name, password and slashes at the end. */
  readonly url: string
  readonly #server: string
  readonly #isSecret: boolean
  readonly #credentials: Credentials | undefined

  /** Parses an address. Throws TypeError unless it is an http or https address without a query. */
  static parse(text: string): RemoteAddress {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
      throw new TypeError(`'${withoutPassword(text)}' is not an address of a repository over http or https.`)
    return new RemoteAddress(url)
  }

  private constructor(url: URL) {
    this.#server = url.origin
    this.#isSecret = url.protocol === 'https:'
    this.url = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
    const [username, password] = [url.username, url.password].map(decoded) as [string, string]
    if (username !== '' || password !== '') this.#credentials = { username, password }
  }

  isSameServer(other: RemoteAddress): boolean {
    return this.#server === other.#server
  }

  /** Returns the credentials in the address, unless the server has refused credentials already. */
  credentials(refused: Credentials | undefined): Credentials | undefined {
    return refused === undefined ? this.#credentials : undefined
  }

  /**
   * Returns the address of the repository after a request for its `path` was redirected to `location`. Returns
   * `undefined` if git would not follow: to another scheme, also from https to http, or to a location that does not end
   * with the same path.
   */
  redirected(location: string, path: string): RemoteAddress | undefined {
    if (!URL.canParse(location, `${this.url}/`)) return undefined
    const to = new URL(location, `${this.url}${path}`)
    const isAllowed = to.protocol === 'https:' || (to.protocol === 'http:' && !this.#isSecret)
    to.username = ''
    to.password = ''
    to.hash = ''
    if (!isAllowed || !to.href.endsWith(path)) return undefined
    return RemoteAddress.parse(to.href.slice(0, -path.length))
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const withoutPassword = (text: string): string => text.replace(/\/\/[^/@]*@/, '//')
