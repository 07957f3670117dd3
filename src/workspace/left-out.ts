/** What a snapshot leaves out, and why. */

export type LeftOutReason =
  /** Git does not store empty folders. */
  | 'empty folder'
  /** A socket, a pipe or a device. */
  | 'special file'
  /** Another repository, or a submodule. */
  | 'repository'
  /** The name is not UTF-8, or git cannot store it. */
  | 'name'
  /** The file is likely to contain a secret, such as `.env`. */
  | 'secret'
  | 'too large'
  | 'unreadable'
  /** The file kept changing while it was read. */
  | 'changing'

export interface LeftOut {
  /** Path relative to the workspace, with `/`. */
  path: string
  why: LeftOutReason
}

/** Most lines that a commit lists. */
const MOST = 1000
const LINE = /^Left out: (".*") \(([a-z ]+)\)$/

/** Lists what was left out for the body of a commit, one line each. */
export const leftOutText = (all: readonly LeftOut[]): string =>
  all
    .slice(0, MOST)
    .map(({ path, why }) => `Left out: ${JSON.stringify(path)} (${why})`)
    .join('\n')

/** Parses what `leftOutText` wrote to the body of a commit. */
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

/**
 * Returns whether people usually keep secrets in a file of this name. Snapshots include such files only if the caller
 * names them.
 */
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
