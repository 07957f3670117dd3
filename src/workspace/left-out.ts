/** What a snapshot leaves out, and what it is left out for. */

export type LeftOutReason =
  /** Git keeps no empty folders. */
  | 'empty folder'
  /** A socket, a pipe or a device. */
  | 'special file'
  /** A repository of its own, or a submodule. */
  | 'repository'
  /** A name that is not UTF-8, or that git cannot hold. */
  | 'name'
  /** A file that is likely to hold a secret, such as `.env`. */
  | 'secret'
  | 'too large'
  | 'unreadable'
  /** Somebody kept writing to it. */
  | 'changing'

export interface LeftOut {
  /** With `/`, relative to the workspace. */
  path: string
  why: LeftOutReason
}

/** More of them tell nobody more. */
const MOST = 1000
const LINE = /^Left out: (".*") \(([a-z ]+)\)$/

/** As the commit of a snapshot says it, a line each. */
export const leftOutText = (all: readonly LeftOut[]): string =>
  all
    .slice(0, MOST)
    .map(({ path, why }) => `Left out: ${JSON.stringify(path)} (${why})`)
    .join('\n')

/** What `leftOutText` said in the body of a commit. */
export function parseLeftOut(body: string): LeftOut[] {
  return body.split('\n', MOST).flatMap((line) => {
    const [, path = '', why = ''] = LINE.exec(line) ?? []
    if (path === '') return []
    try {
      return [{ path: JSON.parse(path) as string, why: why as LeftOutReason }]
    } catch {
      return []
    }
  })
}

/** Files in which people keep secrets. A snapshot takes one only when it is named. */
export function holdsSecrets(name: string): boolean {
  const plain = name.toLowerCase()
  if (/^\.env(?:\..+)?$/.test(plain)) return !/\.(?:example|sample|template|dist|defaults?)$/.test(plain)
  return SECRET_NAMES.has(plain) || /\.(?:pem|p12|pfx|jks|keystore|kdbx)$/.test(plain)
}

const SECRET_NAMES = new Set([
  '.envrc',
  '.git-credentials',
  '.htpasswd',
  '.netrc',
  '.npmrc',
  '.pgpass',
  '.pypirc',
  'credentials.json',
  'id_dsa',
  'id_ecdsa',
  'id_ed25519',
  'id_rsa',
])
