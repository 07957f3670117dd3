/**
 * Runs the git binary so that a repository cannot make it run anything else: no hooks, no filters, no configuration but
 * the repository's own, and that only if it is harmless.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { devNull } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { UnsupportedError } from '../../../errors.ts'
import { type FileSystem, isRealDisk } from '../../disk/file-system.ts'
import type { Paths } from '../../disk/paths.ts'
import { EMPTY_TREE } from '../../objects/object.ts'
import { NativeGitError } from './error.ts'
import { checkTrusted } from './trust.ts'

export interface GitBinary {
  /** Absolute path. */
  file: string
  /** Such as `2.39.5`. */
  version: string
}

export interface RunOptions {
  /** What git reads from its standard input, not empty. Default: an empty line. */
  input?: string
  /** Most bytes of output that are read into memory. Default 64 MiB. */
  maxOutput?: number
  /** Milliseconds after which git is stopped. Default: an hour. */
  timeout?: number
  signal?: AbortSignal
  /** Called with git's progress from standard error. */
  onProgress?: (progress: { phase: string; done: number; total: number }) => void
  /** How git may contact another repository. Default: not at all. */
  transport?: Transport | undefined
  /** Additional environment variables. */
  environment?: Readonly<Record<string, string>>
}

/** `ssh` runs with the keys, the agent and the configuration of the user. */
export type Transport = 'file' | 'ssh'

/** Git on one bare repository. */
export class NativeGit {
  readonly version: string
  readonly #binary: GitBinary
  readonly #fs: FileSystem
  readonly #paths: Paths

  /**
   * `undefined` where there is no git. Throws UnsupportedError for a git older than 2.30, and for a repository on
   * which git may not be run.
   */
  static async open(fs: FileSystem, paths: Paths): Promise<NativeGit | undefined> {
    // Git only sees the real disk.
    const binary = isRealDisk(fs) ? await findGit() : undefined
    if (binary === undefined) return undefined
    if (!isAtLeast(binary.version, OLDEST)) {
      throw new UnsupportedError(
        'native git',
        `'${binary.file}' is git ${binary.version}; ${OLDEST} or later is needed. Upgrade git.`,
      )
    }
    checkTrusted(fs, paths)
    return new NativeGit(binary, fs, paths)
  }

  /** As `open`, but returns `undefined` also where git may not be run: forkpoint then does the work by itself. */
  static openIfAllowed(fs: FileSystem, paths: Paths): Promise<NativeGit | undefined> {
    return NativeGit.open(fs, paths).catch((error: unknown) => {
      if (!(error instanceof UnsupportedError)) throw error
      return undefined
    })
  }

  private constructor(binary: GitBinary, fs: FileSystem, paths: Paths) {
    this.#binary = binary
    this.#fs = fs
    this.#paths = paths
    this.version = binary.version
  }

  /** Whether git is this version or a later one, such as `2.32`. */
  isAtLeast(version: string): boolean {
    return isAtLeast(this.version, version)
  }

  /**
   * Runs a git command; returns its output. The repository is checked again each time. Throws UnsupportedError when git
   * may not be run on it or prints more than `maxOutput`, NativeGitError.
   */
  async run(args: readonly string[], options: RunOptions = {}): Promise<string> {
    checkTrusted(this.#fs, this.#paths)
    return runGit(this.#binary.file, this.#paths.root, [`--git-dir=${this.#paths.root}`, ...args], options)
  }
}

const OLDEST = '2.30'
const HOUR = 60 * 60 * 1000

/** The first git on the PATH; `undefined` when there is none. Looked for once for each PATH. */
export function findGit(path = process.env.PATH ?? ''): Promise<GitBinary | undefined> {
  const known = found.get(path)
  if (known !== undefined) return known
  const search = searchGit(path)
  found.set(path, search)
  return search
}

const found = new Map<string, Promise<GitBinary | undefined>>()

async function searchGit(path: string): Promise<GitBinary | undefined> {
  const name = process.platform === 'win32' ? 'git.exe' : 'git'
  const file = absoluteFolders(path)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  if (file === undefined) return undefined
  try {
    const text = await runGit(file, dirname(file), ['--version'], { timeout: 10_000 })
    const version = /\b(\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1]
    return version === undefined ? undefined : { file, version }
  } catch {
    // A different program of that name, such as the stub on a system without git.
    return undefined
  }
}

/** A relative folder, such as `.` or an empty entry, would be looked up in the store. */
const absoluteFolders = (path: string): string[] =>
  path.split(delimiter).filter((folder) => isAbsolute(folder))

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function isAtLeast(version: string, wanted: string): boolean {
  const [ours, theirs] = [version, wanted].map((text) => text.split('.').map(Number)) as [number[], number[]]
  for (const [n, part] of theirs.entries()) if ((ours[n] ?? 0) !== part) return (ours[n] ?? 0) > part
  return true
}

/** Settings on the command line, which override the repository's configuration and git's defaults. */
const SETTINGS = [
  `core.hooksPath=${devNull}`,
  'core.fsmonitor=false',
  `core.attributesFile=${devNull}`,
  `attr.tree=${EMPTY_TREE}`,
  'core.fsync=all',
  'core.quotePath=true',
  'gc.auto=0',
  'maintenance.auto=false',
]

/**
 * The whole environment of git. Everything else is unset: `GIT_…`, a HOME with a configuration, a pager, an editor, a
 * proxy.
 */
function environment(
  transport: Transport | undefined,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept: Record<string, string> = {}
  const names = ['TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'SYSTEMROOT', 'windir']
  for (const name of transport === 'ssh' ? [...names, ...OF_SSH] : names) {
    const value = process.env[name]
    if (value !== undefined) kept[name] = value
  }
  return {
    ...kept,
    PATH: absoluteFolders(process.env.PATH ?? '').join(delimiter),
    LC_ALL: 'C',
    ...GIT_SETTINGS,
    ...(transport && { GIT_ALLOW_PROTOCOL: transport }),
    ...more,
  }
}

/** Variables that ssh needs to find the user's keys, and the user's choice of ssh command. */
const OF_SSH = [
  'HOME',
  'USER',
  'LOGNAME',
  'USERPROFILE',
  'SSH_AUTH_SOCK',
  'SSH_ASKPASS',
  'DISPLAY',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
]

const GIT_SETTINGS = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: devNull,
  GIT_CONFIG_GLOBAL: devNull,
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
}

async function runGit(
  binary: string,
  folder: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  // An empty input would not be closed, and git would wait for it.
  const { input = '\n', maxOutput = 64 * 1024 * 1024, timeout = HOUR, signal, onProgress } = options
  const command = args.find((arg) => !arg.startsWith('--git-dir')) ?? ''
  // Loaded when it is needed: saving and reading do without.
  const { simpleGit } = await import('simple-git')
  const stop = new AbortController()
  const abort = (): void => stop.abort()
  let reason: Error | undefined
  let output = 0
  const variables = environment(options.transport, options.environment ?? {})
  const timer = setTimeout(() => {
    reason ??= new NativeGitError(command, `it was stopped after ${Math.round(timeout / 1000)} seconds.`)
    abort()
  }, timeout)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  const git = simpleGit({
    baseDir: folder,
    binary,
    trimmed: false,
    abort: stop.signal,
    // `exit` comes before the last output.
    completion: { onClose: true, onExit: false },
    allowEnvironment: Object.keys(variables),
    // simple-git guards against arguments from strangers. These are our own: a path without hooks and fsmonitor, and
    // the server's side of a folder.
    unsafe: {
      allowUnsafePack: true,
      allowUnsafeSshCommand: true,
      allowUnsafeAskPass: true,
      allowUnsafeCustomBinary: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeHooksPath: true,
    },
    input: () => input,
    errors: (error, { exitCode, stdErr }) => {
      if (error === undefined && exitCode === 0) return undefined
      const said = Buffer.concat(stdErr).toString('utf8').trim()
      return error instanceof Error ? error : new Error(said.slice(-2000) || `exit code ${exitCode}`)
    },
  })
    .env(variables)
    .outputHandler((_, stdout, stderr) => {
      stdout.on('data', (piece: Buffer) => {
        output += piece.length
        if (output <= maxOutput) return
        reason ??= tooMuch(command, maxOutput, folder)
        abort()
      })
      if (onProgress !== undefined) stderr.on('data', (piece: Buffer) => reportProgress(piece, onProgress))
    })
  try {
    const settings = SETTINGS.flatMap((setting) => ['-c', setting])
    return await git.raw([...settings, '--no-pager', ...args])
  } catch (error) {
    if (reason !== undefined) throw reason
    if (signal?.aborted) throw signal.reason
    throw new NativeGitError(command, (error as Error).message, { cause: error })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

const tooMuch = (command: string, limit: number, folder: string): UnsupportedError =>
  new UnsupportedError(
    'output of this size',
    `'git ${command}' printed more than ${limit} bytes, which is the limit. Run it yourself, with --git-dir '${folder}'.`,
  )

function reportProgress(piece: Buffer, report: NonNullable<RunOptions['onProgress']>): void {
  const lines = piece.toString('latin1').split(/[\r\n]/)
  const last = lines.map((line) => PROGRESS.exec(line)).findLast((match) => match !== null)
  if (last != null) report({ phase: last[1]!.toLowerCase(), done: Number(last[2]), total: Number(last[3]) })
}

const PROGRESS = /^([A-Z][a-z ]+):\s+\d+% \((\d+)\/(\d+)\)/
