/** Where a repository is on the web, and where a redirect of its server may lead. */
import type { Credentials } from './credentials.ts'

export class RemoteAddress {
  /** Without user name, password and the slashes that may end it. */
  readonly url: string
  readonly #server: string
  readonly #isSecret: boolean
  readonly #credentials: Credentials | undefined

  /** Throws TypeError unless it is an address of http or https without a query. */
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

  /** Those in the address, unless the server has refused credentials already. */
  credentials(refused: Credentials | undefined): Credentials | undefined {
    return refused === undefined ? this.#credentials : undefined
  }

  /**
   * The address of the repository, when a request for its `path` is redirected to `location`. `undefined` where git does
   * not follow: to another scheme (from https to http as well), or to something else than the same path of a repository.
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
