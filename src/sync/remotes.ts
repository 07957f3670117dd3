/** The remotes in a repository's configuration: `remote.<name>.url`, as for git. */
import { join } from 'node:path'
import { AlreadyExistsError, InvalidIdError, LockedError, NotFoundError } from '../errors.ts'
import { configValue } from '../git/config/config.ts'
import type { Config } from '../git/config/parser.ts'
import type { Repository } from '../git/repository.ts'

export interface NamedRemote {
  name: string
  url: string
  /** Whether branches of sessions are below `refs/forkpoint/heads/` at the remote. */
  mapped: boolean
}

/** Returns the remotes, in the order of the configuration. */
export function remotesOf(config: Config): NamedRemote[] {
  return [...config.keys()].flatMap((key) => {
    const name = /^remote\.(.*)\.url$/.exec(key)?.[1]
    const url = configValue(config, key)
    if (name === undefined || url === undefined) return []
    return { name, url, mapped: configValue(config, `forkpoint.${name}.refs`) === 'mapped' }
  })
}

/** Throws InvalidIdError for an invalid name of a remote. */
function checkRemoteName(name: string): void {
  if (!/^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/.test(name) || name.length > 100 || name.endsWith('.lock'))
    throw new InvalidIdError('remote', name, 'use small letters, digits, and - _ . between them')
}

/** Adds a remote. Throws InvalidIdError, AlreadyExistsError, LockedError, StorageError. */
export async function addRemote(repository: Repository, { name, url, mapped }: NamedRemote): Promise<void> {
  checkRemoteName(name)
  if (/[\u0000-\u001f\u007f]/.test(url))
    throw new InvalidIdError('address', url, 'it has a control character')
  await editConfig(repository, (text, config) => {
    if (remotesOf(config).some((remote) => remote.name === name))
      throw new AlreadyExistsError({ kind: 'remote', id: name })
    const quoted = `"${url.replace(/["\\]/g, (char) => `\\${char}`)}"`
    const more = mapped ? `[forkpoint "${name}"]\n\trefs = mapped\n` : ''
    return `${text.endsWith('\n') || text === '' ? text : `${text}\n`}[remote "${name}"]\n\turl = ${quoted}\n${more}`
  })
}

/** Removes a remote. Its last-seen refs stay, and a later remote of that name uses them. Throws NotFoundError. */
export async function removeRemote(repository: Repository, name: string): Promise<void> {
  await editConfig(repository, (text, config) => {
    if (!remotesOf(config).some((remote) => remote.name === name))
      throw new NotFoundError({ kind: 'remote', id: name })
    let isOurs = false
    return text
      .split('\n')
      .filter((line) => {
        if (/^[ \t]*\[/.test(line)) isOurs = sections(name).includes(line.trim())
        return !isOurs
      })
      .join('\n')
      .replace(/\n*$/, '\n')
  })
}

const sections = (name: string): string[] => [`[remote "${name}"]`, `[forkpoint "${name}"]`]

/** Edits the configuration under the same lock as git. */
async function editConfig(
  repository: Repository,
  edit: (text: string, config: Config) => string,
): Promise<void> {
  const { fs, paths, folder } = repository
  const file = join(paths.root, 'config')
  if (!folder.locks.take(file)) throw new LockedError(`${file}.lock`)
  try {
    const text = fs.readFile(file)?.toString('utf8') ?? ''
    const temporary = folder.temporaries.write(Buffer.from(edit(text, repository.config())))
    await fs.syncFile(temporary)
    fs.rename(temporary, file)
    await fs.syncDir(paths.root)
  } finally {
    folder.locks.release(file)
  }
}
