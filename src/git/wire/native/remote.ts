/** A git server in a folder or behind ssh, reached by the native git with the user's own credentials. */
import { join } from 'node:path'
import { ForkpointError, RemoteError, UnsupportedError } from '../../../errors.ts'
import { isObjectId, type ObjectId } from '../../../ids.ts'
import type { Repository } from '../../repository.ts'
import { NativeGitError } from '../../upkeep/native/error.ts'
import { NativeGit, type RunOptions, type Transport } from '../../upkeep/native/git.ts'
import { checkHarmless } from '../../upkeep/native/harmless.ts'
import type { Fetched, MoveAnswer, Remote, RemoteMove, RemoteOptions, RemoteRefs } from '../remote.ts'
import { remoteError } from './error.ts'
import type { Location } from './location.ts'
import { Quarantine } from './quarantine.ts'

export class NativeRemote implements Remote {
  readonly #repository: Repository
  readonly #location: Location
  #git: NativeGit | undefined

  constructor(repository: Repository, location: Location) {
    this.#repository = repository
    this.#location = location
  }

  async refs(prefixes: readonly string[], options: RemoteOptions = {}): Promise<RemoteRefs> {
    const said = await this.#run(
      ['ls-remote', '--symref', ...this.#program('upload'), '--', this.#url],
      options,
    )
    return parseRefs(said, prefixes)
  }

  async fetch(
    { wants, haves, depth }: { wants: readonly ObjectId[]; haves: readonly ObjectId[]; depth?: number },
    options: RemoteOptions = {},
  ): Promise<Fetched> {
    const quarantine = new Quarantine(this.#repository)
    try {
      const as = depth === undefined ? [] : quarantine.beShallow()
      const known = haves.slice(0, MOST_HAVES).map((id) => `--negotiation-tip=${id}`)
      for (let at = 0; at < wants.length; at += MOST_WANTS) {
        const settings = ['fetch.fsckObjects=true', 'fetch.unpackLimit=1', 'fetch.writeCommitGraph=false']
        await this.#run(
          [
            ...as,
            ...settings.flatMap((setting) => ['-c', setting]),
            'fetch',
            '--quiet',
            '--no-write-fetch-head',
            '--no-auto-maintenance',
            '--no-tags',
            '--no-recurse-submodules',
            '--refmap=',
            ...(depth === undefined ? [] : [`--depth=${depth}`]),
            ...known,
            ...this.#program('upload'),
            '--',
            this.#url,
            ...wants.slice(at, at + MOST_WANTS),
          ],
          { ...options, environment: quarantine.environment },
        )
      }
      return await quarantine.place()
    } finally {
      quarantine.remove()
    }
  }

  async push(
    { moves, atomic }: { moves: readonly RemoteMove[]; has: readonly ObjectId[]; atomic: boolean },
    options: RemoteOptions = {},
  ): Promise<readonly MoveAnswer[]> {
    if (moves.length === 0) return []
    const args = [
      'push',
      '--porcelain',
      '--no-verify',
      '--no-signed',
      '--no-follow-tags',
      '--recurse-submodules=no',
      ...(atomic ? ['--atomic'] : []),
      ...this.#program('receive'),
      ...moves.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`),
      '--',
      this.#url,
      ...moves.map(({ ref, to }) => `${to ?? ''}:${ref}`),
    ]
    let failure: RemoteError | undefined
    const said = await this.#run(args, options).catch((error: unknown) => {
      if (!(error instanceof RemoteError)) throw error
      failure = error
      return textOf(error)
    })
    const answers = parseAnswers(said)
    const missing = moves.find(({ ref }) => !answers.has(ref))
    if (missing !== undefined)
      throw failure ?? remoteError(this.#url, `it did not answer for '${missing.ref}'.`)
    return moves.map(({ ref }) => ({ ref, refused: answers.get(ref) || undefined }))
  }

  get #url(): string {
    return this.#location.url
  }

  /** For a folder, the server's side runs as this user, so hooks of the folder are switched off. */
  #program(side: 'upload' | 'receive'): string[] {
    return this.#location.kind === 'folder'
      ? [`--${side}-pack=git -c core.hooksPath=/dev/null ${side}-pack`]
      : []
  }

  async #run(args: readonly string[], options: RunOptions & RemoteOptions): Promise<string> {
    const { fs, paths } = this.#repository
    const { kind, url } = this.#location
    // It checks the repository before each command, so it is opened once.
    this.#git ??= await NativeGit.open(fs, paths)
    const git = this.#git
    if (git === undefined)
      throw new UnsupportedError('this remote', `'${url}' needs git, and there is no git on the PATH.`)
    if (kind === 'folder') this.#checkServer(url)
    const transport: Transport = kind === 'folder' ? 'file' : 'ssh'
    const { signal, onProgress, ...rest } = options
    try {
      return await git.run(args, { ...rest, transport, ...(signal && { signal }) })
    } catch (error) {
      if (!(error instanceof NativeGitError)) throw error
      throw remoteError(url, saidBy(error), error)
    }
  }

  /** Throws RemoteError unless the folder's configuration is harmless, because it could run programs as this user. */
  #checkServer(folder: string): void {
    const { fs } = this.#repository
    try {
      for (const root of [folder, join(folder, '.git')]) {
        const file = join(root, 'config')
        const isRepository = fs.stat(join(root, 'HEAD')) !== undefined
        const config = isRepository ? fs.readFile(file) : undefined
        if (config === undefined) continue
        checkHarmless(config.toString('utf8'), file)
        return
      }
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error
      throw remoteError(folder, error.message, error)
    }
    throw remoteError(folder, `there is no git repository. 'git init --bare' makes one.`)
  }
}

/** Most `haves` on a command line; more would only save bytes. */
const MOST_HAVES = 256
const MOST_WANTS = 1000

/** Returns everything that git has printed. */
const textOf = ({ cause, message }: Error): string =>
  cause instanceof NativeGitError ? textOf(cause) : cause instanceof Error ? cause.message : message

/** Lines of git, of the server and of ssh that say why a command failed. */
const WORTH_TELLING = /^(?:fatal|error|remote|ssh):?|^\S+: Permission denied|^Host key verification failed/i

function saidBy(error: NativeGitError): string {
  const text = textOf(error)
  const lines = text.split('\n').filter((line) => WORTH_TELLING.test(line))
  return (lines.length === 0 ? text : lines.join('\n')).slice(0, 2000)
}

function parseRefs(text: string, prefixes: readonly string[]): RemoteRefs {
  const refs = new Map<string, ObjectId>()
  let head: string | undefined
  for (const line of text.split('\n')) {
    const [value = '', name = ''] = line.split('\t')
    if (name === 'HEAD' && value.startsWith('ref: ')) head = value.slice('ref: '.length)
    if (!isObjectId(value) || name.endsWith('^{}')) continue
    if (prefixes.some((prefix) => name.startsWith(prefix))) refs.set(name, value)
  }
  return { refs, head }
}

/**
 * Parses the results of a push, by ref: '' for a move that was made, else the reason why not. Source: git-push(1),
 * "Output".
 */
function parseAnswers(text: string): Map<string, string> {
  const answers = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [flag = '', refs = '', summary = ''] = line.split('\t')
    const ref = refs.slice(refs.indexOf(':') + 1)
    if (!/^[ +\-*!=]$/.test(flag) || !ref.startsWith('refs/')) continue
    answers.set(ref, flag === '!' ? summary || 'refused' : '')
  }
  return answers
}
